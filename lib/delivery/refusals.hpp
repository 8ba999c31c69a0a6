// Tells a bad change from an API that refuses everything.
//
// A change that HubSpot refused alone is rejected at once if HubSpot accepted anything else meanwhile. If not, it is
// only *suspected*: it keeps its key and has no verdict yet. An accepted answer turns one or two suspects into
// rejections; more of them are sent once more, since HubSpot may have refused everything for a moment. The end of all
// other work turns all of them into rejections. But when `roots_max` batches in a row were refused down to every single
// change with one category and nothing was accepted, the fault is not theirs: sending pauses, and their rows stay
// unsent.
//
// A change that HubSpot names when it refuses a whole batch is *accused*: it waits for the answer to the rest of its
// batch. Is that accepted, then it was the one, and is rejected with HubSpot's words: one error answer in all.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/batch.hpp"
#include "hubspot/judge.hpp"

namespace consent_sync::delivery {

inline constexpr std::size_t refused_roots_max = 3;

class refusals {
  public:
    struct suspect {
        std::unique_ptr<batch> of;  // of one change
        hubspot::refusal_words words;
        std::string correlation_id;
    };

    // A root batch of `size` changes was refused for the first time.
    void root_refused(ledger::batch_id root, std::size_t size);
    void add(suspect&& s);
    // Changes of a root that ended otherwise (superseded, accepted …).
    void root_shrinks(ledger::batch_id root, std::size_t by);

    // Everything is refused: pause. The suspects stay until taken.
    bool everything_refused() const;
    const std::string& category() const { return category_; }
    bool any() const { return !suspects_.empty(); }
    std::size_t suspected() const { return suspects_.size(); }
    // All suspects, to be rejected or sent again. What was counted stays until HubSpot accepts something.
    std::vector<suspect> take_all();
    void forget();
    std::size_t open_roots() const { return roots_.size(); }

    // `accused` was named alone when the batch was refused whose other changes are `rest` now.
    void accuse(suspect&& accused, ledger::batch_id rest);
    // The accused that waits for this rest, if there is one.
    std::optional<suspect> take_accused(ledger::batch_id rest);

    // Takes out the suspected or accused change of this batch, if it is one.
    std::unique_ptr<batch> take(ledger::batch_id id);

  private:
    struct root_state {
        std::size_t left = 0;
        std::size_t suspects = 0;
        std::string category;
        bool mixed = false;
    };
    void finish_if_empty(ledger::batch_id root);

    std::vector<suspect> suspects_;
    std::vector<std::pair<ledger::batch_id, suspect>> accused_;  // by the rest they wait for
    boost::unordered_flat_map<ledger::batch_id, root_state> roots_;
    std::size_t refused_roots_ = 0;  // in a row, with one category
    std::string category_;
};

}  // namespace consent_sync::delivery
