// Pauses: stops of sending, each with one named reason, its words, its end where that is known, and when it probes.
//
// Every pause but `operator` and `disk` probes by itself, one attempt at a time: first after some seconds, then at
// intervals that double up to a bound of its reason. HubSpot may tell when a pause ends. A short time is waited for as
// told. A longer one is probed as well: a single answer that was wrong about it then costs seconds, not a day, and one
// that was right costs a few requests. Several pauses may hold at once; sending goes on when none is left.
//
// The pause `daily reserve` stops opt-ins alone: opt-outs go on, and its probes are batches of opt-ins.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace consent_sync::delivery {

enum class pause_reason : std::uint8_t {
    outage,         // HubSpot does not answer, or with 5xx
    auth,           // the token is refused
    scope,          // the token lacks a scope
    configuration,  // HubSpot refuses everything: URL, path, or the changes themselves
    daily_limit,    // the day's requests are used up
    rate_limit,     // HubSpot's 429: the requests of the rolling limit are used up
    moving,         // 477: HubSpot moves the account to another data centre
    locked,         // 423: HubSpot has locked what is sent
    disk,           // the ledger cannot be written
    operator_,      // somebody asked for it
    daily_reserve,  // the rest of the day's requests is left to opt-outs and to other programs
};
inline constexpr std::size_t pause_reason_count = 11;
// A wait that is longer than this is a pause, and is probed.
inline constexpr base::milliseconds silent_wait_max{60'000};
std::string_view name(pause_reason reason);  // "daily limit"
std::optional<pause_reason> parse_pause_reason(std::string_view text);

class pauses {
  public:
    struct pause {
        pause() {}  // clang 14 takes no implied one before the class is complete
        base::moment since;
        base::steady_time next_probe;
        base::wall_time until{};  // when it is expected to end; the epoch: unknown
        base::milliseconds interval{0};
        std::string words;
    };

    // `unit`: the longest time between two probes is a multiple of it; no first one comes later than that.
    explicit pauses(base::milliseconds unit) : unit_(unit) {}
    void configure(base::milliseconds unit) { unit_ = unit; }

    // True if it is new. A pause that holds already only gets its next probe put off (longer each time).
    // `told`: it ends after that, as HubSpot says. The next probe comes no later than that.
    bool begin(pause_reason reason, std::string words, base::moment now,
               std::optional<base::milliseconds> told = std::nullopt);
    // It began at that time already, before a restart.
    void remember(pause_reason reason, base::wall_time since);
    // The pause that ended, if it held.
    std::optional<pause> end(pause_reason reason);
    const pause* find(pause_reason reason) const;
    bool any() const;  // that stops everything
    // Whether opt-ins may leave in spite of the pause `daily reserve`: it does not hold, or one batch is to probe.
    bool opt_ins_may_go(base::steady_time now) const;
    // Sending is stopped, but one probe may leave now.
    bool probe_due(base::steady_time now) const;
    std::optional<base::steady_time> next_probe() const;
    // A probe left: the next one waits until this one is answered, at least one interval.
    void probing(base::steady_time now);
    void probe_now(pause_reason reason, base::steady_time now);  // something changed: look again at once
    void probe_by(pause_reason reason, base::steady_time at);    // at the latest
    void probe_all_now(base::steady_time now);
    static bool probes(pause_reason reason);  // false: something else ends it

  private:
    base::milliseconds unit_;
    std::array<std::optional<pause>, pause_reason_count> held_;
};

}  // namespace consent_sync::delivery
