// The attempts: on record before their request leaves, ended when their outcome is known.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "ledger/database.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

struct attempt_record {
    attempt_id id = 0;
    batch_id batch = 0;
    std::uint32_t number = 1;
    bool assertion = false;
    std::string changes;  // ranges
    std::uint64_t change_count = 0;
    base::wall_time begun_at;
    std::int64_t end_number = 0;  // order of the ends; 0: open
    base::wall_time ended_at;
    std::string outcome;
    unsigned status = 0;
    base::milliseconds duration{0};
    std::string correlation_id;
    std::string category;
    std::string message;
    std::uint64_t confirmed = 0;
    std::uint64_t rejected = 0;
    std::string unsettled;  // ranges
};

// All members throw database_error and run inside store::transact().
class attempt_table {
  public:
    explicit attempt_table(database& db);

    void begin(const attempt_begin& attempt);
    // `settled`: what is settled in the same step; those of this attempt are counted.
    void end(const attempt_end& attempt, std::span<const settled_change> settled);

    std::vector<attempt_record> open();
    std::vector<attempt_record> ended_after(std::int64_t end_number, std::size_t most);
    std::optional<attempt_record> find(attempt_id id);
    // Those that began at that time or later, by id, until `call` returns false.
    void each_since(base::wall_time since, const std::function<bool(attempt_record&&)>& call);
    std::vector<base::wall_time> newest_begins(std::size_t most);  // by id
    attempt_id newest_id();
    batch_id newest_batch();

  private:
    statement begin_, end_, open_, ended_, find_, since_, begins_, newest_, newest_end_;
};

}  // namespace consent_sync::ledger
