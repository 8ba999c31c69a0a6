// Intake in the simulation: files arrive; two are read at once (a large and a small one), chunk by chunk; held files
// wait for their release, files with a change_id for the scan. After a crash it continues from the ledger.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulation/daemon_model.hpp"

namespace consent_sync::simulation {

struct intake_profile {
    std::int64_t chunk_least = 1, chunk_most = 40;
    milliseconds chunk_gap_most{50};
    std::size_t small_rows = 50;  // a file of at most this size is read beside a large one
};

class intake_model {
  public:
    // `opt_out_stands`: the value of rules.contradictions.
    intake_model(agenda& time, dice& luck, daemon_model& daemon, witness& watch, std::vector<planned_file> plan,
                 intake_profile profile, bool opt_out_stands);

    void begin();                              // the world starts: arrivals are scheduled
    void daemon_starts(ledger::store& store);  // also after a crash: before the daemon's own start
    void crash();
    // A file that is not in the plan, dropped now.
    void drop(planned_file file);
    bool all_done() const { return done_ == plan_.size(); }
    consent::arrival_number arrival_of(std::size_t file) const { return files_[file].arrival; }
    std::size_t files() const { return plan_.size(); }
    planned_file& file(std::size_t index) { return plan_[index]; }
    void release(std::size_t file);

  private:
    struct file_state {
        bool dropped = false;  // in the inbox
        consent::arrival_number arrival = 0;
        consent::arrival_number first = 0;  // the first of the files that arrived together
        std::uint64_t rows = 0;             // appended and on disk
        std::uint64_t gated_from = 0;       // the first row that was not announced; 0: none
        bool reading = false, read = false, done = false, releasing = false, released = false;
    };
    void claim();
    void read_next();
    void read_file(std::size_t index, bool small);
    void read_chunk(std::size_t index, bool small);
    void end_reading(std::size_t index, bool small);
    void open_gates();
    void finish_files();
    void choose_redropped(planned_file& file);
    planned_row& row(std::size_t file, std::uint64_t number) { return plan_[file].rows[number - 1]; }

    agenda& time_;
    dice& luck_;
    daemon_model& daemon_;
    witness& watch_;
    std::vector<planned_file> plan_;
    std::vector<file_state> files_;
    intake_profile profile_;
    bool opt_out_stands_;
    std::map<std::string, std::size_t> by_name_;
    std::vector<std::size_t> inbox_;  // in order of arrival
    bool claiming_ = false;
    bool busy_[2] = {false, false};  // large, small
    std::set<std::size_t> opening_;
    bool finishing_ = false;
    std::size_t done_ = 0;
};

}  // namespace consent_sync::simulation
