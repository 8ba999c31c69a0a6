// Every change of one address over all files, with every attempt that carried it. Reads only, on a connection of its
// own.
//
// The ledger has no index on addresses, so this is a scan: about 1 s for 10,000,000 rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ledger/attempt_table.hpp"
#include "ledger/block_reader.hpp"
#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

struct history_entry {
    consent::change change;
    file_record file;
    std::optional<consent::verdict> verdict;  // nothing: it waits
    consent::success_reason success = consent::success_reason::none;
    std::int64_t hubspot_time_ms = 0;      // HubSpot's timestamp of a confirmed change; 0: none
    ledger::reason reason;                 // of every other verdict
    attempt_id settled_by = 0;             // the attempt that gave the verdict; 0: none did
    std::vector<attempt_record> attempts;  // that carried it, in order
};

struct history {
    std::vector<history_entry> entries;    // by place
    std::optional<base::wall_time> since;  // the ledger's oldest file: before that it knows nothing
};

class history_reader {
  public:
    static base::result<std::unique_ptr<history_reader>> open(const std::string& path);
    explicit history_reader(std::unique_ptr<database> db);  // as open_to_read() gives it; throws database_error

    // `subscriber` as consent::same_subscriber compares.
    base::result<history> find(const std::string& subscriber);

  private:
    history find_all(const std::string& subscriber);
    void add_reason(history_entry& entry);
    void add_attempts(std::vector<history_entry>& entries);

    std::unique_ptr<database> db_;
    file_table files_;
    attempt_table attempts_;
    block_reader blocks_;
    statement reason_, oldest_;
};

}  // namespace consent_sync::ledger
