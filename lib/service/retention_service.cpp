#include "service/retention_service.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "ledger/generation.hpp"
#include "service/old_files.hpp"

namespace consent_sync::service {
namespace {

constexpr auto round_every = std::chrono::hours(1);
constexpr std::uint64_t rows_in_step = 2'000;  // some milliseconds of the ledger's thread
constexpr std::size_t files_in_step = 500;
constexpr auto between_steps = std::chrono::milliseconds(50);

}  // namespace

struct retention_service::totals {
    std::uint64_t rows = 0, ledger_files = 0, pages = 0, files = 0;
};

retention_service::retention_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                                     const base::clock& clock, const config::settings& settings,
                                     const config::folders& paths, ledger_thread& ledger, const disk_trouble& trouble)
    : home_(home),
      blocking_(blocking),
      clock_(clock),
      settings_(settings),
      paths_(paths),
      ledger_(ledger),
      trouble_(trouble),
      next_round_(home),
      tasks_(home, async::log_task_failed) {}

void retention_service::start() { tasks_.spawn("retention", run()); }

void retention_service::configure() {
    again_ = true;
    next_round_.cancel();
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
        again_ = false;
        if (!trouble_.any()) co_await run_round();
        if (again_) continue;
        boost::system::error_code cut_short;
        next_round_.expires_after(round_every);
        co_await next_round_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cut_short));
    }
}

boost::asio::awaitable<void> retention_service::run_round() {
    totals all;
    co_await remove_from_ledger(all);
    co_await remove_files(all);
    co_await grow_generation();
    if (all.rows + all.files + all.pages > 0)
        base::log_event(
            base::level::info, "old.removed",
            {{"rows", all.rows}, {"ledger_files", all.ledger_files}, {"pages", all.pages}, {"files", all.files}});
}

boost::asio::awaitable<void> retention_service::remove_from_ledger(totals& all) {
    auto step = std::make_shared<ledger::removed_step>();
    do {
        const base::wall_time before = clock_.now().wall - settings_.keep.ledger;
        ledger_thread::job remove = [step, before](ledger::store& s) {
            *step = s.old().remove_some(before, rows_in_step);
        };
        co_await ledger_.run(std::move(remove));
        all.rows += step->rows;
        all.ledger_files += step->files;
        all.pages += step->pages;
        if (step->more) co_await wait(between_steps);
    } while (step->more && !stopping_);
}

boost::asio::awaitable<void> retention_service::remove_files(totals& all) {
    for (const std::string* const folder : {&paths_.done, &paths_.refused, &paths_.reports}) {
        bool more = true;
        while (more && !stopping_) {
            const bool days = folder == &paths_.reports;
            const base::wall_time now = clock_.now().wall;
            const base::wall_time before = now - (days ? settings_.keep.reports : settings_.keep.done);
            auto remove = [path = *folder, days, before] {
                return days ? remove_old_days(path, before, files_in_step)
                            : remove_old_files(path, before, files_in_step);
            };
            const base::result<removed_files> removed = co_await async::run_blocking(blocking_, std::move(remove));
            if (!removed && !told_)
                base::log_event(base::level::warn, "old.not_removed", {{"words", removed.error().message}});
            told_ = !removed;
            more = removed && removed->more;
            if (removed) all.files += removed->files;
            if (more) co_await wait(between_steps);
        }
    }
}

// First in the ledger, then beside it: so the file is never ahead of the ledger that it belongs to.
boost::asio::awaitable<void> retention_service::grow_generation() {
    auto generation = std::make_shared<std::int64_t>(0);
    ledger_thread::job grow = [generation](ledger::store& s) {
        *generation = s.duties().meta(ledger::generation_meta, 0) + 1;
        s.duties().put_meta(ledger::generation_meta, *generation);
    };
    co_await ledger_.run(std::move(grow));
    auto write = [generation, state = paths_.state] { return ledger::write_generation(state, *generation); };
    const base::result<void> written = co_await async::run_blocking(blocking_, std::move(write));
    if (!written) base::log_event(base::level::warn, "old.not_removed", {{"words", written.error().message}});
}

boost::asio::awaitable<void> retention_service::wait(base::milliseconds time) {
    boost::asio::steady_timer timer(home_, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace consent_sync::service
