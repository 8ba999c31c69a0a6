// What `status`, the metrics and the alerts need of the ledger. Reads only, on a connection of its own, so that the
// ledger's thread never waits for it. Works whether the daemon runs or not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "ledger/database.hpp"
#include "ledger/duty_table.hpp"
#include "ledger/file_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

struct ledger_picture {
    std::vector<file_record> files;  // open ones, by arrival, at most as many as asked for
    std::uint64_t open_files = 0;    // all of them
    std::uint64_t held_files = 0;
    std::uint64_t waiting = 0;  // rows without a verdict, those of held files not counted
    std::uint64_t held = 0;     // rows without a verdict of held files
    std::vector<stored_pause> pauses;
    std::uint64_t late_write_keys = 0;
    std::optional<base::wall_time> oldest_opt_out;  // when the file of the oldest opt-out without a verdict was claimed
    std::vector<std::pair<std::string, std::int64_t>> meta;
};

// One thread at a time.
class status_reader {
  public:
    // `path` of a ledger that store::open() has made. Errors: as store::open().
    static base::result<std::unique_ptr<status_reader>> open(const std::string& path);
    explicit status_reader(std::unique_ptr<database> db);  // as open_to_read() gives it; throws database_error

    base::result<ledger_picture> read(std::size_t files_most);

  private:
    ledger_picture read_all(std::size_t files_most);

    std::unique_ptr<database> db_;
    file_table files_;
    duty_table duties_;
    statement list_, sums_, late_, oldest_;
};

}  // namespace consent_sync::ledger
