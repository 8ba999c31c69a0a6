// What the ledger knows about a file that has not been dropped yet (consent-sync check). Reads only, on a connection of
// its own.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ledger/block_reader.hpp"
#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// A row that comes back with a change_id, and what was found out about it.
struct returning_row {
    consent::change change;
    consent::place original;
    bool issued = false;  // by this ledger, for the same key
    bool newer = false;   // the ledger has a newer change of its key
};

struct dry_run_facts {
    std::optional<consent::arrival_number> duplicate_of;
    std::uint64_t superseded_in_ledger = 0;   // unsent changes there that the file's opt-outs would supersede
    std::uint64_t opt_ins_over_opt_outs = 0;  // keys that the file opts in and whose last change there is an opt-out
    std::uint64_t waiting = 0;                // changes without a verdict, which are ahead of the file
};

class dry_run_reader {
  public:
    static base::result<std::unique_ptr<dry_run_reader>> open(const std::string& path);
    explicit dry_run_reader(std::unique_ptr<database> db);  // as open_to_read() gives it; throws database_error

    // `opt_outs`, `opt_ins`: of the file, by the hash of their key. One scan if there is an opt-in, and one if any row
    // comes back, about 1 s for 10,000,000 rows.
    base::result<dry_run_facts> ask(const std::string& sha256, base::wall_time since,
                                    const boost::unordered_flat_map<consent::key_hash, std::uint64_t>& opt_outs,
                                    const boost::unordered_flat_set<consent::key_hash>& opt_ins,
                                    std::vector<returning_row>& returning);

  private:
    std::uint64_t count_superseded(const boost::unordered_flat_map<consent::key_hash, std::uint64_t>& opt_outs);
    std::uint64_t count_over_opt_outs(const boost::unordered_flat_set<consent::key_hash>& opt_ins);
    void find_newer(std::vector<returning_row>& returning);

    std::unique_ptr<database> db_;
    file_table files_;
    block_reader blocks_;
    statement same_content_, open_, waiting_;
};

}  // namespace consent_sync::ledger
