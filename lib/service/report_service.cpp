#include "service/report_service.hpp"

#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <map>

#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "intake/claim.hpp"
#include "report/failed_file.hpp"
#include "report/lines.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t attempts_most = 500;       // in one sync
constexpr std::size_t files_most = 256;          // in one sync
constexpr std::size_t listed_max = 100;          // rows that a summary lists
constexpr std::size_t failed_rows_most = 2'000;  // read at once
constexpr std::uint64_t folder_rows = 100;       // larger files get a folder of their own in any case
constexpr auto gather = std::chrono::milliseconds(100);  // lets lines share a sync
constexpr auto retry_every = std::chrono::milliseconds(1'000);
constexpr const char* reported_key = "reported_end";
constexpr const char* batches_key = "batches_mark";
constexpr const char* files_key = "files_mark";

bool any_failed(const ledger::file_record& file) {
    using consent::verdict;
    const auto of = [&file](verdict v) { return file.counts[static_cast<std::size_t>(v)]; };
    return of(verdict::rejected) + of(verdict::invalid) + of(verdict::unconfirmed) > 0;
}

bool wants_folder(const ledger::file_record& file) {
    return file.rows > folder_rows || any_failed(file) || !file.fault.empty();
}

}  // namespace

struct report_service::batch_work {
    std::vector<ledger::attempt_report> attempts;
    std::optional<report::append_mark> mark;
};

struct report_service::file_work {
    ledger::file_report report;
    std::string folder;
    std::string input;
    std::optional<report::failed_file> failed;
    consent::place after;
    std::vector<ledger::failed_row> rows;
};

report_service::report_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                               const base::clock& clock, const config::settings& settings, ledger_thread& ledger,
                               const intake::work_folders& folders)
    : home_(home),
      blocking_(blocking),
      clock_(clock),
      settings_(settings),
      paths_(config::derive_folders(settings)),
      ledger_(ledger),
      folders_(folders),
      tasks_(home,
             [](std::string_view task, std::exception_ptr failure) {
                 try {
                     std::rethrow_exception(failure);
                 } catch (const std::exception& e) {
                     base::log_event(base::level::error, "task.failed", {{"task", task}, {"words", e.what()}});
                 }
             }),
      changed_(home, boost::asio::steady_timer::time_point::max()) {}

void report_service::start() { tasks_.spawn("reports", run()); }

void report_service::attempts_ended() {
    attempts_due_ = true;
    changed_.cancel();
}

void report_service::files_settled() {
    files_due_ = true;
    changed_.cancel();
}

void report_service::begin_stop() {
    stopping_ = true;
    changed_.cancel();
}

boost::asio::awaitable<bool> report_service::drain(base::steady_time deadline) {
    co_return co_await tasks_.wait_empty(deadline);
}

