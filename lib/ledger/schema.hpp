// The ledger's schema, whole, in schema.cpp; and how an older ledger becomes a current one.
#pragma once

#include <memory>
#include <string>

#include "ledger/database.hpp"

namespace consent_sync::ledger {

inline constexpr int schema_version = 6;  // PRAGMA user_version

// Makes a new ledger, or brings an older one up to schema_version, one version a transaction. Throws database_error
// (unsupported) for a ledger of a newer version.
void migrate(database& db);

// Opens a ledger for reading alone, beside a daemon or without one. Throws database_error (unsupported) where another
// version wrote it.
std::unique_ptr<database> open_to_read(const std::string& path);

}  // namespace consent_sync::ledger
