#include "simulation/daemon_model.hpp"

#include <cstdlib>
#include <iostream>

#include "base/time_zone.hpp"
#include "ledger/ranges.hpp"
#include "service/pipeline/fetching.hpp"
#include "simulation/bodies.hpp"

namespace consent_sync::simulation {
namespace {

constexpr int spins_most = 5'000;  // wake-ups at one moment; more of them are an endless loop

delivery::budget::next_midnight midnight_of(const config::settings& settings) {
    if (settings.limits.time_zone.empty()) return nullptr;
    return [zone = settings.limits.time_zone](base::wall_time t) { return base::next_midnight(zone, t); };
}

}  // namespace

daemon_model::daemon_model(agenda& time, dice& luck, server& hubspot, witness& watch, ledger::store& store,
                           config::settings settings, delivery::engine_bounds bounds, disk_profile disk,
                           wire_profile wire)
    : time_(time),
      luck_(luck),
      hubspot_(hubspot),
      watch_(watch),
      store_(store),
      settings_(std::move(settings)),
      bounds_(bounds),
      disk_(time, luck, store, disk),
      wire_(wire),
      trace_(std::getenv("CONSENT_SYNC_TRACE") != nullptr) {}

void daemon_model::start() {
    const base::moment now = time_.now();
    ledger::recovery past;
    const auto done =
        store_.transact([&](ledger::store& s) { past = s.recover(now.wall, settings_.retry.late_write_window); });
    if (done.has_error()) throw broken_promise("recovery: " + done.error().message);
    watch_.recovered();
    hubspot_.client_restarted(settings_.retry.late_write_window - milliseconds(2));
    random_ = std::make_unique<base::random_engine>(static_cast<std::uint64_t>(luck_.between(0, INT64_MAX)));
    engine_ = std::make_unique<delivery::engine>(settings_, midnight_of(settings_), *random_, bounds_);
    engine_->start(past, now);
    token_ = token_file;
    stopping = false;
    drive();
}

void daemon_model::crash() {
    ++epoch_;
    disk_.crash();
    engine_.reset();
    wake_.reset();
    // Written requests may still arrive, but nobody gets their answers.
    for (const auto& [attempt, r] : on_the_way_)
        if (luck_.chance(0.5)) hubspot_.receive(r);
    on_the_way_.clear();
}

void daemon_model::drive() {
    if (!engine_) return;
    const base::moment now = time_.now();
    std::vector<delivery::action> out = engine_->take(now);
    for (const delivery::action& a : out) {
        if (const auto* step = std::get_if<delivery::ledger_step>(&a)) check_lanes(*step);
        if (trace_) trace(a);
    }
    for (delivery::action& a : out) std::visit([this](auto& what) { perform(std::move(what)); }, a);
    const auto status = engine_->status(now);
    most_waiting = std::max(most_waiting, status.waiting);
    // Opt-outs are never deferred; at most one waits for each busy key.
    const std::size_t busy = (status.in_flight + status.retrying + 1) * settings_.batch.max_changes;
    if (status.waiting > bounds_.waiting_max + 2 * bounds_.fetch_most + bounds_.deferred_fetch_most + busy)
        throw broken_promise("bounds: " + std::to_string(status.waiting) + " changes wait in memory");
    // Batches in flight when the bound was reached may still be split into single changes.
    if (status.retrying > bounds_.retrying_max + bounds_.retrying_opt_outs_max +
                              (settings_.limits.max_connections + 1) * settings_.batch.max_changes)
        throw broken_promise("bounds: " + std::to_string(status.retrying) + " batches wait in memory for another try");
    // What was in flight when the bound was reached; what a crash left open; and a batch a minute.
    if (status.late_write_duties >
        2 * bounds_.duties_max + (2 * settings_.limits.max_connections + 20) * settings_.batch.max_changes)
        throw broken_promise("bounds: " + std::to_string(status.late_write_duties) + " late-write duties in memory");
    most_duties = std::max(most_duties, status.late_write_duties);
    most_retrying = std::max(most_retrying, status.retrying);
    if (const auto wake = engine_->next_wake(now)) wake_at(std::max(*wake, now.steady));
}

void daemon_model::trace(const delivery::action& a) const {
    const auto at =
        std::chrono::duration_cast<milliseconds>(time_.now().steady.time_since_epoch()).count() % 3'600'000'000;
    if (const auto* step = std::get_if<delivery::ledger_step>(&a)) {
        for (const auto& b : step->change.begins)
            std::cerr << at << " begin " << b.id << " batch " << b.batch << " #" << b.number
                      << (b.assertion ? " assertion " : " ") << ledger::format_ranges(b.changes) << '\n';
        for (const auto& s : step->change.settled)
            std::cerr << at << " settled " << ledger::format_ranges({s.id}) << ' ' << consent::name(s.verdict) << '\n';
        if (step->change.low_water)
            std::cerr << at << " low water " << ledger::format_ranges({*step->change.low_water}) << '\n';
    }
    if (const auto* f = std::get_if<delivery::fetch_request>(&a))
        std::cerr << at << " fetch " << static_cast<int>(f->what) << " after " << ledger::format_ranges({f->after})
                  << '\n';
    if (const auto* n = std::get_if<delivery::notice>(&a)) {
        std::cerr << at << ' ' << n->event;
        for (const auto& f : n->fields) {
            std::cerr << ' ' << f.name << '=';
            std::visit([](const auto& v) { std::cerr << v; }, f.value);
        }
        std::cerr << '\n';
    }
}

void daemon_model::wake_at(base::steady_time when) {
    if (wake_ && *wake_ <= when) return;
    if (when == time_.now().steady) {
        spins_ = spin_at_ == when ? spins_ + 1 : 0;
        spin_at_ = when;
        if (spins_ > spins_most) throw broken_promise("progress: the engine wants to be woken at once, for ever");
    }
    wake_ = when;
    time_.at(when, [this, epoch = epoch_, when] {
        if (epoch != epoch_ || !wake_ || *wake_ != when) return;
        wake_.reset();
        drive();
    });
}

// Promise 3: no batch without an opt-out begins while an opt-out is ready.
void daemon_model::check_lanes(const delivery::ledger_step& step) {
    const auto status = engine_->status(time_.now());
    if (status.ready_opt_outs == 0) return;
    for (const auto& begin : step.change.begins) {
        const bool bulk_only = std::none_of(begin.changes.begin(), begin.changes.end(),
                                            [&](consent::place p) { return watch_.row(p).row.change.is_opt_out(); });
        if (bulk_only && begin.number > 0 && begin.begun_at == time_.now().wall)
            throw broken_promise("promise 3: a batch of opt-ins begins while " + std::to_string(status.ready_opt_outs) +
                                 " opt-outs are ready");
    }
}

void daemon_model::perform(delivery::ledger_step&& step) {
    steps_done.add(step.change,
                   std::chrono::duration_cast<milliseconds>(time_.now().steady.time_since_epoch()).count());
    auto shared = std::make_shared<delivery::ledger_step>(std::move(step));
    auto written = shared;
    if (spoil) {
        written = std::make_shared<delivery::ledger_step>(*shared);
        spoil(written->change);
    }
    auto applied = std::make_shared<ledger::store::applied>();
    disk_.add({[written, applied](ledger::store& s) { *applied = s.apply(written->change); },
               [this, shared] { watch_.step_committed(shared->change); },
               [this, shared, applied] {
                   verdicts_refused += applied->refused.size();
                   engine_->on_committed(shared->number, time_.now());
                   if (!applied->files.empty() && on_settled_files) on_settled_files();
                   drive();
               }});
}

void daemon_model::perform(delivery::fetch_request&& fetch) {
    auto result = std::make_shared<delivery::fetch_result>();
    result->request = std::move(fetch);
    disk_.add({[result](ledger::store& s) { service::fetch(s, *result); }, nullptr,
               [this, result] {
                   engine_->on_fetched(std::move(*result), time_.now());
                   drive();
               }});
}

void daemon_model::perform(delivery::send&& send) {
    watch_.begins(send.attempt, *send.changes);
    request r{send.attempt, *send.changes, token_, send.on_new_connection};
    const ledger::attempt_id attempt = send.attempt;
    const auto write = luck_.between(wire_.write_least, wire_.write_most);
    if (const auto why = hubspot_.unreachable_now()) {
        time_.after(write + milliseconds(20), [this, attempt, why, epoch = epoch_] {
            if (epoch != epoch_) return;
            engine_->on_answer(attempt, failed(*why, false), true, time_.now());
            drive();
        });
        return;
    }
    time_.after(write, [this, epoch = epoch_, r = std::move(r)] {
        if (epoch != epoch_) return;
        engine_->on_written(r.attempt, time_.now());
        on_the_way_[r.attempt] = r;
        time_.after(hubspot_.way_here(), [this, epoch, id = r.attempt] {
            if (epoch == epoch_) arrive(id);
        });
        drive();
    });
}

void daemon_model::arrive(ledger::attempt_id attempt) {
    const request r = std::move(on_the_way_.extract(attempt).mapped());
    reply out = hubspot_.receive(r);
    time_.after(out.after, [this, epoch = epoch_, attempt, token = r.token, answer = std::move(out.answer)] {
        if (epoch != epoch_) return;
        engine_->on_answer(attempt, answer, token == token_, time_.now());
        drive();
    });
}

void daemon_model::refresh_token() {
    time_.after(luck_.between(milliseconds(1), milliseconds(50)), [this, epoch = epoch_] {
        if (epoch != epoch_) return;
        if (token_file == token_) {
            engine_->on_token_failed("the token file still holds the token that HubSpot refuses", time_.now());
        } else {
            token_ = token_file;
            engine_->on_token(time_.now());
        }
        drive();
    });
}

void daemon_model::token_file_changed() {
    if (!engine_ || token_ == token_file) return;
    token_ = token_file;
    engine_->on_token(time_.now());
    drive();
}

std::size_t daemon_model::count(std::string_view event) const {
    return static_cast<std::size_t>(
        std::count_if(notices.begin(), notices.end(), [&](const auto& n) { return n.event == event; }));
}

std::vector<std::string> daemon_model::texts(std::string_view event, std::string_view field) const {
    std::vector<std::string> found;
    for (const auto& n : notices)
        if (n.event == event)
            for (const auto& f : n.fields)
                if (f.name == field && std::holds_alternative<std::string>(f.value))
                    found.push_back(std::get<std::string>(f.value));
    return found;
}

}  // namespace consent_sync::simulation
