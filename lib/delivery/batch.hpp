// A batch: what one request carries. Lives from its first choosing until each of its changes is settled or moved on.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "ledger/records.hpp"

namespace consent_sync::delivery {

enum class batch_stage : std::uint8_t { recording, on_wire, waiting };

// A batch that was refused as a whole: whether one change alone explains that, since all its others were accepted.
struct refused_batch {
    ledger::attempt_id since = 0;  // attempts from this one on began after the refusal
    std::size_t size = 0;
    std::size_t accepted = 0;           // of its changes, since
    std::size_t unnamed_accepted = 0;   // of those that HubSpot did not name
    std::vector<consent::place> named;  // by HubSpot when it refused the batch

    bool names(consent::place place) const { return std::find(named.begin(), named.end(), place) != named.end(); }
    void accept(consent::place place) {
        ++accepted;
        unnamed_accepted += named.empty() || !names(place);
    }
};
inline constexpr std::size_t refused_batches_kept = 16;  // for each batch; more come only of many named changes

// Batches that come from bisecting one refused batch: to tell a batch that was too large from one with a bad change.
struct family {
    std::size_t size = 0;  // of the batch that was refused
    int undecided = 0;     // halves without an answer
    bool refused = false;  // a half was refused too
};

struct batch {
    ledger::batch_id id = 0;
    std::vector<consent::change> changes;
    std::vector<consent::key_hash> hashes;  // parallel to changes
    std::vector<bool> answered_otherwise;   // parallel: HubSpot named it once with another status
    bool assertion = false;                 // its changes have their verdicts already
    bool bisected = false;                  // a part of a refused batch
    bool aside = false;                     // kept in `refusals`, not among the waiting
    batch_stage stage = batch_stage::recording;
    std::uint32_t attempts = 0;             // made so far
    std::uint32_t failures = 0;             // in a row without an answer: grows the backoff
    std::uint32_t locked = 0;               // answers of 423 in a row: grows the wait for the next one
    base::steady_time locked_since{};       // the first of them
    std::uint64_t accepted_locked = 0;      // engine's count of accepted answers then
    bool told_locked = false;               // the log names its only change
    std::uint32_t cost = 0;                 // failures that count: others were settled meanwhile
    std::uint32_t unresolved_alone = 0;     // answers that did not name its only change, while others were settled
    std::uint32_t unnamed_alone = 0;        // all such answers, but those of an outage's probes
    base::steady_time unnamed_since{};      // the first of them
    std::uint64_t accepted_before = 0;      // engine's count of accepted answers when its changes were first sent
    std::uint64_t accepted_unresolved = 0;  // engine's count of accepted answers when it was last left unresolved
    std::shared_ptr<delivery::family> family;
    std::optional<std::uint64_t> forbidden_at{};  // engine's count of accepted answers at its last 403 of an edge
    std::vector<std::shared_ptr<refused_batch>> refused_with{};  // those it was a part of, the largest first
    ledger::attempt_id refused_alone_since = 0;  // attempts from this one on began after it was refused alone; 0: never
    std::uint32_t refused_alone = 0;             // so often, without proof that it is bad itself
    base::steady_time refused_alone_at{};        // for the first time

    // Of the attempt that is open.
    ledger::attempt_id attempt = 0;
    base::moment begun{};
    base::steady_time written_at{};
    bool written = false;
    bool probe = false;
    bool on_new_connection = false;  // the attempt before ended since an idle connection had died; at the end: this one
    std::uint64_t accepted_at_begin = 0;
    ledger::attempt_id accepted_newest = 0;  // the newest attempt that HubSpot had accepted something of at its begin
    std::uint32_t in_flight_at_begin = 0;

    bool has_opt_out() const {
        return std::any_of(changes.begin(), changes.end(), [](const auto& c) { return c.is_opt_out(); });
    }
    void add(consent::change&& c, consent::key_hash hash, bool otherwise = false) {
        changes.push_back(std::move(c));
        hashes.push_back(hash);
        answered_otherwise.push_back(otherwise);
    }
    void remove(std::size_t index) {
        const auto at = static_cast<std::ptrdiff_t>(index);
        changes.erase(changes.begin() + at);
        hashes.erase(hashes.begin() + at);
        answered_otherwise.erase(answered_otherwise.begin() + at);
    }
};

// All batches that are alive, by id; whoever holds one adds and removes it.
class live_batches {
  public:
    void add(batch& b) {
        if (by_id_.emplace(b.id, &b).second) assertions_ += b.assertion ? 1 : 0;
    }
    void remove(const batch& b) {
        if (by_id_.erase(b.id) > 0) assertions_ -= b.assertion ? 1 : 0;
    }
    batch* find(ledger::batch_id id) const {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? nullptr : found->second;
    }
    std::size_t assertions() const { return assertions_; }

  private:
    boost::unordered_flat_map<ledger::batch_id, batch*> by_id_;
    std::size_t assertions_ = 0;
};

// Batches that wait for their time.
using waiting_batches = std::multimap<base::steady_time, std::unique_ptr<batch>>;

}  // namespace consent_sync::delivery
