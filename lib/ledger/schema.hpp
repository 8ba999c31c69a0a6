// The ledger's schema: the whole of it is in schema.cpp. There is one version, and no other is brought up to it.
#pragma once

#include <memory>
#include <string>

#include "ledger/database.hpp"

namespace consent_sync::ledger {

// PRAGMA application_id and PRAGMA user_version. Development versions before the first release numbered their schemas
// as well, from 1 on, but set no application_id: so none of their ledgers can be taken for one of these.
inline constexpr int application_id = 0x4353'4c47;  // "CSLG"
inline constexpr int schema_version = 1;

// Whether the database is empty: make_schema() makes a ledger of it. Throws database_error(unsupported), which says
// what to do, for everything but an empty database and a ledger of this version.
bool is_new(const database& db);

// Makes the tables of an empty database, all of them or none.
void make_schema(database& db);

// Opens a ledger for reading alone, beside a daemon or without one. Throws as is_new().
std::unique_ptr<database> open_to_read(const std::string& path);

}  // namespace consent_sync::ledger
