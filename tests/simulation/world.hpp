// A simulated world: one daemon, one HubSpot and one operator in virtual time, from a seed or a scenario.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "simulation/daemon_model.hpp"
#include "simulation/hubspot_model.hpp"
#include "simulation/intake_model.hpp"
#include "simulation/oracle.hpp"

namespace consent_sync::simulation {

struct world_profile {
    config::settings settings;
    delivery::engine_bounds bounds;
    hubspot_profile hubspot;
    disk_profile disk;
    wire_profile wire;
    intake_profile intake;
    std::vector<planned_file> files;
    struct crash {
        base::steady_time::duration at{};
        milliseconds down{1'000};
        std::optional<milliseconds> grace{};  // a stop: nothing new begins, and after this time the rest is cut
    };
    std::vector<crash> crashes;
    struct jump {
        base::steady_time::duration at{};
        milliseconds by{0};
    };
    std::vector<jump> wall_jumps;
    struct token_change {  // the old token becomes invalid; the new one arrives later
        base::steady_time::duration at{};
        milliseconds replaced_after{0};
    };
    std::vector<token_change> token_changes;
    struct operator_pause {
        base::steady_time::duration at{};
        milliseconds lasts{0};
    };
    std::vector<operator_pause> operator_pauses;
    base::steady_time::duration faults_end{};
    base::steady_time::duration patience =
        std::chrono::hours(4);  // from the end of the faults until everything is done
    bool own_429_is_a_fault = false;
    bool expects_end = true;
};

// Settings with a time zone, so that nothing depends on the machine.
config::settings plain_settings();
world_profile random_profile(std::uint64_t seed, std::size_t changes_most);
world_profile many_bad_rows_profile(std::uint64_t seed);
world_profile all_at_once_profile(std::uint64_t seed);
// Seven days of trouble and crashes.
world_profile week_profile(std::uint64_t seed, std::size_t changes);

class world {
  public:
    world(std::uint64_t seed, world_profile profile);

    // Until everything is done; throws broken_promise.
    void run();
    // For scenarios.
    void run_for(base::steady_time::duration time);
    void run_until(const std::function<bool()>& done, base::steady_time::duration at_most);
    void crash(milliseconds down);
    bool finished();
    void check_end();

    agenda time;
    dice luck;
    std::unique_ptr<ledger::store> store;
    world_profile profile;
    hubspot_model hubspot;
    oracle watch;
    daemon_model daemon;
    intake_model intake;

    base::steady_time::duration passed() const { return time.now().steady - start_; }

  private:
    void schedule();
    void heartbeat();
    void stop(milliseconds grace, milliseconds down);
    void resume();

    base::steady_time start_;
    bool down_ = false;
    std::uint64_t heartbeats_ = 0;
    std::uint64_t refused_at_heartbeat_ = 0;
};

}  // namespace consent_sync::simulation
