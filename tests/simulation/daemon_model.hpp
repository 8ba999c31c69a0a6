// The daemon in the simulation: the real engine and the real ledger with a simulated disk, network and operator.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "delivery/engine.hpp"
#include "simulation/digest.hpp"
#include "simulation/disk.hpp"
#include "simulation/server.hpp"
#include "simulation/witness.hpp"

namespace consent_sync::simulation {

struct wire_profile {
    milliseconds write_least{0}, write_most{5};  // from the decision to send to the request on its way
};

class daemon_model {
  public:
    daemon_model(agenda& time, dice& luck, server& hubspot, witness& watch, ledger::store& store,
                 config::settings settings, delivery::engine_bounds bounds, disk_profile disk, wire_profile wire);

    void start();
    void crash();  // kill -9: everything uncommitted is lost
    bool running() const { return engine_ != nullptr; }
    delivery::engine& engine() { return *engine_; }
    disk& ledger_thread() { return disk_; }
    std::uint64_t epoch() const { return epoch_; }

    // Call it after any event: performs the engine's actions.
    void drive();

    int token_file = 1;  // the version on disk
    void token_file_changed();
    bool stopping = false;

    digest steps_done;
    std::vector<delivery::notice> notices;
    std::size_t count(std::string_view event) const;
    // Fields of the notices of that event, in order.
    std::vector<std::string> texts(std::string_view event, std::string_view field) const;
    // Damages a step on its way to the ledger, like a bug; the oracle sees the undamaged step.
    std::function<void(ledger::ledger_change&)> spoil;
    std::size_t verdicts_refused = 0;  // by the ledger
    std::size_t most_waiting = 0, most_retrying = 0, most_duties = 0;
    std::function<void()> on_settled_files;  // a file may be done

  private:
    void perform(delivery::ledger_step&& step);
    void perform(delivery::fetch_request&& fetch);
    void perform(delivery::send&& send);
    void perform(delivery::notice&& notice) { notices.push_back(std::move(notice)); }
    void perform(delivery::token_refused&&) { refresh_token(); }
    void arrive(ledger::attempt_id attempt);
    void refresh_token();
    void check_lanes(const delivery::ledger_step& step);
    void trace(const delivery::action& a) const;
    void wake_at(base::steady_time when);

    agenda& time_;
    dice& luck_;
    server& hubspot_;
    witness& watch_;
    ledger::store& store_;
    config::settings settings_;
    delivery::engine_bounds bounds_;
    disk disk_;
    wire_profile wire_;
    std::unique_ptr<base::random_engine> random_;
    std::unique_ptr<delivery::engine> engine_;
    std::uint64_t epoch_ = 0;
    std::optional<base::steady_time> wake_;
    std::map<ledger::attempt_id, request> on_the_way_;  // written, not arrived
    int token_ = 1;
    base::steady_time spin_at_{};
    int spins_ = 0;
    bool trace_;  // environment CONSENT_SYNC_TRACE: everything that happens, to standard error
};

}  // namespace consent_sync::simulation
