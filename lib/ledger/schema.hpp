// The ledger's schema: the whole of it is in schema.cpp. There is one version, and no other is brought up to it.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include "base/result.hpp"
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

// Opens a ledger for reading only, beside a daemon or without one. Throws as is_new().
std::unique_ptr<database> open_to_read(const std::string& path);

// Makes a Reader on such a connection. Errors: those of the database; unsupported, the ledger is empty or of another
// version.
template <class Reader>
base::result<std::unique_ptr<Reader>> open_reader(const std::string& path) {
    try {
        return std::make_unique<Reader>(open_to_read(path));
    } catch (const database_error& e) {
        return base::error{e.code, e.what()};
    }
}

// Runs `work` as one read transaction, and returns what it returns. All of it sees the ledger at one moment. Keep it
// short: while it runs, the ledger's log cannot shrink.
template <class Work>
base::result<std::invoke_result_t<Work>> read_at_once(database& db, const Work& work) {
    try {
        db.execute("BEGIN");
        if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
            work();
            db.execute("COMMIT");
            return {};
        } else {
            auto found = work();
            db.execute("COMMIT");
            return found;
        }
    } catch (const database_error& e) {
        db.end_statements();
        try {
            db.execute("ROLLBACK");
        } catch (const database_error&) {  // it never began
        }
        return base::error{e.code, e.what()};
    }
}

}  // namespace consent_sync::ledger
