// What the reports ask of the ledger.
#pragma once

#include <string>
#include <vector>

#include "ledger/attempt_table.hpp"
#include "ledger/database.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// A change that is neither confirmed nor superseded, and why.
struct failed_row {
    consent::change change;
    std::uint64_t offset = 0;
    consent::verdict verdict = consent::verdict::rejected;
    reason why;
};

struct superseded_row {
    consent::place id;
    consent::place by;
    int by_verdict = 0;  // 0: not settled yet
};

// An ended attempt with the rows that it saw rejected.
struct attempt_report {
    attempt_record attempt;
    std::vector<failed_row> rejected;  // id and why only
};

struct file_report {
    file_record file;
    std::vector<std::pair<std::string, std::uint64_t>> reasons;    // category, rows
    std::vector<std::pair<std::string, std::uint64_t>> successes;  // setStatusSuccessReason, rows
    std::vector<superseded_row> superseded;                        // the first ones
    std::vector<failed_row> malformed;                             // the first rows whose structure is broken
    std::uint64_t attempts = 0;                                    // that settled a row of it
    bool waits = false;  // a change that superseded one of its rows is not settled itself yet
};

// All members throw database_error and run inside store::transact().
class report_queries {
  public:
    explicit report_queries(database& db);

    attempt_report describe(const attempt_record& attempt);
    file_report describe(const file_record& file, std::size_t listed_max);
    // Failed rows after `after` up to `to`, in order, but for malformed ones.
    std::vector<failed_row> failed_rows(consent::place after, consent::place to, std::size_t most);

  private:
    statement rejected_, reasons_, successes_, superseded_, waits_, attempts_, failed_, malformed_;
};

}  // namespace consent_sync::ledger
