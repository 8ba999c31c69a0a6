// A batch: what one request carries. It lives from its first choosing until each of its changes has its verdict or went
// on in another batch.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "hubspot/judge.hpp"
#include "ledger/records.hpp"

namespace consent_sync::delivery {

// The changes of a batch, each with the hash of its key and its history. Changes lie side by side, as they are sent.
class items {
  public:
    void add(consent::change&& c, consent::key_hash hash, bool answered_otherwise = false);
    void remove(std::size_t index);
    items take(const std::vector<bool>& part);  // out of these
    void reserve(std::size_t count) {
        changes_.reserve(count);
        pasts_.reserve(count);
    }

    std::size_t size() const { return changes_.size(); }
    bool empty() const { return changes_.empty(); }
    const std::vector<consent::change>& changes() const { return changes_; }
    const consent::change& operator[](std::size_t index) const { return changes_[index]; }
    consent::key_hash hash(std::size_t index) const { return pasts_[index].hash; }
    // HubSpot named it once with another status.
    bool answered_otherwise(std::size_t index) const { return pasts_[index].answered_otherwise; }
    void answer_otherwise(std::size_t index) { pasts_[index].answered_otherwise = true; }
    std::size_t opt_outs() const;
    bool mixed() const;  // opt-outs and others

  private:
    struct past {
        consent::key_hash hash = 0;
        bool answered_otherwise = false;
    };
    std::vector<consent::change> changes_;
    std::vector<past> pasts_;
};

// A batch that HubSpot refused as a whole, and what has become of its changes since. It shows whether a single change
// explains the refusal, or the size of the batch.
struct refusal {
    ledger::attempt_id since = 0;  // attempts from this one on began after it
    std::size_t size = 0;
    std::size_t accepted = 0;           // of its changes, since
    std::size_t unnamed_accepted = 0;   // of those that HubSpot did not name
    std::vector<consent::place> named;  // by HubSpot, when it refused this batch or a part of it
    bool part_refused = false;          // a part of it was refused as well
    bool unexplained = false;           // the rest, without the named changes, was refused too, and no change named
    std::shared_ptr<refusal> of;        // the one that this was a part of

    bool names(consent::place place) const;
    // Each for this one and all that it was a part of.
    void accept(consent::place place);
    void name(consent::place place);
};

// Where a batch comes from, and what HubSpot made of its changes before.
struct lineage {
    bool cut = false;                    // it is a part of one that HubSpot refused or did not settle
    std::shared_ptr<refusal> refused;    // the smallest refused batch that it was a part of
    std::uint32_t alone = 0;             // times that its only change was refused, or accused, without a proof
    ledger::attempt_id alone_since = 0;  // attempts from this one on began after the first of them; 0: never
    base::steady_time alone_at{};        // the first of them
    hubspot::refusal_words words;        // of the last of them
    std::string correlation_id;
    bool named = false;                           // by these words
    std::optional<std::uint64_t> forbidden_at{};  // accepted answers, at its last 403 of an edge
    std::uint64_t accepted_before = 0;            // accepted answers when its changes were first sent
    std::uint64_t accepted_unresolved = 0;        // … when it was last left unresolved
};

// Its tries that settled nothing.
struct retries {
    std::uint32_t failures = 0;          // in a row without an answer: grows the backoff
    std::uint32_t cost = 0;              // those that count: others were settled meanwhile
    std::uint32_t unresolved_alone = 0;  // answers that did not name its only change, while others were settled
    std::uint32_t unnamed_alone = 0;     // all such answers, but those of an outage's probes
    base::steady_time unnamed_since{};   // the first of them
    std::uint32_t locked = 0;            // answers of 423 in a row: grows the wait for the next one
    base::steady_time locked_since{};    // the first of them
    std::uint64_t accepted_locked = 0;   // accepted answers then
    bool told_locked = false;            // the log names its only change
};

// The attempt that is open, or was the last.
struct attempt {
    ledger::attempt_id id = 0;
    base::moment begun{};
    base::steady_time written_at{};
    bool written = false;
    bool probe = false;
    bool on_new_connection = false;  // the one before ended since an idle connection had died; at the end: this one
    std::uint64_t accepted_at_begin = 0;
    ledger::attempt_id accepted_newest = 0;  // the newest attempt that HubSpot had accepted something of at its begin
    std::uint32_t in_flight = 0;             // with it
};

struct batch {
    enum class place : std::uint8_t { open, waiting, aside };  // aside: suspected or kept back, see refusals.hpp

    ledger::batch_id id = 0;
    items content;
    bool assertion = false;  // its changes have their verdicts already
    lineage past;
    retries retry;
    attempt last;
    std::uint32_t attempts = 0;  // made so far
    place where = place::open;

    bool has_opt_out() const { return content.opt_outs() > 0; }
};

// All batches that are alive, by id: whoever works with one refers to it here.
class batches {
  public:
    void restore(ledger::batch_id next) { next_ = next; }
    batch& make();
    // Takes the changes that `part` names out of `b`, into a batch with the same past.
    batch& split(batch& b, const std::vector<bool>& part);
    void mark_assertion(batch& b);
    void end(batch& b);
    batch* find(ledger::batch_id id) const;
    const consent::change* find(ledger::batch_id id, consent::place place) const;
    std::size_t assertions() const { return assertions_; }

  private:
    boost::unordered_flat_map<ledger::batch_id, std::unique_ptr<batch>> alive_;
    ledger::batch_id next_ = 1;
    std::size_t assertions_ = 0;
};

}  // namespace consent_sync::delivery
