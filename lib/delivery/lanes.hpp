// The two lanes of changes in memory, and the order of each key across both.
//
// A change is admitted when it was fetched from the ledger. It is *ready* when it is the oldest of its key and the key
// is free; else it waits behind its key. take() makes its key busy; release() frees the key once the outcome is on
// disk. An opt-out supersedes every older change of its key that is not on the wire. Waiting changes beyond
// `waiting_max`, or beyond waiting_of_key_max behind one key, are given back to the ledger ("deferred") so that one key
// with any number of changes stops nobody; opt-outs are never deferred: a key has at most one waiting opt-out, since
// each supersedes the one before.
//
// Two keys with one hash wait for each other, which is harmless; nothing is superseded without comparing the keys.
#pragma once

#include <boost/container/deque.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "ledger/records.hpp"

namespace consent_sync::delivery {

enum class lane : std::uint8_t { opt_out, bulk };

inline lane lane_of(const consent::change& c) { return c.is_opt_out() ? lane::opt_out : lane::bulk; }

struct superseded_change {
    consent::change change;
    consent::key_hash hash = 0;
    consent::place by;
};

// What admitting changes and freeing keys has to bring about outside.
struct lane_effects {
    std::vector<superseded_change> superseded;
    // A change that waits for a retry in this batch lost against a newer opt-out: take it out of the batch.
    struct in_batch {
        ledger::batch_id batch = 0;
        consent::place older;
        consent::place by;
    };
    std::vector<in_batch> superseded_in_batch;
    std::vector<std::pair<consent::key_hash, consent::place>> deferred;
    std::vector<consent::key_hash> wanted;   // keys whose deferred changes are to be fetched now
    std::vector<consent::key_hash> through;  // watched keys that have no change in the lanes any more
};

class lanes {
  public:
    // Finds a busy change in its batch, for the rare comparison of keys; nullptr if it is not there.
    using find_busy = std::function<const consent::change*(ledger::batch_id, consent::place)>;

    // A key's changes are walked through at every admission.
    static constexpr std::size_t waiting_of_key_max = 500;

    lanes(std::size_t waiting_max, find_busy find) : waiting_max_(waiting_max), find_busy_(std::move(find)) {}

    void admit(ledger::fetched_change&& fetched, base::steady_time now, lane_effects& out);
    // What was asked for by `wanted`: `complete` if nothing of the key is left in the ledger's deferred table.
    void admit_deferred(consent::key_hash hash, std::vector<ledger::fetched_change>&& changes, bool complete,
                        base::steady_time now, lane_effects& out);

    // Calls take(consent::change&&, consent::key_hash) with the next ready change of the lane, in order; its key is
    // busy with `batch` from now on. False: none is ready. `take` must not come back here.
    template <class Take>
    bool take(lane of, ledger::batch_id batch, Take&& take) {
        ready_change* const next = occupy_next(of, batch);
        if (!next) return false;
        take(std::move(next->change), next->hash);
        queue(of).order.pop_front();
        return true;
    }
    // The same with the ready change that came last.
    template <class Take>
    bool take_newest(lane of, ledger::batch_id batch, Take&& take) {
        ready_change* const newest = occupy_newest(of, batch);
        if (!newest) return false;
        take(std::move(newest->change), newest->hash);
        queue(of).order.pop_back();
        return true;
    }
    std::size_t ready(lane of) const { return queue(of).ready; }
    // The ready ones, and those that were and whose room is not free yet: for tests of its bound.
    std::size_t held(lane of) const { return queue(of).order.size(); }
    std::optional<base::steady_time> oldest_ready(lane of);
    std::size_t waiting() const { return waiting_; }

    // Makes a free key busy without a waiting change (assertions). False if it is busy or a change of it waits.
    bool occupy(consent::key_hash hash, consent::place change, ledger::batch_id batch);
    // The busy change moved to another batch; `may_be_superseded`: it is not on the wire.
    void move(consent::key_hash hash, ledger::batch_id batch, bool may_be_superseded);
    // A retry found a newer opt-out of its key waiting: the opt-out's place, or place(). Compares the keys.
    consent::place newer_opt_out(const consent::change& c, consent::key_hash hash) const;
    // The outcome of the busy change is on disk, or on its way there ahead of anything that follows.
    void release(consent::key_hash hash, base::steady_time now, lane_effects& out);

    // Some change of the key is here or deferred: lane_effects::through names it when the last one is gone. False:
    // there is none.
    bool watch(consent::key_hash hash);
    bool has_deferred(consent::key_hash hash) const;

  private:
    // A change that may leave. It lies in the queue of its lane: most changes are the only ones of their key, and are
    // moved no further.
    struct ready_change {
        ready_change(consent::change&& c, consent::key_hash h, base::steady_time s)
            : change(std::move(c)), hash(h), since(s) {}
        consent::change change;
        consent::key_hash hash;
        base::steady_time since;
        bool gone = false;  // it went back or was superseded; skipped when it is met
    };
    struct waiting_change {
        consent::change change;
        base::steady_time since;
        std::unique_ptr<waiting_change> next;  // younger
    };
    struct key_state {
        ready_change* ready = nullptr;            // its oldest change, when the key is free
        std::unique_ptr<waiting_change> waiting;  // the others, oldest first
        consent::place busy;                      // in a batch; place(): free
        ledger::batch_id batch = 0;
        bool busy_may_be_superseded = false;
        bool deferred = false;        // some of its changes are in the ledger's deferred table
        bool deferred_again = false;  // one was added while the others were being fetched
        bool loading = false;         // they are being fetched
        bool watched = false;

        bool any() const { return ready || waiting; }
    };
    // Changes in order of readiness. They stay where they are until they leave: key_state points to them.
    struct ready_queue {
        using block = boost::container::deque_options_t<boost::container::block_bytes<16'384>>;
        using changes = boost::container::deque<ready_change, void, block>;
        changes order;
        std::size_t ready = 0;  // that are not gone

        void drop_gone();
    };

    using keys = boost::unordered_flat_map<consent::key_hash, key_state>;

    ready_queue& queue(lane of) { return queues_[static_cast<std::size_t>(of)]; }
    const ready_queue& queue(lane of) const { return queues_[static_cast<std::size_t>(of)]; }
    bool in_memory(const key_state& key, consent::place place) const;
    bool has_room(const key_state& key) const;
    static consent::place find_newer_opt_out(const key_state& key, const consent::change& c);
    consent::place find_newer(const key_state& key, const consent::change& c) const;
    void supersede_older(key_state& key, const consent::change& opt_out, consent::key_hash hash, lane_effects& out);
    void wait(key_state& key, consent::change&& change, base::steady_time since);
    void make_ready(key_state& key, consent::change&& change, consent::key_hash hash, base::steady_time since,
                    bool at_front);
    void make_first_ready(consent::key_hash hash, key_state& key, bool at_front);
    consent::change unready(key_state& key);
    void free_room_of_gone(ready_queue& q);
    ready_change* occupy_next(lane of, ledger::batch_id batch);
    ready_change* occupy_newest(lane of, ledger::batch_id batch);
    ready_change* occupy(ready_queue& q, ready_change& change, ledger::batch_id batch);
    void forget_if_idle(keys::iterator entry, lane_effects& out);

    std::size_t waiting_max_;
    find_busy find_busy_;
    std::size_t waiting_ = 0;  // changes that are not ready
    keys keys_;
    ready_queue queues_[2];
};

}  // namespace consent_sync::delivery
