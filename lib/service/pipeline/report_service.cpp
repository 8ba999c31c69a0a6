#include "service/pipeline/report_service.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "intake/arrival/claim.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t attempts_most = 500;               // in one sync
constexpr std::size_t files_most = 1'000;                // in one sync
constexpr auto gather = std::chrono::milliseconds(100);  // lets lines of attempts share a sync
constexpr auto retry_report_after = std::chrono::seconds(1);

// A finished file is moved before that is recorded in the ledger: after a crash in between it is in done/.
base::result<intake::raw_row_reader> open_dropped(const config::folders& paths, const intake::work_folders& folders,
                                                  const ledger::file_record& file, std::uint64_t bytes_max,
                                                  const intake::column_rules& columns) {
    auto opened = intake::raw_row_reader::open(
        base::path_in(folders.processing.get(), paths.processing, file.stored_name), file.name, bytes_max, columns);
    if (opened || opened.error().code != base::errc::not_found) return opened;
    const std::string moved =
        base::path_in(folders.done.get(), paths.done, intake::finished_name(file.arrival, file.name));
    return intake::raw_row_reader::open(moved, file.name, bytes_max, columns);
}

base::result<void> move_to_done(const intake::work_folders& folders, const report::files_written& step) {
    for (const report::finished_file& f : step.finished) {
        const auto moved =
            intake::finish_file(folders.processing.get(), f.file.arrival, f.file.name, folders.done.get());
        if (!moved && moved.error().code != base::errc::not_found) return moved.error();
    }
    if (step.finished.empty()) return {};
    const int touched[] = {folders.processing.get(), folders.done.get()};
    return intake::sync_moves(touched);
}

// Finds files that were written to after they were read, by a program that still had them open.
void note_changed(int processing, report::files_written& step) {
    for (report::finished_file& f : step.finished) {
        struct stat found {};
        if (!f.input_fault.empty() || f.file.modified_ns == 0) continue;
        if (::fstatat(processing, f.file.stored_name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
        const auto modified = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
        if (static_cast<std::uint64_t>(found.st_size) == f.file.size && modified == f.file.modified_ns) continue;
        f.input_fault = "it was changed after it was read to its end (" + std::to_string(f.file.size) +
                        " bytes then, " + std::to_string(found.st_size) +
                        " now); the change was not read, drop it in a new file";
    }
}

void tell(const report::files_written& step) {
    for (const report::unfinished_file& f : step.failed)
        base::log_event(base::level::error, "file.not_reported",
                        {{"file", consent::format_file_id(f.arrival)}, {"words", f.why.message}});
    for (const report::finished_file& f : step.finished) {
        const std::string id = consent::format_file_id(f.file.arrival);
        const auto& counts = f.file.counts;
        if (!f.input_fault.empty())
            base::log_event(base::level::warn, "file.changed", {{"file", id}, {"words", f.input_fault}});
        base::log_event(f.failed_rows > 0 ? base::level::warn : base::level::info, "file.done",
                        {{"file", id},
                         {"rows", f.file.rows},
                         {"confirmed", counts[1]},
                         {"rejected", counts[2]},
                         {"invalid", counts[3]},
                         {"superseded", counts[4]},
                         {"unconfirmed", counts[5]}});
    }
}

}  // namespace

report_service::report_service(const environment& env, const intake::work_folders& folders, observe::counters& counts)
    : env_(env),
      paths_(config::derive_folders(env.settings)),
      folders_(folders),
      counts_(counts),
      tasks_(env.home, async::log_task_failed),
      changed_(env.home, boost::asio::steady_timer::time_point::max()) {}

void report_service::start() { tasks_.spawn("reports", run()); }

void report_service::attempts_ended() {
    if (turns_.attempts_ended()) changed_.cancel();
}

void report_service::files_settled() {
    if (turns_.files_settled()) changed_.cancel();
}

void report_service::begin_stop() {
    stopping_ = true;
    changed_.cancel();
}

boost::asio::awaitable<bool> report_service::drain(base::steady_time deadline) {
    co_return co_await tasks_.wait_empty(deadline);
}

boost::asio::awaitable<void> report_service::wait(report_turns::pause how) {
    using pause = report_turns::pause;
    if (how == pause::none || (how == pause::gather && stopping_)) co_return;
    changed_.expires_after(how == pause::gather  ? gather
                           : how == pause::retry ? retry_report_after
                                                 : std::chrono::hours(1));
    co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

void report_service::trouble(const base::error& e) {
    if (!troubled_) base::log_event(base::level::error, "reports.not_written", {{"words", e.message}});
    troubled_ = true;
}

boost::asio::awaitable<void> report_service::run() {
    while (true) {
        bool done = writer_ != nullptr || co_await open_writer();
        if (done && turns_.take_attempts()) {
            done = co_await write_batches();
            if (!done) turns_.more_attempts();
        }
        if (done && turns_.take_files()) {
            done = co_await finish_files();
            if (!done) turns_.more_files();
        }
        if (done && std::exchange(troubled_, false)) base::log_event(base::level::info, "reports.written_again");
        if (stopping_ && (!turns_.any() || !done)) co_return;
        co_await wait(turns_.next(done));
    }
}

boost::asio::awaitable<bool> report_service::open_writer() {
    auto open = [settings = report::report_settings{env_.settings.account, paths_.reports, paths_.ledger}] {
        return report::report_writer::open(settings);
    };
    auto opened = co_await async::run_blocking(env_.blocking, std::move(open));
    if (!opened) {
        trouble(opened.error());
        co_return false;
    }
    writer_ = std::move(*opened);
    co_return true;
}

boost::asio::awaitable<void> report_service::record(report::ledger_marks marks) {
    if (marks.value.empty() && marks.done.empty()) co_return;
    auto put = [marks = std::move(marks)](ledger::store& s) { marks.put(s); };
    co_await env_.ledger.run(std::move(put));
}

boost::asio::awaitable<bool> report_service::write_batches() {
    auto write = [writer = writer_.get()] { return writer->write_batches(attempts_most); };
    const auto step = co_await async::run_blocking(env_.blocking, std::move(write));
    if (!step) {
        trouble(step.error());
        co_return false;
    }
    co_await record(step->marks);
    if (step->more) turns_.more_attempts();
    co_return true;
}

boost::asio::awaitable<bool> report_service::finish_files() {
    auto write =
        [writer = writer_.get(), now = env_.clock.now().wall, &paths = paths_, &folders = folders_,
         most = env_.settings.inbox.max_bytes,
         columns = intake::column_rules(env_.settings.rules.ignore_columns)]() -> base::result<report::files_written> {
        auto step = writer->write_files(now, files_most, [&](const ledger::file_record& file) {
            return open_dropped(paths, folders, file, most, columns);
        });
        if (!step) return step;
        note_changed(folders.processing.get(), *step);
        const auto moved = move_to_done(folders, *step);
        if (!moved) return moved.error();
        return step;
    };
    const auto step = co_await async::run_blocking(env_.blocking, std::move(write));
    if (!step) {
        trouble(step.error());
        co_return false;
    }
    co_await record(step->marks);
    tell(*step);
    for (std::size_t i = 0; i < step->finished.size(); ++i) counts_.file_done();
    if (step->more) turns_.more_files();
    turns_.files_wait(step->waiting);
    co_return true;
}

}  // namespace consent_sync::service
