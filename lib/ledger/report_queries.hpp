// What the reports need of the ledger. Reads only.
//
// Works on any connection: the store's own inside store::transact(), or better that of a report_reader on the
// thread that writes the reports, which never makes the ledger's thread wait. Rows of a file whose every row
// has its verdict do not change any more, so they may be read page by page in transactions of their own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/attempt_table.hpp"
#include "ledger/block_reader.hpp"
#include "ledger/database.hpp"
#include "ledger/duty_table.hpp"
#include "ledger/file_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

inline constexpr std::size_t success_reason_count = 6;

// A row with its end, and with its reason if it was not confirmed.
struct ended_row {
    consent::change change;
    std::uint64_t offset = 0;
    consent::verdict verdict = consent::verdict::confirmed;
    ledger::reason reason;
};

// How the rows of a file ended, counted from the rows themselves.
struct row_totals {
    std::uint64_t rows = 0;
    std::uint64_t unsettled = 0;
    verdict_counts verdicts{};
    std::array<std::uint64_t, success_reason_count> successes{};  // of confirmed rows, by consent::success_reason
    std::uint64_t attempts = 0;                                   // different attempts that gave a row its verdict
};

struct reason_count {
    consent::verdict verdict = consent::verdict::rejected;
    std::string category;
    std::uint64_t rows = 0;
};

struct superseding {
    std::uint64_t row = 0;
    consent::place by;
    std::uint8_t verdict = 0;  // of `by`; 0: it has none yet, or is not in the ledger any more
};

// All members throw database_error.
class report_queries {
  public:
    explicit report_queries(database& db);

    std::optional<file_record> file(consent::arrival_number arrival) { return files_.find(arrival); }
    std::vector<attempt_record> attempts_ended_after(std::int64_t end_number, std::size_t most) {
        return attempts_.ended_after(end_number, most);
    }
    std::string meta_text(const std::string& name) { return duties_.meta_text(name); }

    // Read files, neither held nor still to be checked, whose every row has a verdict and that are ready_to_finish(),
    // oldest first.
    std::vector<consent::arrival_number> files_to_finish(std::size_t most);
    // Whether there are such files that are not ready_to_finish().
    bool any_unready_file();
    // False while a change that superseded a row of the file has no verdict: the report tells that verdict.
    bool ready_to_finish(consent::arrival_number arrival);

    row_totals count_rows(consent::arrival_number arrival);
    // By number of rows, most first; at most `most` of them.
    std::vector<reason_count> count_reasons(consent::arrival_number arrival, std::size_t most);
    // Rejected, invalid and unconfirmed rows but those of one category, in order, those after `row`.
    std::vector<ended_row> failed_rows(consent::arrival_number arrival, std::uint64_t row,
                                       const std::string& but_category, std::size_t most);
    std::uint64_t count_category(consent::arrival_number arrival, const std::string& category);
    // The first rows that have a reason of this category, in order.
    std::vector<ended_row> rows_with_category(consent::arrival_number arrival, const std::string& category,
                                              std::size_t most);
    // The first superseded rows, in order.
    std::vector<superseding> superseded_rows(consent::arrival_number arrival, std::size_t most);
    // The rows from `first` to `last` (of one file) that this attempt gave a verdict with a reason.
    std::vector<ended_row> reasons_of_attempt(attempt_id attempt, consent::place first, consent::place last);

    // The attempts that carried rows of this file, in order, one after the other until `call` returns false.
    void each_attempt_of_file(const file_record& file, const std::function<bool(const attempt_record&)>& call);

  private:
    reason find_reason(consent::place change);
    std::vector<ended_row> read_rows(statement& reasons);

    file_table files_;
    attempt_table attempts_;
    duty_table duties_;
    block_reader blocks_;
    statement settled_, superseding_, categories_, reason_, category_, category_count_, superseded_, of_attempt_;
};

// A read-only connection of its own, for one thread at a time. It sees what was committed when run() began.
class report_reader {
  public:
    // `path` of a ledger that store::open() has made. Errors: as store::open().
    static base::result<std::unique_ptr<report_reader>> open(const std::string& path);
    explicit report_reader(std::unique_ptr<database> db);  // as open_to_read() gives it; throws database_error

    // Runs `work` as one read transaction. Keep it short: while it runs, the ledger's log cannot shrink.
    base::result<void> run(const std::function<void(report_queries&)>& work);

  private:
    std::unique_ptr<database> db_;
    report_queries queries_;
};

}  // namespace consent_sync::ledger
