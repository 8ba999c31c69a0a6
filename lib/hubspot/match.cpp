#include "hubspot/match.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "hubspot/batch_index.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

// What the whole body said of one change.
struct tally {
    bool asked = false;                  // a result with the asked status
    const body_result* other = nullptr;  // a result with another status
    bool refused = false;
    std::uint32_t error_words = 0;  // 1 + index, of the first error
    consent::success_reason reason = consent::success_reason::none;
    std::int64_t time_ms = 0;

    bool has_result() const { return asked || other; }
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
        if (mine < batch_.size() && is_of(r, batch_[mine])) return note_status(tallies_[mine], batch_[mine], r);
        bool named = false;
        if (!r.contradictory && r.subscription && !r.subscriber.empty()) {
            index().for_each(r.subscriber, [&](std::uint32_t i) {
                const consent::change& c = batch_[i];
                if (c.subscription != *r.subscription) return;
                if (!r.channel.empty() && r.channel != consent::name(c.channel)) return;
                named = true;
                next_result_ = i + 1;
                note_status(tallies_[i], c, r);
            });
        }
        if (!named) ++out_.unmatched_results;
    }

    void take_error(const body_error& e) {
        out_.words.push_back({e.category, plain(e.message, words_bytes_max)});
        const mark how{static_cast<std::uint32_t>(out_.words.size()), !is_trouble(e)};
        bool named = false;
        bool has_address = false;
        for (const body_names& names : e.names) {
            has_address = has_address || !names.subscribers.empty();
            named = take_names(names, how) || named;
        }
        if (!named && !has_address && is_the_only_one(e)) {
            named = true;
            loose_.push_back({0, how});
        }
        if (!named) ++out_.unmatched_errors;
    }

    void finish() {
        for (const auto& [i, how] : loose_)
            if (!tallies_[i].has_result()) note_error(tallies_[i], how);
        out_.changes.resize(batch_.size());
        for (std::size_t i = 0; i < batch_.size(); ++i) out_.changes[i] = decide(batch_[i], tallies_[i]);
    }

  private:
    struct mark {
        std::uint32_t words;
        bool refuses;
    };

    // HubSpot promises no order, but mostly answers in ours, some left out. A key is in a batch once, so where the
    // whole key is the same, byte for byte, nobody else is meant and nothing needs to be looked up.
    static bool is_of(const body_result& r, const consent::change& c) {
        return !r.contradictory && r.subscription == c.subscription && r.channel == consent::name(c.channel) &&
               r.subscriber == c.subscriber;
    }

    const batch_index& index() {
        if (!index_) index_.emplace(batch_);
        return *index_;
    }

    void note_status(tally& t, const consent::change& c, const body_result& r) {
        if (r.status.empty()) return;  // names the key, but proves nothing
        if (r.status != consent::name(c.state)) {
            if (!t.other) t.other = &r;
            return;
        }
        if (t.asked) return;
        t.asked = true;
        t.reason = consent::parse_success_reason(r.reason);
        t.time_ms = time_of(r.timestamp);
    }

    // The results of one answer mostly have one and the same time.
    std::int64_t time_of(std::string_view timestamp) {
        if (timestamp != last_timestamp_) {
            last_timestamp_ = timestamp;
            last_time_ms_ = parse_timestamp_ms(timestamp);
        }
        return last_time_ms_;
    }

    static void note_error(tally& t, mark how) {
        if (t.error_words == 0 || (how.refuses && !t.refused)) t.error_words = how.words;
        t.refused = t.refused || how.refuses;
    }

    // True: somebody of the batch is named.
    bool take_names(const body_names& names, mark how) {
        if (names.subscriptions.empty()) {
            bool named = false;
            for (const std::string& address : names.subscribers)
                index().for_each(address, [&](std::uint32_t i) {
                    named = true;
                    loose_.push_back({i, how});
                });
            return named;
        }
        const std::size_t addresses = names.subscribers.size();
        const std::size_t subscriptions = names.subscriptions.size();
        const bool pairs = addresses == subscriptions;
        if (!pairs && addresses != 1 && subscriptions != 1) return false;
        bool named = false;
        for (std::size_t a = 0; a < addresses; ++a)
            for (std::size_t s = pairs ? a : 0; s < (pairs ? a + 1 : subscriptions); ++s)
                named = take_key(names.subscribers[a], names.subscriptions[s], how) || named;
        return named;
    }

    bool take_key(std::string_view address, std::optional<std::int64_t> subscription, mark how) {
        bool named = false;
        index().for_each(address, [&](std::uint32_t i) {
            if (batch_[i].subscription != subscription) return;
            named = true;
            note_error(tallies_[i], how);
        });
        return named;
    }

    bool is_the_only_one(const body_error& e) const {
        if (batch_.size() != 1) return false;
        return std::all_of(e.names.begin(), e.names.end(), [&](const body_names& names) {
            return std::all_of(names.subscriptions.begin(), names.subscriptions.end(),
                               [&](auto s) { return s == batch_[0].subscription; });
        });
    }

    change_judgement decide(const consent::change& c, const tally& t) {
        change_judgement j;
        if (t.asked && !t.other && t.error_words == 0) {
            j.outcome = change_outcome::confirmed;
            j.reason = t.reason;
            j.hubspot_time_ms = t.time_ms;
        } else if (t.asked) {
            j.words = t.error_words;
        } else if (t.error_words != 0) {
            j.outcome = t.refused ? change_outcome::rejected : change_outcome::unresolved;
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
        out_.words.push_back({std::string(status_not_applied), std::move(message)});
        return static_cast<std::uint32_t>(out_.words.size());
    }

    struct loose_match {  // by address alone: counts only where there is no result
        std::uint32_t index;
        mark how;
    };

    std::span<const consent::change> batch_;
    std::optional<batch_index> index_;  // made when it is asked for first
    std::size_t next_result_ = 0;       // index of the change that the next result is expected for
    std::string_view last_timestamp_;
    std::int64_t last_time_ms_ = 0;
    std::vector<tally> tallies_;
    std::vector<loose_match> loose_;
    judgement& out_;
};

}  // namespace

void match_changes(std::span<const consent::change> batch, const answer_body& body, judgement& out) {
    matcher m(batch, out);
    for (const body_result& r : body.results) m.take_result(r);
    for (const body_error& e : body.errors) m.take_error(e);
    m.finish();
    // Errors that are only counted name nobody either.
    const auto listed = static_cast<std::int64_t>(body.errors.size());
    if (body.num_errors > listed)
        out.unmatched_errors += static_cast<std::uint32_t>(
            std::min<std::int64_t>(body.num_errors - listed, static_cast<std::int64_t>(body_items_max)));
}

}  // namespace consent_sync::hubspot
