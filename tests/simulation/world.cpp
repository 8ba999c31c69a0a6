#include "simulation/world.hpp"

#include <algorithm>

#include "base/time_zone.hpp"

namespace consent_sync::simulation {
namespace {

constexpr std::uint64_t world_steps_most = 50'000'000;

std::unique_ptr<ledger::store> open_ledger() {
    auto opened = ledger::store::open(":memory:");
    if (opened.has_error()) throw broken_promise("ledger: " + opened.error().message);
    return std::move(*opened);
}

// Whether HubSpot refuses good changes only in one moment, and then all of them. Two such moments may hit the same
// change, which then looks bad. And a change that HubSpot names as bad twice, seconds apart, while nothing else is
// sent, counts as bad.
bool refuses_in_one_moment(const std::vector<fault>& faults) {
    int moments = 0;
    return std::all_of(faults.begin(), faults.end(), [&moments](const fault& f) {
        switch (f.kind) {
            case trouble::refuses_all: return f.share >= 1 && ++moments == 1;
            case trouble::errors_for_all:
                return f.share >= 1 && ++moments == 1 && f.to - f.from <= std::chrono::seconds(9);
            case trouble::omits_some:
            case trouble::says_other:
            case trouble::says_anything: return false;  // some are accepted meanwhile
            default: return true;
        }
    });
}

}  // namespace

config::settings plain_settings() {
    config::settings s;
    s.limits.time_zone = "UTC";
    return s;
}

world::world(std::uint64_t seed, world_profile p)
    : time(base::wall_time(std::chrono::hours(24 * 365 * 56))),
      luck(seed),
      store(open_ledger()),
      profile(std::move(p)),
      hubspot(time, luck, profile.hubspot),
      watch(hubspot, time),
      daemon(time, luck, hubspot, watch, *store, profile.settings, profile.bounds, profile.disk, profile.wire),
      intake(time, luck, daemon, watch, profile.files, profile.intake,
             profile.settings.rules.contradictions == config::contradiction_rule::opt_out),
      start_(time.now().steady) {
    watch.one_moment = refuses_in_one_moment(profile.hubspot.faults);
    schedule();
    intake.daemon_starts(*store);
    daemon.start();
    intake.begin();
}

void world::schedule() {
    for (const auto& c : profile.crashes)
        time.after(c.at, [this, c] { c.grace ? stop(*c.grace, c.down) : crash(c.down); });
    for (const auto& held : profile.operator_pauses)
        time.after(held.at, [this, held] {
            if (down_) return;
            daemon.engine().pause(delivery::pause_reason::operator_, "maintenance", time.now());
            daemon.drive();
            time.after(held.lasts, [this] { resume(); });
        });
    for (const auto& j : profile.wall_jumps)
        time.after(j.at, [this, by = j.by] {
            time.jump_wall(by);
            daemon.drive();
        });
    for (const auto& t : profile.token_changes)
        time.after(t.at, [this, after = t.replaced_after] {
            ++hubspot.valid_token;
            time.after(after, [this, token = hubspot.valid_token] {
                daemon.token_file = std::max(daemon.token_file, token);
                daemon.token_file_changed();
            });
        });
    time.after(profile.faults_end, [this] {
        hubspot.end_faults();
        if (profile.expects_end) heartbeat();
    });
}

// When the faults are over, everything must end by itself, with two exceptions: only bad rows are left, and so many
// that HubSpot seems to refuse everything; or HubSpot refuses an assertion and has accepted nothing since. Only a good
// row can tell then, so one is dropped now and then.
void world::heartbeat() {
    if (finished()) return;
    const auto paused = [this](delivery::pause_reason reason) {
        return daemon.engine().held().find(reason) != nullptr;
    };
    const bool refused = watch.assertions_refused > refused_at_heartbeat_;
    refused_at_heartbeat_ = watch.assertions_refused;
    if (daemon.running() && (refused || daemon.engine().status(time.now()).suspected > 0 ||
                             paused(delivery::pause_reason::configuration) || paused(delivery::pause_reason::scope))) {
        planned_file file;
        planned_row row;
        row.change = opt_in("heartbeat" + std::to_string(++heartbeats_) + "@example.org");
        file.rows.push_back(row);
        intake.drop(std::move(file));
    }
    time.after(std::chrono::minutes(10), [this] { heartbeat(); });
}

// Repeated until it is on disk, because a crash before that restores the pause.
void world::resume() {
    const bool held = !down_ && daemon.engine().held().find(delivery::pause_reason::operator_) != nullptr;
    if (held) {
        daemon.engine().resume(delivery::pause_reason::operator_, time.now());
        daemon.drive();
    }
    if (down_ || held || !daemon.ledger_thread().idle()) time.after(std::chrono::seconds(1), [this] { resume(); });
}

void world::stop(milliseconds grace, milliseconds down) {
    if (down_) return;
    daemon.engine().stop();
    daemon.drive();
    time.after(grace, [this, down] { crash(down); });
}

void world::crash(milliseconds down) {
    if (down_) return;
    down_ = true;
    daemon.crash();
    intake.crash();
    time.after(down, [this] {
        down_ = false;
        intake.daemon_starts(*store);
        daemon.start();
    });
}

bool world::finished() {
    return !down_ && hubspot.healed() && watch.all_settled() && intake.all_done() && daemon.ledger_thread().idle() &&
           daemon.engine().idle() && daemon.engine().status(time.now()).late_write_duties == 0;
}

void world::run() {
    run_until([this] { return passed() >= profile.faults_end && finished(); }, profile.faults_end + profile.patience);
    check_end();
}

void world::run_until(const std::function<bool()>& done, base::steady_time::duration at_most) {
    while (!done()) {
        if (passed() > at_most) {
            const auto status = daemon.running() ? daemon.engine().status(time.now()) : delivery::engine_status{};
            std::string words = "progress: not done in time: " + std::to_string(watch.settled()) + " of " +
                                std::to_string(watch.rows().size()) + " rows settled, duties " +
                                std::to_string(status.late_write_duties) + ", in flight " +
                                std::to_string(status.in_flight) + ", ready " + std::to_string(status.ready_opt_outs) +
                                "+" + std::to_string(status.ready_bulk) + ", waiting " +
                                std::to_string(status.waiting) + ", retrying " + std::to_string(status.retrying) +
                                ", files open " + std::to_string(intake.files()) + (intake.all_done() ? " done" : "");
            for (int r = 0; daemon.running() && r < static_cast<int>(delivery::pause_reason_count); ++r)
                if (const auto* p = daemon.engine().held().find(static_cast<delivery::pause_reason>(r)))
                    words += ", pause " + std::string(delivery::name(static_cast<delivery::pause_reason>(r))) + " (" +
                             p->words + ")";
            throw broken_promise(words);
        }
        if (!time.step()) throw broken_promise("progress: nothing is left to happen");
        if (time.steps() > world_steps_most) throw broken_promise("progress: too many steps");
    }
}

void world::run_for(base::steady_time::duration span) {
    const auto end = passed() + span;
    bool over = false;
    time.after(span, [&over] { over = true; });
    run_until([&over] { return over; }, end + std::chrono::hours(1));
}

void world::check_end() {
    const auto checked = store->transact([this](ledger::store& s) { watch.check_files(s); });
    if (checked.has_error()) throw broken_promise("ledger: " + checked.error().message);
    watch.check_last_states();
    if (profile.own_429_is_a_fault && hubspot.over_limit > 0)
        throw broken_promise("promise 6: " + std::to_string(hubspot.over_limit) + " requests were over the limit");
}

}  // namespace consent_sync::simulation
