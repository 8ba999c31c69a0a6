// Writes the reports from the ledger, each line exactly once, whatever is interrupted. To be used like this:
//
//   1. On a thread for files: step = writer.write_files(now, 1'000, open_input).
//   2. On the ledger's thread, in one transaction: step.marks.put(store).
//   3. Log step.failed and step.finished. If step.more, start again.
//
// The ledger records how far the reports go. Every call starts there: it cuts off whatever a crash or marks that were
// never committed left beyond that, and writes it again. So the marks of a call must be committed before the same
// function is called again. A call after marks were lost is safe and repeats nothing.
//
// The writer reads the ledger through its own connection, so the ledger's thread never waits for it. Blocking: for a
// thread for files, one call at a time. A call takes as long as its largest file (about 1 s for 500,000 failed rows)
// and cannot be cancelled: the service waits for it, and a crash during it does no harm. Errors: no_space and io (try
// again later: nothing is lost), corrupt (of the ledger).
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ledger/report_queries.hpp"
#include "ledger/store.hpp"
#include "report/day_folder.hpp"
#include "report/failed_file.hpp"
#include "report/summary.hpp"
#include "report/watermark.hpp"

namespace consent_sync::report {

inline constexpr const char* batches_file = "batches.ndjson";
inline constexpr const char* files_file = "files.ndjson";
inline constexpr const char* summary_file = "summary.json";
inline constexpr const char* page_file = "report.html";

struct report_settings {
    std::string account;      // its name in the reports
    std::string folder;       // reports/, which must be there
    std::string ledger_path;  // of a ledger that store::open() has made
};

// What a call has to record in the ledger, in one transaction.
struct ledger_marks {
    std::string name;                           // of a meta text
    std::string value;                          // empty: nothing new
    std::vector<consent::arrival_number> done;  // files, state read → done
    base::wall_time done_at{};

    // Inside store::transact().
    void put(ledger::store& store) const;
};

struct batches_written {
    ledger_marks marks;
    std::size_t lines = 0;
    bool more = false;  // call again, after the commit
};

struct finished_file {
    ledger::file_record file;  // as it was read from the ledger
    std::string folder;        // "2026-11-23/00000042-x.csv"; empty: a small file without a failed row
    std::uint64_t failed_rows = 0;
    std::string input_fault;  // why failed rows were taken from the ledger; empty: they were not
};

struct unfinished_file {
    consent::arrival_number arrival = 0;
    base::error why;
};

struct files_written {
    ledger_marks marks;
    std::vector<finished_file> finished;
    std::vector<unfinished_file> failed;  // its rows do not add up; told once, left alone until the next start
    bool more = false;
    // A file has all its verdicts, but a change that superseded one of its rows has none: call again when attempts end.
    bool waiting = false;
};

class report_writer {
  public:
    static base::result<std::unique_ptr<report_writer>> open(report_settings settings);

    // Writes the attempts that ended since the last call, at most `most`, to the file of the day on which they ended.
    base::result<batches_written> write_batches(std::size_t most);

    // Writes the files whose rows all have a verdict, at most `most` (1,000 is a good number: they share one sync), to
    // the file and folder of the day of `now`. `input` is called only for files with failed rows.
    base::result<files_written> write_files(base::wall_time now, std::size_t most, const open_input& input);

  private:
    // The day files of one kind.
    struct series {
        const char* file;
        const char* meta;
        std::string recorded{};  // the ledger's text at the begin of the call
        watermark written{};     // what the last call left behind; equal to the ledger's: nothing is to be cut
        bool clean = false;      // false: unknown, look
    };

    report_writer(report_settings settings, std::unique_ptr<ledger::report_reader> ledger);

    base::result<watermark> begin(series& of);
    base::result<void> cut_to(series& of, watermark& mark);
    base::result<void> remove_leftovers(const watermark& mark);
    base::result<void> prepare_day(series& of, watermark& mark, const std::string& day);
    ledger_marks finish(series& of, const watermark& mark);
    day_folder folder_of(const std::string& day) const { return day_folder(settings_.folder, day); }

    base::result<std::vector<consent::arrival_number>> choose_files(std::size_t most, bool& waiting);
    base::result<std::string> report_file(consent::arrival_number arrival, const std::string& day, base::wall_time now,
                                          const open_input& input, files_written& out);
    base::result<void> publish(const std::string& day, const std::vector<finished_file>& files);

    report_settings settings_;
    std::unique_ptr<ledger::report_reader> ledger_;
    series batches_{batches_file, "reports.batches"};
    series files_{files_file, "reports.files"};
    std::set<consent::arrival_number> broken_;
};

}  // namespace consent_sync::report
