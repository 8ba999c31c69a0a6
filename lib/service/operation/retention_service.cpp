#include "service/operation/retention_service.hpp"

#include <sys/stat.h>
#include <sys/timex.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "async/wait.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "ledger/newest_commit.hpp"
#include "service/operation/old_files.hpp"

namespace consent_sync::service {
namespace {

constexpr auto round_every = std::chrono::hours(1);
constexpr auto look_every = std::chrono::minutes(5);  // at the clock: what passed since is lost in a crash
constexpr auto ahead_told_above = std::chrono::hours(24);
constexpr const char* waited_meta = "keep_waited";

constexpr auto same_clock = std::chrono::seconds(10);
constexpr auto stamp_age_max = std::chrono::hours(24);
constexpr const char* timesyncd_stamp = "/run/systemd/timesync/synchronized";  // touched at each look at a server

// Whether the system says that its clock is kept right: by the kernel (adjtimex), or, where a sandbox keeps that away,
// by systemd-timesyncd. `now`: a kernel that tells another time speaks of another clock.
bool clock_is_synchronised(base::wall_time now) {
    const std::int64_t seconds = base::to_unix_ms(now) / 1'000;
    struct timex kernel {};
    if (const int state = ::adjtimex(&kernel); state >= 0) {
        const std::int64_t off = seconds - std::int64_t{kernel.time.tv_sec};
        return state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0 && off <= same_clock.count() &&
               off >= -same_clock.count();
    }
    struct stat stamp {};
    if (::stat(timesyncd_stamp, &stamp) != 0) return false;
    const std::int64_t age = seconds - std::int64_t{stamp.st_mtim.tv_sec};
    return age >= -same_clock.count() && age <= std::chrono::seconds(stamp_age_max).count();
}

// Rounded down to hours, or to days from two of them on.
std::string rounded(base::milliseconds time) {
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(time);
    return base::format_duration(hours < std::chrono::hours(48) ? hours : hours - hours % 24);
}
constexpr std::uint64_t rows_in_step = 2'000;  // some milliseconds of the ledger's thread
constexpr std::size_t files_in_step = 500;
constexpr auto between_steps = std::chrono::milliseconds(50);

base::result<removal_plan> count_in_folders(removal_plan plan, const config::folders& paths) {
    const auto done = count_old_files(paths.done, plan.done().before);
    const auto refused = count_old_files(paths.refused, plan.refused().before);
    const auto reports = count_old_days(paths.reports, plan.reports().before);
    const auto add = [](removal_share& share, const old_share& found) {
        share.old = found.old;
        share.all = found.all;
    };
    for (const auto* each : {&done, &refused, &reports})
        if (!*each) return each->error();
    add(plan.done(), *done);
    add(plan.refused(), *refused);
    add(plan.reports(), *reports);
    return plan;
}

}  // namespace

struct retention_service::totals {
    std::uint64_t rows = 0, ledger_files = 0, pages = 0, files = 0;
};

retention_service::retention_service(const environment& env, const config::folders& paths, const disk_trouble& trouble,
                                     base::wall_time proven)
    : env_(env),
      paths_(paths),
      trouble_(trouble),
      proven_(proven),
      next_look_(env.home),
      tasks_(env.home, async::log_task_failed) {}

void retention_service::start() { tasks_.spawn("retention", run()); }

void retention_service::configure() {
    again_ = true;
    next_look_.cancel();
}

void retention_service::stop() {
    stopping_ = true;
    tasks_.cancel();
}

boost::asio::awaitable<bool> retention_service::drain(base::steady_time deadline) {
    co_return co_await tasks_.wait_empty(deadline);
}

boost::asio::awaitable<void> retention_service::run() {
    while (!stopping_) {
        const bool asked = std::exchange(again_, false);
        if (!trouble_.any()) {
            co_await look_at_clock();
            const base::steady_time now = env_.clock.now().steady;
            if (asked || !round_at_ || now - *round_at_ >= round_every) {
                round_at_ = now;
                co_await run_round();
            }
        }
        if (again_) continue;
        boost::system::error_code cut_short;
        next_look_.expires_after(look_every);
        co_await next_look_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cut_short));
    }
}

// Records proven time and the time already waited, so that both continue after a restart.
boost::asio::awaitable<void> retention_service::look_at_clock() {
    const base::moment now = env_.clock.now();
    proven_.look(clock_look{now, clock_is_synchronised(now.wall)});
    if (waiting_ && looked_at_) waited_ += std::chrono::duration_cast<base::milliseconds>(now.steady - *looked_at_);
    const bool first = !looked_at_;
    auto record = [first, so_far = waited_, proven = base::to_unix_ms(proven_.time())](ledger::store& s) {
        const auto waited = first ? base::milliseconds(s.duties().meta(waited_meta, 0)) : so_far;
        if (s.duties().meta(proven_meta, 0) != proven) s.duties().put_meta(proven_meta, proven);
        if (s.duties().meta(waited_meta, 0) != waited.count()) s.duties().put_meta(waited_meta, waited.count());
        return waited;
    };
    looked_at_ = now.steady;
    waited_ = co_await env_.ledger.run(std::move(record));
    const bool ahead = proven_.ahead() > ahead_told_above;
    if (ahead && !ahead_told_)
        base::log_event(base::level::warn, "clock.unproven",
                        {{"ahead", rounded(proven_.ahead())}, {"words", waits_for()}});
    if (!ahead && ahead_told_) base::log_event(base::level::info, "clock.proven");
    ahead_told_ = ahead;
}

