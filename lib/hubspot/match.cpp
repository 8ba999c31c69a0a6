#include "hubspot/match.hpp"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <optional>

#include "hubspot/names.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

// What the whole body says of one change.
struct tally {
    const body_result* first = nullptr;  // result with its key
    const body_result* other = nullptr;  // result with another status
    bool asked = false;                  // a result has the status that was asked for
    bool doubted = false;                // its results differ, or one that may be about it is unsound
    bool challenged = false;             // it may be the one that an error without an address is about
    bool refused = false;
    bool named_by_error = false;
    std::uint32_t error_words = 0;  // 1 + index, of the first error
};

// Categories that say nothing against the change.
bool is_trouble(const body_error& e) {
    static constexpr std::array<std::string_view, 9> categories{
        "INTERNAL_ERROR",         "RATE_LIMITS",         "RATE_LIMIT", "MISSING_SCOPES", "INVALID_AUTHENTICATION",
        "EXPIRED_AUTHENTICATION", "SERVICE_UNAVAILABLE", "TIMEOUT",    "LOCKED"};
    if (std::find(categories.begin(), categories.end(), e.category) != categories.end()) return true;
    const auto status = parse_integer(e.status);
    return status && (*status >= 500 || *status == 401 || *status == 403 || *status == 408 || *status == 423 ||
                      *status == 429 || *status == 477);
}

class matcher {
  public:
    matcher(std::span<const consent::change> batch, judgement& out)
        : batch_(batch), tallies_(batch.size()), out_(out) {}

    void take_result(const body_result& r) {
        const std::size_t mine = next_result_++;
        if (mine < batch_.size() && is_of(r, batch_[mine])) return note_result(tallies_[mine], batch_[mine], r);
        bool named = false;
        if (!r.unsound && !r.subscriber.empty())
            index().for_each(r.subscriber, [&](std::uint32_t i) {
                const consent::change& c = batch_[i];
                if (!r.subscription) tallies_[i].doubted = true;  // it may be about any of them
                if (c.subscription != r.subscription) return;
                if (!r.channel.empty() && r.channel != consent::name(c.channel)) return;
                named = true;
                next_result_ = i + 1;
                note_result(tallies_[i], c, r);
            });
        if (named) return;
        if (!r.unsound && !r.subscriber.empty()) unmatched_.push_back(&r);
    }

    void doubt_address(std::string_view address) {
        index().for_each(address, [&](std::uint32_t i) { tallies_[i].doubted = true; });
    }

    void take_error(const body_error& e) {
        out_.words.push_back({e.category, plain(e.message, words_bytes_max)});
        const mark how{static_cast<std::uint32_t>(out_.words.size()), !e.unsound && !is_trouble(e)};
        const names_of_error names(e);
        bool named = false;
        for (const body_names& some : e.names) named = take_names(some, names, how) || named;
        named = take_mentions(e, names, how) || named;
        if (!named && !names.any_address && is_the_only_one(names)) {
            named = true;
            loose_.push_back({0, how});
        }
        if (named) return;
        if (names.any_address) return;  // about somebody else
        if (names.subscriptions.empty())
            ++errors_about_anybody_;
        else
            about_subscriptions_.push_back(names.subscriptions);
    }

