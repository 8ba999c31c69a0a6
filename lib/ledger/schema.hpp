// The ledger's schema, whole, in schema.cpp; and how an older ledger becomes a current one.
#pragma once

#include "ledger/database.hpp"

namespace consent_sync::ledger {

inline constexpr int schema_version = 3;  // PRAGMA user_version

// Makes a new ledger, or brings an older one up to schema_version, one version a transaction. Throws database_error
// (unsupported) for a ledger of a newer version.
void migrate(database& db);

}  // namespace consent_sync::ledger