boost::asio::awaitable<void> report_service::wait(std::chrono::milliseconds most) {
    changed_.expires_after(most);
    co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

void report_service::trouble(const base::error& e) {
    if (!troubled_) base::log_event(base::level::error, "reports.not_written", {{"words", e.message}});
    troubled_ = true;
}

boost::asio::awaitable<void> report_service::run() {
    auto marks = std::make_shared<std::pair<std::string, std::string>>();
    auto reported = std::make_shared<std::int64_t>(0);
    ledger_thread::job read_marks = [marks, reported](ledger::store& s) {
        *marks = {s.duties().meta_text(batches_key), s.duties().meta_text(files_key)};
        *reported = s.duties().meta(reported_key, 0);
    };
    co_await ledger_.run(std::move(read_marks));
    reported_ = *reported;
    batches_ = std::make_shared<report::append_log>(paths_.reports, report::append_mark::from_text(marks->first));
    files_ = std::make_shared<report::append_log>(paths_.reports, report::append_mark::from_text(marks->second));
    while (true) {
        bool more = false;
        bool failed = false;
        if (std::exchange(attempts_due_, false)) {
            const bool done = co_await write_batches();
            failed = !done;
            attempts_due_ = attempts_due_ || failed;
        }
        if (std::exchange(files_due_, false)) {
            const bool done = co_await finish_files();
            failed = failed || !done;
            files_due_ = files_due_ || !done;
        }
        if (!failed && std::exchange(troubled_, false)) base::log_event(base::level::info, "reports.written_again");
        more = attempts_due_ || files_due_;
        if (stopping_ && (!more || failed)) co_return;
        if (failed)
            co_await wait(retry_every);
        else if (!more)
            co_await wait(std::chrono::hours(1));
        else if (!stopping_)
            co_await wait(gather);
    }
}

boost::asio::awaitable<bool> report_service::write_batches() {
    auto w = std::make_shared<batch_work>();
    const std::int64_t from = reported_;
    ledger_thread::job collect = [w, from](ledger::store& s) {
        w->attempts.clear();
        for (const auto& attempt : s.attempts().ended_after(from, attempts_most))
            w->attempts.push_back(s.reports().describe(attempt));
    };
    co_await ledger_.run(std::move(collect));
    if (w->attempts.empty()) co_return true;
    // One day at a time: a mark names one file.
    const std::string date = base::format_date(w->attempts.front().attempt.ended_at);
    std::erase_if(w->attempts, [&date](const auto& a) { return base::format_date(a.attempt.ended_at) != date; });
    auto write = [w, date, log = batches_, account = settings_.account]() -> base::result<void> {
        std::string lines;
        for (const ledger::attempt_report& attempt : w->attempts) lines += report::format_attempt(account, attempt);
        auto mark = log->append(date, "batches.ndjson", lines);
        if (!mark) return mark.error();
        w->mark = *mark;
        return {};
    };
    const base::result<void> written = co_await async::run_blocking(blocking_, std::move(write));
    if (!written) {
        trouble(written.error());
        co_return false;
    }
    const std::int64_t to = w->attempts.back().attempt.end_number;
    ledger_thread::job record = [w, to](ledger::store& s) {
        s.duties().put_meta_text(batches_key, w->mark->to_text());
        s.duties().put_meta(reported_key, to);
    };
    co_await ledger_.run(std::move(record));
    reported_ = to;
    attempts_due_ = true;  // until nothing is left
    co_return true;
}

boost::asio::awaitable<bool> report_service::finish_files() {
    auto reports = std::make_shared<std::vector<ledger::file_report>>();
    ledger_thread::job collect = [reports](ledger::store& s) {
        reports->clear();
        for (const consent::arrival_number arrival : s.files().settled_files(files_most)) {
            ledger::file_report report = s.reports().describe(*s.files().find(arrival), listed_max);
            const bool gated = report.file.gate == ledger::file_gate::check || report.file.gate == ledger::file_gate::held;
            if (!report.waits && !gated) reports->push_back(std::move(report));
        }
    };
    co_await ledger_.run(std::move(collect));
    if (reports->empty()) co_return true;
    const base::wall_time now = clock_.now().wall;
    const std::string date = base::format_date(now);
    for (const ledger::file_report& report : *reports) {
        if (!wants_folder(report.file)) continue;
        auto w = std::make_shared<file_work>();
        w->report = report;
        w->folder = base::join_path(base::join_path(paths_.reports, date),
                                    report::report_folder_name(report.file.arrival, report.file.name));
        w->input = base::join_path(paths_.processing, report.file.stored_name);
        const bool done = co_await write_failed(w);
        if (!done) co_return false;
    }
    auto mark = std::make_shared<report::append_mark>();
    auto write = [reports, mark, date, now, log = files_, account = settings_.account,
                  &folders = folders_]() -> base::result<void> {
        std::string lines;
        for (const ledger::file_report& report : *reports)
            lines += report::format_file(account, report, now, report::layout::one_line);
        auto appended = log->append(date, "files.ndjson", lines);
        if (!appended) return appended.error();
        *mark = *appended;
        for (const ledger::file_report& report : *reports) {
            auto moved = intake::finish_file(folders.processing.get(), report.file.arrival, report.file.name,
                                             folders.done.get());
            if (!moved && moved.error().code != base::errc::not_found) return moved.error();
        }
        const int touched[] = {folders.processing.get(), folders.done.get()};
        return intake::sync_moves(touched);
    };
    const base::result<void> written = co_await async::run_blocking(blocking_, std::move(write));
    if (!written) {
        trouble(written.error());
        co_return false;
    }
    ledger_thread::job record = [reports, mark, now](ledger::store& s) {
        s.duties().put_meta_text(files_key, mark->to_text());
        for (const ledger::file_report& report : *reports) s.files().done(report.file.arrival, now);
    };
    co_await ledger_.run(std::move(record));
    for (const ledger::file_report& report : *reports) {
        const auto& counts = report.file.counts;
        const bool failed = any_failed(report.file);
        base::log_event(failed ? base::level::warn : base::level::info, "file.done",
                        {{"file", consent::format_file_id(report.file.arrival)}, {"rows", report.file.rows},
                         {"confirmed", counts[1]}, {"rejected", counts[2]}, {"invalid", counts[3]},
                         {"superseded", counts[4]}, {"unconfirmed", counts[5]}});
    }
    files_due_ = true;
    co_return true;
}

// summary.json and failed.csv of one file. All of it may be written again after a crash.
boost::asio::awaitable<bool> report_service::write_failed(std::shared_ptr<file_work> w) {
    const base::wall_time now = clock_.now().wall;
    const std::string date = base::format_date(now);
    auto begin = [w, date, now, &reports = paths_.reports, account = settings_.account,
                  most = settings_.inbox.max_bytes]() -> base::result<void> {
        const auto day = report::day_folder(reports, date);
        if (!day) return day.error();
        if (::mkdir(w->folder.c_str(), 0750) != 0 && errno != EEXIST)
            return base::system_error("cannot make the folder", w->folder, errno);
        const auto summary = base::write_file_atomically(
            w->folder, "summary.json", report::format_file(account, w->report, now, report::layout::indented), 0640);
        if (!summary || !any_failed(w->report.file)) return summary;
        auto failed = report::failed_file::begin(w->folder, w->input, w->report.file.name, most);
        if (!failed) return failed.error();
        w->failed.emplace(std::move(*failed));
        return base::sync_folder(*day);
    };
    const base::result<void> begun = co_await async::run_blocking(blocking_, std::move(begin));
    if (!begun) {
        trouble(begun.error());
        co_return false;
    }
    if (!w->failed) co_return true;
    w->after = consent::place(w->report.file.arrival, 0);
    do {
        ledger_thread::job page = [w](ledger::store& s) {
            w->rows = s.reports().failed_rows(
                w->after, consent::place(w->after.arrival(), consent::place::row_max), failed_rows_most);
        };
        co_await ledger_.run(std::move(page));
        if (!w->rows.empty()) w->after = w->rows.back().change.id;
        auto add = [w]() -> base::result<void> {
            const auto added = w->failed->add(w->rows);
            return added && w->rows.size() < failed_rows_most ? w->failed->finish() : added;
        };
        const base::result<void> added = co_await async::run_blocking(blocking_, std::move(add));
        if (!added) {
            trouble(added.error());
            co_return false;
        }
    } while (w->rows.size() == failed_rows_most);
    if (w->failed->input_changed())
        base::log_event(base::level::warn, "file.changed",
                        {{"file", consent::format_file_id(w->report.file.arrival)},
                         {"words", "it is not what was read; failed rows come from the ledger"}});
    co_return true;
}

}  // namespace consent_sync::service
