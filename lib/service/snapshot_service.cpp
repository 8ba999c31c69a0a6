#include "service/snapshot_service.hpp"

#include "async/run_blocking.hpp"
#include "base/log.hpp"

namespace consent_sync::service {
snapshot_service::snapshot_service(boost::asio::thread_pool& blocking, const base::clock& clock,
                                   const config::settings& settings, delivery::engine& engine,
                                   const observe::counters& counts, std::function<std::string()> kept,
                                   std::function<std::string()> trouble)
    : blocking_(blocking),
      clock_(clock),
      settings_(settings),
      engine_(engine),
      counts_(counts),
      kept_(std::move(kept)),
      trouble_(std::move(trouble)),
      started_(clock.now()),
      reading_(std::make_shared<reading>()) {
    reading_->paths = config::derive_folders(settings);
}

snapshot_service::outside snapshot_service::look(reading& shared) {
    const std::lock_guard lock(shared.mutex);
    outside found;
    if (!shared.ledger) {
        auto opened = ledger::status_reader::open(shared.paths.ledger);
        if (opened)
            shared.ledger = std::move(*opened);
        else
            found.ledger = opened.error();
    }
    if (shared.ledger) found.ledger = shared.ledger->read(observe::listed_files_max);
    found.around = observe::look_around(shared.paths);
    found.process = observe::look_at_process();
    return found;
}

boost::asio::awaitable<observe::snapshot> snapshot_service::take(base::milliseconds old_max) {
    if (last_ && clock_.now().steady - taken_at_ < old_max) co_return *last_;
    auto work = [shared = reading_] { return look(*shared); };
    outside found = co_await async::run_blocking(blocking_, std::move(work));
    const base::moment now = clock_.now();
    observe::snapshot s;
    if (found.ledger) s = observe::from_ledger(*found.ledger, now.wall);
    s.at = now.wall;
    s.running = true;
    s.stopping = stopping_;
    s.version = CONSENT_SYNC_VERSION;
    s.account = settings_.account;
    s.state_dir = settings_.state_dir;
    s.started = started_.wall;
    observe::add(s, found.around);
    s.process = found.process;
    s.kept = kept_();
    if (const std::string more = base::redact(trouble_()); !more.empty()) {
        s.inbox_files.reset();
        if (s.trouble.find(more) == std::string::npos) s.trouble += (s.trouble.empty() ? "" : " · ") + more;
    }
    s.settled_since_start = counts_.verdicts();
    s.verdicts_refused = counts_.verdicts_refused();
    s.pace = counts_.pace().per_second(now.steady, started_.steady);
    add_engine(s, now);
    last_ = s;
    taken_at_ = now.steady;
    co_return s;
}

void snapshot_service::add_engine(observe::snapshot& s, base::moment now) const {
    const delivery::engine_status status = engine_.status(now);
    s.in_flight = status.in_flight;
    s.window = status.window;
    s.late_write_keys = status.late_write_duties;
    s.limit = observe::limit_view{status.limit, status.limit_interval, status.limit_used, status.limit_others,
                                  settings_.batch.max_changes};
    const base::wall_time ends = s.daily ? s.daily->ends : base::wall_time{};
    s.daily.reset();
    if (status.daily_limit && status.daily_remaining)
        s.daily = observe::daily_view{*status.daily_limit, *status.daily_remaining, ends, status.bulk_at_reserve};
    s.pauses.clear();
    for (std::size_t i = 0; i < delivery::pause_reason_count; ++i) {
        const auto reason = static_cast<delivery::pause_reason>(i);
        const delivery::pauses::pause* held = engine_.held().find(reason);
        if (!held) continue;
        observe::pause_view v{std::string(delivery::name(reason)), held->since.wall, std::nullopt,
                              base::redact(held->words)};
        if (delivery::pauses::probes(reason))
            v.goes_on = now.wall + std::chrono::duration_cast<base::wall_time::duration>(held->next_probe - now.steady);
        s.pauses.push_back(std::move(v));
    }
}

}  // namespace consent_sync::service
