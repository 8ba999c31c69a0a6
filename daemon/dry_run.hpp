// What would happen to a file if it were dropped now, judged by its rows and by the ledger.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "intake/row.hpp"
#include "ledger/dry_run_queries.hpp"
#include "observe/snapshot.hpp"
#include "service/pipeline/importing.hpp"

namespace consent_sync::daemon {

// What the running daemon has learnt from HubSpot; empty if it is not running or does not answer.
struct running_daemon {
    std::optional<observe::limit_view> limit;
    service::known_subscriptions subscriptions;  // null: it does not know them
};
running_daemon ask_running(const config::settings& settings, const std::string& config_path);

void print_time(std::uint64_t changes, std::uint64_t ahead, const config::settings& settings,
                const running_daemon& running);

// Collects the rows of one file.
class dry_run {
  public:
    void add(const intake::row& row);
    // Prints the result and returns how many changes would be sent. `ledger`: null if there is none or it cannot be
    // read.
    std::uint64_t print(const config::settings& settings, const std::string& path, ledger::dry_run_reader* ledger,
                        const running_daemon& running);
    std::uint64_t unknown_change_ids() const { return unknown_; }
    // People, by subscription, for whom the file contains an opt-out and another status.
    std::uint64_t contradictions() const { return contradictions_; }
    std::uint64_t opt_ins() const { return opt_ins_; }
    // Keys of another file that this one says the opposite of.
    std::uint64_t contradicts(const dry_run& other) const;

  private:
    struct key_rows {
        std::uint64_t others = 0;         // that are no opt-outs
        std::uint64_t since_opt_out = 0;  // changes since the last opt-out, it included
    };
    boost::unordered_flat_map<consent::key_hash, key_rows> keys_;
    boost::unordered_flat_map<consent::key_hash, std::uint64_t> opt_outs_;
    boost::unordered_flat_set<consent::key_hash> others_of_;  // keys with a change that is not an opt-out
    std::vector<ledger::returning_row> returning_;
    std::uint64_t first_contradiction_ = 0;  // its row
    std::uint64_t rows_ = 0, opt_ins_ = 0, opt_outs_count_ = 0, others_ = 0, superseded_ = 0, unknown_ = 0;
    std::uint64_t contradictions_ = 0;
    std::uint64_t contradicted_ = 0;  // rows that are not opt-outs, of people with contradictions
};

}  // namespace consent_sync::daemon
