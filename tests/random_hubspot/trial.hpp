// What happened to some rows, and whether this keeps the promises. It is judged from what the recorded answers prove,
// independent of how the daemon reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "random_hubspot/proof.hpp"

namespace consent_sync::random_hubspot {

using place = std::int64_t;  // the order of all rows
using milli = std::int64_t;  // a time

struct trial_row {
    asked change;
    milli appended = 0;
    std::string verdict;  // empty: none
    place by = 0;         // the newer change that superseded it
    milli settled = 0;

    bool is_opt_out() const { return change.state == "UNSUBSCRIBED"; }
};

struct trial_attempt {
    std::vector<place> rows;
    bool assertion = false;
    milli begun = 0;
    milli ended = -1;        // its end is on disk, or the daemon was killed; -1: neither
    bool judged = false;     // its end is on disk
    bool delivered = false;  // the daemon got a whole answer
    unsigned status = 0;
    std::string body;
};

struct span {
    milli from = 0, to = 0;
};

class trial {
  public:
    // Of opposite changes in one file the opt-out stands, wherever it is: it may supersede a later opt-in.
    bool opt_outs_stand = false;

    void add(place p, asked change, milli now);
    void begin(std::int64_t attempt, std::vector<place> rows, bool assertion, milli now);
    void answer(std::int64_t attempt, unsigned status, std::string body);
    void delivered(std::int64_t attempt);
    void end(std::int64_t attempt, milli now);
    void settle(place p, const std::string& verdict, place by, milli now);
    void killed(milli now);
    void note(std::string wrong) { wrong_.push_back(std::move(wrong)); }  // found by the caller

    bool all_settled() const { return open_ == 0; }
    std::size_t open() const { return open_; }
    std::size_t settled() const { return rows_.size() - open_; }
    std::size_t open_opt_outs() const { return open_opt_outs_; }
    const std::map<place, trial_row>& rows() const { return rows_; }
    const std::map<std::int64_t, trial_attempt>& attempts() const { return attempts_; }
    static std::string key_of(const asked& change);

    // All broken promises, in words; empty: none. `times_known`: begins and ends are those of the daemon.
    std::vector<std::string> judge(bool times_known = true) const;
    // The same of the states that HubSpot has in the end, by key; a key that is not there was never applied. `touched`:
    // whether a row was applied, or may have been. `counts`: keys that HubSpot does not refuse for ever.
    std::vector<std::string> judge_states(const std::map<std::string, std::string>& states,
                                          const std::function<bool(place)>& touched,
                                          const std::function<bool(const asked&)>& counts) const;
    // Opt-outs that were not on their way for longer than `most` before `end`, though nothing of their key was: beside
    // `excused`.
    std::vector<std::string> late_opt_outs(milli most, milli end, const std::vector<span>& excused) const;
    std::string history(place p) const;  // all its attempts, to find the reason

  private:
    using words = std::vector<std::string>;
    std::vector<asked> changes_of(const trial_attempt& a) const;
    void judge_row(place p, const trial_row& row, const std::map<place, what_is_proved>& best, words& wrong) const;
    void judge_order(words& wrong) const;

    std::map<place, trial_row> rows_;
    std::map<std::int64_t, trial_attempt> attempts_;
    std::map<std::string, std::vector<std::int64_t>> attempts_of_;  // by key, as they began
    std::size_t open_ = 0, open_opt_outs_ = 0;
    std::vector<std::string> wrong_;
};

}  // namespace consent_sync::random_hubspot