    // Errors that are counted and not listed, after all that are listed. A listed error may be counted once for each
    // change.
    void count_errors(std::int64_t told, std::size_t listed) {
        const auto named =
            std::count_if(tallies_.begin(), tallies_.end(), [](const tally& t) { return t.named_by_error; });
        const std::int64_t known = std::max(static_cast<std::int64_t>(listed), static_cast<std::int64_t>(named));
        const auto more = static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(told - known, 0, static_cast<std::int64_t>(body_items_max)));
        errors_about_anybody_ += more;
    }

    // Any change may be the one that an error is about.
    void challenge_all() {
        for (tally& t : tallies_) t.challenged = true;
    }

    // `told`: how many errors the body says there are. `listed`: how many it lists.
    void finish(std::int64_t told, std::size_t listed) {
        take_loose();
        count_errors(told, listed);
        take_errors_without_address();
        out_.changes.resize(batch_.size());
        for (std::size_t i = 0; i < batch_.size(); ++i) out_.changes[i] = decide(batch_[i], tallies_[i]);
        count_look_alikes();
    }

  private:
    struct mark {
        std::uint32_t words;
        bool refuses;
    };
    struct loose_match {  // by address only: refuses only where there is no result
        std::uint32_t index;
        mark how;
    };
    // Which addresses and subscriptions an error names in all of its contexts.
    struct names_of_error {
        explicit names_of_error(const body_error& e) {
            for (const body_names& names : e.names) {
                any_address = any_address || !names.subscribers.empty();
                subscriptions.insert(subscriptions.end(), names.subscriptions.begin(), names.subscriptions.end());
            }
        }
        // Whether a subscription may be among those that are named.
        bool may_mean(std::int64_t subscription) const { return may_be_among(subscriptions, subscription); }

        bool any_address = false;
        std::vector<std::optional<std::int64_t>> subscriptions;
    };

    // Whether it is one of them, or may be: a subscription that is not a number may be any.
    static bool may_be_among(const std::vector<std::optional<std::int64_t>>& some, std::int64_t subscription) {
        return std::any_of(some.begin(), some.end(), [subscription](auto s) { return !s || *s == subscription; });
    }

    // HubSpot promises no order, but mostly answers in that of the batch, with some left out. A key is in a batch once:
    // so if the whole key is the same, byte for byte, no other change is meant, and nothing needs to be looked up.
    static bool is_of(const body_result& r, const consent::change& c) {
        return !r.unsound && r.subscription == c.subscription && r.channel == consent::name(c.channel) &&
               r.subscriber == c.subscriber;
    }

    const batch_index& index() {
        if (!index_) index_.emplace(batch_);
        return *index_;
    }
    const mention_finder& mentions() {
        if (!mentions_) mentions_.emplace(batch_, index());
        return *mentions_;
    }

    static bool say_the_same(const body_result& a, const body_result& b) {
        return a.status == b.status && a.reason == b.reason && a.timestamp == b.timestamp;
    }

    static void note_result(tally& t, const consent::change& c, const body_result& r) {
        if (!t.first)
            t.first = &r;
        else if (!say_the_same(*t.first, r))
            t.doubted = true;
        if (r.status.empty()) return;  // names the key, but proves nothing
        if (r.status == consent::name(c.state))
            t.asked = true;
        else
            t.other = &r;
    }

    // The results of an answer mostly have the same time.
    std::int64_t time_of(std::string_view timestamp) {
        if (timestamp != last_timestamp_) {
            last_timestamp_ = timestamp;
            last_time_ms_ = parse_timestamp_ms(timestamp);
        }
        return last_time_ms_;
    }

    static void note_error(tally& t, mark how) {
        t.named_by_error = true;
        if (t.error_words == 0 || (how.refuses && !t.refused)) t.error_words = how.words;
        t.refused = t.refused || how.refuses;
    }
    // An error that may be about the change: it disproves a result, but it does not refuse the change.
    static void note_words(tally& t, mark how) {
        t.named_by_error = true;
        if (t.error_words == 0) t.error_words = how.words;
    }

    // Returns whether it names a change of the batch.
    bool take_names(const body_names& some, const names_of_error& all, mark how) {
        const std::size_t addresses = some.subscribers.size();
        const std::size_t subscriptions = some.subscriptions.size();
        const bool pairs = addresses == subscriptions;
        const bool clear = pairs || addresses == 1 || subscriptions == 1;
        bool named = false;
        for (std::size_t a = 0; a < addresses; ++a)
            index().for_each(some.subscribers[a], [&](std::uint32_t i) {
                if (subscriptions == 0) {
                    named = true;
                    if (all.subscriptions.empty())
                        loose_.push_back({i, how});
                    else
                        note_words(tallies_[i], how);  // the subscription stands in another context of the error
                    return;
                }
                if (!may_be_among(some.subscriptions, batch_[i].subscription)) return;
                named = true;
                const auto first = some.subscriptions.begin() + static_cast<std::ptrdiff_t>(pairs ? a : 0);
                const auto last = pairs ? first + 1 : some.subscriptions.end();
                if (clear && std::find(first, last, std::optional(batch_[i].subscription)) != last)
                    note_error(tallies_[i], how);
                else
                    note_words(tallies_[i], how);
            });
        return named;
    }

    // An address in a message, or under any other name, is named too; but such a place refuses no change.
    bool take_mentions(const body_error& e, const names_of_error& names, mark how) {
        if (e.text.find('@') == std::string::npos) return false;
        bool named = false;
        mentions().find(e.text, [&](std::uint32_t i) {
            if (!names.subscriptions.empty() && !names.may_mean(batch_[i].subscription)) return;
            for (const body_names& some : e.names)
                for (const std::string& address : some.subscribers)
                    if (consent::same_subscriber(consent::trim(address), batch_[i].subscriber)) return;
            named = true;
            if (batch_.size() == 1)
                loose_.push_back({i, how});
            else
                note_words(tallies_[i], how);
        });
        return named;
    }

    bool is_the_only_one(const names_of_error& names) const {
        return batch_.size() == 1 && std::all_of(names.subscriptions.begin(), names.subscriptions.end(),
                                                 [&](auto s) { return s == batch_[0].subscription; });
    }

    // An error of an address refuses its changes that have no result. If one of them has the result that was asked for,
    // it is not clear which of the two is wrong, nor which change the error means.
    void take_loose() {
        std::vector<bool> against(out_.words.size() + 1);  // errors that contradict a result
        for (const auto& [i, how] : loose_)
            if (tallies_[i].asked) against[how.words] = true;
        for (const auto& [i, how] : loose_) {
            tally& t = tallies_[i];
            t.named_by_error = true;
            if (t.other && !t.asked) continue;
            if (t.asked || against[how.words])
                note_words(t, how);
            else
                note_error(t, how);
        }
    }

    bool is_open(std::size_t i) const { return !tallies_[i].first && tallies_[i].error_words == 0; }

    // An error that names no address is about a change that nothing else in the answer mentions. If there are fewer
    // such changes than such errors, one error is about a change that has a result, and it is not clear which.
    void take_errors_without_address() {
        for (const auto& subscriptions : about_subscriptions_) {
            const auto meant = [&](std::size_t i) { return may_be_among(subscriptions, batch_[i].subscription); };
            bool open = false;
            for (std::size_t i = 0; i < batch_.size(); ++i) open = open || (meant(i) && is_open(i));
            for (std::size_t i = 0; i < batch_.size() && !open; ++i)
                if (meant(i)) tallies_[i].challenged = true;
        }
        if (errors_about_anybody_ == 0) return;
        std::uint32_t open = 0;
        for (std::size_t i = 0; i < batch_.size(); ++i) open += is_open(i) ? 1 : 0;
        if (errors_about_anybody_ > open) challenge_all();
    }

    void count_look_alikes() {
        boost::unordered_flat_set<consent::key_hash> addresses;
        std::vector<bool> taken(batch_.size());
        for (const body_result* r : unmatched_) {
            const auto address = consent::hash_key(consent::trim(r->subscriber), 0, consent::channel::email);
            if (addresses.contains(address)) continue;
            for (std::size_t i = 0; i < batch_.size(); ++i) {
                const consent::change& c = batch_[i];
                if (taken[i] || !is_open(i) || c.subscription != r->subscription ||
                    r->status != consent::name(c.state) ||
                    (!r->channel.empty() && r->channel != consent::name(c.channel)))
                    continue;
                taken[i] = true;
                addresses.insert(address);
                ++out_.look_alikes;
                out_.look_alike = address;
                break;
            }
        }
    }

    change_judgement decide(const consent::change& c, const tally& t) {
        change_judgement j;
        if (t.asked && !t.doubted && !t.challenged && !t.other && t.error_words == 0) {
            j.outcome = change_outcome::confirmed;
            j.reason = consent::parse_success_reason(t.first->reason);
            j.hubspot_time_ms = time_of(t.first->timestamp);
        } else if (t.refused && !t.asked && !t.doubted) {
            j.outcome = change_outcome::rejected;
            j.words = t.error_words;
        } else if (t.asked || t.doubted || t.error_words != 0) {
            j.words = t.error_words;
        } else if (t.other) {
            j.outcome = change_outcome::other_status;
            j.words = add_other_status(c, *t.other);
        }
        return j;
    }

    std::uint32_t add_other_status(const consent::change& c, const body_result& r) {
        std::string message = "HubSpot reports " + plain(r.status, 64);
        if (!r.reason.empty()) message += " (" + plain(r.reason, 64) + ")";
        message += " where " + std::string(consent::name(c.state)) + " was asked for";
        if (!c.is_opt_out() && r.status == consent::name(consent::status_state::unsubscribed))
            message +=
                "; HubSpot keeps an opt-out that the person made, and only the person can come back: do not drop "
                "this row again as it is";
        out_.words.push_back({std::string(status_not_applied), std::move(message)});
        return static_cast<std::uint32_t>(out_.words.size());
    }

    std::span<const consent::change> batch_;
    std::optional<batch_index> index_;        // made when it is asked for first
    std::optional<mention_finder> mentions_;  // likewise
    std::size_t next_result_ = 0;             // index of the change that the next result is expected for
    std::string_view last_timestamp_;
    std::int64_t last_time_ms_ = 0;
    std::vector<tally> tallies_;
    std::vector<loose_match> loose_;
    std::vector<const body_result*> unmatched_;
    std::uint32_t errors_about_anybody_ = 0;
    std::vector<std::vector<std::optional<std::int64_t>>> about_subscriptions_;  // of errors that name no address
    judgement& out_;
};

// The body of a success may be an Error itself as well.
bool is_error(const body_error& whole) {
    const body_names& names = whole.names.front();
    return !whole.category.empty() || !names.subscribers.empty() || !names.subscriptions.empty();
}

}  // namespace

void match_changes(std::span<const consent::change> batch, const answer_body& body, judgement& out) {
    matcher m(batch, out);
    for (const body_result& r : body.results) m.take_result(r);
    for (const std::string& address : body.doubted) m.doubt_address(address);
    for (const body_error& e : body.errors) m.take_error(e);
    if (is_error(body.whole)) m.take_error(body.whole);
    if (body.cut) m.challenge_all();
    m.finish(body.num_errors, body.errors.size());
}

}  // namespace consent_sync::hubspot
