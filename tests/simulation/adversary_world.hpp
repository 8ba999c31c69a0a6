// A world whose HubSpot answers at random, as bytes. tests/random_hubspot draws each answer; the reader of the
// transport and the judge of the daemon read it; random_hubspot::trial, which knows neither, reports afterwards what
// was wrong.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "random_hubspot/answers.hpp"
#include "random_hubspot/trial.hpp"
#include "simulation/daemon_model.hpp"
#include "simulation/intake_model.hpp"

namespace consent_sync::simulation {

struct adversary_profile {
    config::settings settings;
    disk_profile disk;
    wire_profile wire;
    intake_profile intake;
    std::vector<planned_file> files;
    random_hubspot::habits habits;
    double unreachable = 0;               // share of requests for which there is no connection
    bool one_good_a_second = false;       // the first request of each second gets a correct answer, and there is one
    base::steady_time::duration lasts{};  // after that HubSpot behaves correctly
    struct crash {
        base::steady_time::duration at{};
        milliseconds down{1'000};
    };
    std::vector<crash> crashes;
    base::steady_time::duration patience = std::chrono::hours(30);  // the time after that until everything is done
};

// The kinds of faults that may be drawn.
struct adversary_kinds {
    std::vector<random_hubspot::fault> faults;
    bool odd_headers = true;
    bool retry_after = true;
    bool respells = true;   // good answers with other spellings
    bool spellings = true;  // one person in several spellings, in the files
    bool bad_rows = true;
    bool crashes = true;
};
adversary_profile draw_adversary(std::uint64_t seed, const adversary_kinds& kinds, bool one_good_a_second);

class adversary_server final : public server {
  public:
    adversary_server(agenda& time, random_hubspot::trial& record, const adversary_profile& profile, std::uint64_t seed);

    reply receive(const request& r) override;
    std::optional<hubspot::no_answer> unreachable_now() override;
    milliseconds way_here() override { return milliseconds(luck_.between(1, 50)); }
    void client_restarted(milliseconds within) override;
    void crashed() { ++epoch_; }  // answers on the way are lost
    void stop() { honest_ = true; }
    bool stopped() const { return honest_; }

    std::map<std::string, std::string> states;
    std::set<std::int64_t> touched;
    std::map<std::string, std::uint64_t> counts;  // answers by fault

  private:
    std::int64_t second() const;
    void apply_after(const consent::change& c, milliseconds delay);

    agenda& time_;
    random_hubspot::trial& record_;
    const adversary_profile& profile_;
    random_hubspot::chance luck_;
    bool honest_ = false;
    std::uint64_t epoch_ = 0;
    std::int64_t good_second_ = -1;
    struct late_write {
        base::steady_time at;
        std::string key, state;
        bool done = false;
    };
    void schedule(std::size_t late);
    std::vector<late_write> late_;
};

class adversary_witness final : public witness {
  public:
    adversary_witness(agenda& time, random_hubspot::trial& record) : time_(time), record_(record) {}

    void arrived_together(consent::arrival_number, consent::arrival_number) override {}
    void appended(consent::place place, const planned_row& row, consent::place by) override;
    void step_committed(const ledger::ledger_change& step) override;
    void returning_superseded(std::size_t rows) override {
        if (rows > 0) record_.note("nothing returns in this world");
    }
    void begins(ledger::attempt_id attempt, std::span<const consent::change> changes) override;
    void recovered() override { record_.killed(now()); }

    std::int64_t now() const {
        return std::chrono::duration_cast<milliseconds>(time_.now().steady.time_since_epoch()).count();
    }

  private:
    agenda& time_;
    random_hubspot::trial& record_;
    std::map<ledger::attempt_id, bool> assertions_;  // what is on disk
};

class adversary_world {
  public:
    adversary_world(std::uint64_t seed, adversary_profile profile);

    // Until everything is done, or for as long as the profile's patience; then what is wrong.
    std::vector<std::string> run();

    agenda time;
    dice luck;
    std::unique_ptr<ledger::store> store;
    adversary_profile profile;
    random_hubspot::trial record;
    adversary_server hubspot;
    adversary_witness watch;
    daemon_model daemon;
    intake_model intake;

  private:
    base::steady_time::duration passed() const { return time.now().steady - start_; }
    bool finished();
    void crash(milliseconds down);
    void heartbeat();
    void observe();
    static void note_span(std::vector<random_hubspot::span>& spans, bool& inside, bool now_inside, std::int64_t now);
    void check_files(ledger::store& s);
    std::string where();  // what the world waits for

    base::steady_time start_;
    bool down_ = false;
    std::uint64_t heartbeats_ = 0;
    std::int64_t quiet_since_ = 0;
    std::size_t settled_ = 0;  // settled rows at the last check
    bool excused_ = true;      // nothing waits, or there is a reason
    bool told_of_silence_ = false;
    std::vector<random_hubspot::span> paused_, stopped_, full_;  // full: every connection is in use
    bool in_pause_ = false, in_full_ = false;
};

}  // namespace consent_sync::simulation
