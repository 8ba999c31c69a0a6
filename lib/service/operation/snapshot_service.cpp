#include "service/operation/snapshot_service.hpp"

#include "async/run_blocking.hpp"
#include "base/log.hpp"

namespace consent_sync::service {
snapshot_service::snapshot_service(const environment& env, delivery::engine& engine, const observe::counters& counts,
                                   const claiming_service& claiming, const retention_service& retention)
    : env_(env),
      engine_(engine),
      counts_(counts),
      claiming_(claiming),
      retention_(retention),
      started_(env.clock.now()),
      reading_(std::make_shared<reading>()) {
    reading_->paths = config::derive_folders(env.settings);
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
    if (last_ && env_.clock.now().steady - taken_at_ < old_max) co_return *last_;
    auto work = [shared = reading_] { return look(*shared); };
    outside found = co_await async::run_blocking(env_.blocking, std::move(work));
    const base::moment now = env_.clock.now();
    observe::snapshot s;
    if (found.ledger) s = observe::from_ledger(*found.ledger, now.wall);
    s.at = now.wall;
    s.running = true;
    s.stopping = stopping_;
    s.version = CONSENT_SYNC_VERSION;
    s.account = env_.settings.account;
    s.state_dir = env_.settings.state_dir;
    s.started = started_.wall;
    observe::add(s, found.around);
    s.process = found.process;
    s.kept = retention_.waits_for();
    if (const std::string more = base::redact(claiming_.claims_nothing_because()); !more.empty()) {
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
                                  env_.settings.batch.max_changes};
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

observe::status_facts snapshot_service::facts() {
    observe::status_facts now;
    const base::moment at = env_.clock.now();
    for (std::size_t i = 0; i < delivery::pause_reason_count; ++i) {
        const auto reason = static_cast<delivery::pause_reason>(i);
        const auto* held = engine_.held().find(reason);
        if (held == nullptr) continue;
        const bool first = now.pause.empty();
        now.pause += (first ? "" : ", ") + std::string(delivery::name(reason));
        if (first) now.pause_words = held->words;
        if (first && delivery::pauses::probes(reason))
            now.looks_again =
                at.wall + std::chrono::duration_cast<base::wall_time::duration>(held->next_probe - at.steady);
        now.by_operator = now.by_operator || reason == delivery::pause_reason::operator_;
    }
    now.in_flight = engine_.status(at).in_flight;
    if (!last_) return now;
    now.inbox_gone = !last_->inbox_files;
    now.files = last_->open_files;
    now.changes = last_->waiting;
    now.per_second = last_->pace.value_or(0);
    now.seconds_left = last_->seconds_left();
    return now;
}

boost::asio::awaitable<void> snapshot_service::refresh() { co_await take(); }

}  // namespace consent_sync::service