std::string retention_service::waits_for() const {
    std::string words;
    if (proven_.ahead() > ahead_told_above)
        words =
            "the clock is " + rounded(proven_.ahead()) +
            " ahead of proven time, as after a long stop, or if the clock is wrong: old data is removed by proven time, "
            "which is catching up";
    if (waiting_) {
        if (!words.empty()) words += "; ";
        words += "would remove " + waiting_->words() + ": that is unusual, and waits for a day of running (" +
                 rounded(waited_) + " so far)";
    }
    return words;
}

boost::asio::awaitable<void> retention_service::run_round() {
    totals all;
    const std::optional<removal_plan> plan = co_await make_plan();
    if (plan && co_await may_remove(*plan)) {
        co_await remove_from_ledger(all);
        co_await remove_files(all);
        co_await record_bounds(*plan);
    }
    co_await grow_generation();
    if (all.rows + all.files + all.pages > 0)
        base::log_event(
            base::level::info, "old.removed",
            {{"rows", all.rows}, {"ledger_files", all.ledger_files}, {"pages", all.pages}, {"files", all.files}});
}

void retention_service::not_removed(const base::error& why) {
    if (!std::exchange(told_, true)) base::log_event(base::level::warn, "old.not_removed", {{"words", why.message}});
}

// Nothing: a folder cannot be read, which is logged.
boost::asio::awaitable<std::optional<removal_plan>> retention_service::make_plan() {
    removal_plan plan;
    const base::wall_time now = proven_.time();
    plan.ledger().before = now - env_.settings.keep.ledger;
    plan.done().before = now - env_.settings.keep.done;
    plan.refused().before = now - env_.settings.keep.done;
    plan.reports().before = now - env_.settings.keep.reports;
    auto count = [plan](ledger::store& s) mutable {
        const ledger::old_files old = s.old().count(plan.ledger().before);
        plan.ledger().old = old.files;
        plan.ledger().all = old.all_files;
        for (removal_share& share : plan.shares)
            share.last_bound = base::from_unix_ms(s.duties().meta(share.record, 0));
        return plan;
    };
    plan = co_await env_.ledger.run(std::move(count));
    auto look = [plan, paths = paths_]() mutable { return count_in_folders(std::move(plan), paths); };
    const base::result<removal_plan> looked = co_await async::run_blocking(env_.blocking, std::move(look));
    if (!looked) {
        not_removed(looked.error());
        co_return std::nullopt;
    }
    co_return *looked;
}

boost::asio::awaitable<bool> retention_service::may_remove(removal_plan plan) {
    const bool unusual = plan.is_unusual();
    if (unusual && waited_ < unusual_wait) {
        const bool told = waiting_.has_value();
        waiting_ = plan;
        if (!told) base::log_event(base::level::warn, "old.waits", {{"words", waits_for()}});
        co_return false;
    }
    waiting_.reset();
    waited_ = base::milliseconds(0);
    if (!plan.empty()) base::log_event(base::level::info, "old.removing", {{"words", plan.words()}});
    co_return true;
}

boost::asio::awaitable<void> retention_service::record_bounds(removal_plan plan) {
    if (stopping_) co_return;
    auto record = [plan](ledger::store& s) {
        for (const removal_share& share : plan.shares)
            s.duties().put_meta(share.record, base::to_unix_ms(share.before));
    };
    co_await env_.ledger.run(std::move(record));
}

boost::asio::awaitable<void> retention_service::remove_from_ledger(totals& all) {
    ledger::removed_step step;
    do {
        const base::wall_time before = proven_.time() - env_.settings.keep.ledger;
        auto remove = [before](ledger::store& s) { return s.old().remove_some(before, rows_in_step); };
        step = co_await env_.ledger.run(std::move(remove));
        all.rows += step.rows;
        all.ledger_files += step.files;
        all.pages += step.pages;
        if (step.more) co_await async::wait(env_.home, between_steps);
    } while (step.more && !stopping_);
}

boost::asio::awaitable<void> retention_service::remove_files(totals& all) {
    for (const std::string* const folder : {&paths_.done, &paths_.refused, &paths_.reports}) {
        bool more = true;
        while (more && !stopping_) {
            const bool days = folder == &paths_.reports;
            const base::wall_time now = proven_.time();
            const base::wall_time before = now - (days ? env_.settings.keep.reports : env_.settings.keep.done);
            auto remove = [path = *folder, days, before] {
                return days ? remove_old_days(path, before, files_in_step)
                            : remove_old_files(path, before, files_in_step);
            };
            const base::result<removed_files> removed = co_await async::run_blocking(env_.blocking, std::move(remove));
            if (removed)
                told_ = false;
            else
                not_removed(removed.error());
            more = removed && removed->more;
            if (removed) all.files += removed->files;
            if (more) co_await async::wait(env_.home, between_steps);
        }
    }
}

// First in the ledger, then in the file beside it, so that the file is never ahead of its ledger.
boost::asio::awaitable<void> retention_service::grow_generation() {
    auto grow = [](ledger::store& s) {
        const std::int64_t next = s.duties().meta(ledger::generation_meta, 0) + 1;
        s.duties().put_meta(ledger::generation_meta, next);
        return next;
    };
    const std::int64_t generation = co_await env_.ledger.run(std::move(grow));
    auto write = [generation, state = paths_.state] { return ledger::write_generation(state, generation); };
    const base::result<void> written = co_await async::run_blocking(env_.blocking, std::move(write));
    if (!written) base::log_event(base::level::warn, "old.not_removed", {{"words", written.error().message}});
}

}  // namespace consent_sync::service
