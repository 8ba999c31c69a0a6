// Tells a bad change from an API that refuses everything.
//
// HubSpot may refuse everything for a moment, and rows must not pay for that. So a refusal is a change's own fault only
// where something proves it:
//   - the same answer accepts others;
//   - it was refused, HubSpot then accepted a request that began after that, and refused the change again in a request
//     that began after *that* acceptance: no one moment covers both refusals. The first refusal may be one of the
//     change alone, or of a batch of which all other changes were accepted since (bisecting gives that for nothing);
//   - HubSpot named it when it refused a batch, and accepted the rest without it (*accused*: it waits for the rest).
// Until then it is *suspected*: it keeps its key and has no verdict. Each accepted answer judges the suspects: whoever
// is proven is rejected, the others go once more at once. Where nothing else is left to do they go once more by
// themselves, at intervals that grow: a change that HubSpot names is rejected when it is refused again some seconds
// later; one that it does not name waits for an acceptance, at most a day. But when `refused_roots_max` batches in a
// row were refused down to every single change with one category and nothing was accepted, HubSpot refuses everything:
// sending pauses, and all rows stay unsent.
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
        bool named = false;  // HubSpot's words name it
    };

    // A root batch of `size` changes was refused for the first time.
    void root_refused(ledger::batch_id root, std::size_t size);
    void add(suspect&& s);
    void keep(suspect&& s) { suspects_.push_back(std::move(s)); }  // it was taken out, and is none the wiser
    // Changes of a root that ended otherwise (superseded, accepted …).
    void root_shrinks(ledger::batch_id root, std::size_t by);

    // Everything is refused: pause. The suspects stay until taken.
    bool everything_refused() const;
    const std::string& category() const { return category_; }
    bool any() const { return !suspects_.empty(); }
    bool any_named() const;        // HubSpot's words name one
    bool any_named_again() const;  // … which was refused more than once
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
