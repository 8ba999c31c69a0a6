#include "random_hubspot/proof.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "random_hubspot/addresses.hpp"
#include "random_hubspot/json_tree.hpp"

namespace consent_sync::random_hubspot {
namespace {

using kind = node::kind;

constexpr std::size_t plain_depth = 16;         // of an answer that keeps the schema
constexpr std::size_t plain_bytes = 1UL << 20;  // likewise

// About this moment, the account or the program: no row is to blame.
bool blames_no_row(unsigned status) {
    constexpr std::array<unsigned, 10> of_requests = {401, 402, 405, 407, 413, 415, 423, 429, 477, 431};
    return status < 400 || status >= 500 ||
           std::find(of_requests.begin(), of_requests.end(), status) != of_requests.end();
}
bool is_trouble(std::string_view word) {
    constexpr std::array<std::string_view, 6> words = {"INTERNAL_ERROR",         "RATE_LIMITS",
                                                       "MISSING_SCOPES",         "INVALID_AUTHENTICATION",
                                                       "EXPIRED_AUTHENTICATION", "RATE_LIMIT"};
    return std::find(words.begin(), words.end(), word) != words.end();
}

// The numbers that a member can mean: as a number, or as a text of digits.
std::optional<std::int64_t> whole_number(const node& value) {
    if (!value.is(kind::number) && !value.is(kind::text)) return std::nullopt;
    const std::string& digits = value.text;
    const bool whole = !digits.empty() && digits.size() < 19 &&
                       std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!whole) return std::nullopt;
    return std::stoll(digits);
}

// A number that is written in another way than with digits alone: 7.0, 7e0. It may mean `wanted`.
bool odd_number(const node& value) {
    return value.is(kind::number) && value.text.find_first_of(".eE") != std::string::npos;
}

// Every address that a text may speak of, in one spelling each: the text itself, and words of a sentence.
void add_addresses(const std::string& text, std::vector<std::string>& to) {
    to.push_back(one_spelling(text));
    constexpr std::string_view apart("\0 \t\r\n\"'<>(),;:[]{}", 16);
    if (text.find_first_of(apart) == std::string::npos && !text.ends_with('.')) return;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find_first_of(apart, from), text.size());
        std::string_view found = std::string_view(text).substr(from, end - from);
        if (found.find('@') != std::string_view::npos) {
            to.push_back(one_spelling(found));
            while (found.ends_with('.')) found.remove_suffix(1);
            to.push_back(one_spelling(found));
        }
        from = end + 1;
    }
}

std::vector<std::string> addresses_in(const node& value) {
    std::vector<std::string> found;
    for_each_text(value, [&](const std::string& text) { add_addresses(text, found); });
    return found;
}

// Subscriptions that an error names, in its context or in that of a detail: none means all.
void add_subscriptions(const node& value, std::vector<std::int64_t>& to) {
    for (const member& m : value.members) {
        if (m.name != "subscriptionId") {
            add_subscriptions(m.value, to);
            continue;
        }
        if (const auto one = whole_number(m.value)) to.push_back(*one);
        for (const node& item : m.value.items)
            if (const auto one = whole_number(item)) to.push_back(*one);
    }
    for (const node& item : value.items) add_subscriptions(item, to);
}

std::vector<std::int64_t> subscriptions_of(const node& error) {
    std::vector<std::int64_t> found;
    add_subscriptions(error, found);
    return found;
}

bool is_text_or_null(const node* value) { return !value || value->is(kind::null) || value->is(kind::text); }

bool is_text(const node* value, std::string_view text) { return value && value->is(kind::text) && value->text == text; }

// As the schema has it, null where something may be missing.
bool plain_result(const node& r) {
    const node* id = r.find("subscriptionId");
    const node* unit = r.find("businessUnitId");
    const node* address = r.find("subscriberIdString");
    const node* channel = r.find("channel");
    return r.is(kind::object) && !has_duplicates(r) && id && id->is(kind::number) && whole_number(*id) && address &&
           address->is(kind::text) && is_text(channel, "EMAIL") &&
           (!unit || unit->is(kind::null) || whole_number(*unit)) && is_text_or_null(r.find("subscriptionName")) &&
           is_text_or_null(r.find("legalBasis")) && is_text_or_null(r.find("legalBasisExplanation")) &&
           is_text_or_null(r.find("setStatusSuccessReason")) && is_text_or_null(r.find("source")) &&
           is_text_or_null(r.find("timestamp"));
}

// What one result says of one change.
struct word {
    bool names = false;  // it may be about this change
    claim as_asked = claim::no;
    bool other = false;  // plainly about it, plainly with another status
};

word read_result(const node& r, const asked& c, const std::string& one) {
    word w;
    if (!r.is(kind::object)) {
        w.names = true;
        return w;
    }
    const node* address = r.find("subscriberIdString");
    const node* id = r.find("subscriptionId");
    const node* channel = r.find("channel");
    const node* status = r.find("status");
    // All subscriptions that stand there are others: about another key.
    const bool other_key = id && std::all_of(r.members.begin(), r.members.end(), [&](const member& m) {
                               const auto number = whole_number(m.value);
                               return m.name != "subscriptionId" || (number && *number != c.subscription);
                           });
    if (other_key) return w;
    w.names = true;
    for (const std::string_view name : {"subscriberIdString", "subscriptionId", "channel", "status"})
        if (r.count(name) > 1) return w;
    if (!address || !address->is(kind::text) || one_spelling(address->text) != one || !id || !status) return w;
    if (channel && !channel->is(kind::null) && !is_text(channel, "EMAIL")) return w;
    if (!status->is(kind::text)) return w;
    const auto number = whole_number(*id);
    const bool same = number && *number == c.subscription;
    if (!same && !odd_number(*id)) return w;
    if (status->text == c.state) {
        const bool certain = same && channel && channel->is(kind::text) && !has_duplicates(r);
        w.as_asked = certain ? claim::yes : claim::arguable;
    } else {
        w.other = true;
    }
    return w;
}

// Whether an error is one that refuses changes, not one of this moment or of the account.
bool refuses_changes(const node& error) {
    const node* category = error.find("category");
    const node* status = error.find("status");
    if (category && is_trouble(category->text)) return false;
    const auto number = status ? whole_number(*status) : std::nullopt;
    return !number || !blames_no_row(static_cast<unsigned>(*number));
}

// Results or errors by the addresses that they speak of.
using index = std::unordered_multimap<std::string, const node*>;

void add_to(index& to, const node& item, const std::vector<std::string>& addresses) {
    for (const std::string& one : addresses) {
        const auto [from, end] = to.equal_range(one);
        if (std::none_of(from, end, [&](const auto& known) { return known.second == &item; })) to.emplace(one, &item);
    }
}

index index_results(const node& body) {
    index by_address;
    const auto see = [&](const node& result) {
        if (!result.is(kind::object)) return add_to(by_address, result, addresses_in(result));
        for (const member& m : result.members)
            if (m.name == "subscriberIdString") add_to(by_address, result, addresses_in(m.value));
    };
    for (const member& m : body.members) {
        if (m.name != "results") continue;
        if (!m.value.is(kind::array)) see(m.value);
        for (const node& item : m.value.items) see(item);
    }
    return by_address;
}

index index_errors(const node& body) {
    index by_address;
    for (const member& m : body.members) {
        if (m.name != "errors") continue;
        if (!m.value.is(kind::array)) add_to(by_address, m.value, addresses_in(m.value));
        for (const node& item : m.value.items) add_to(by_address, item, addresses_in(item));
    }
    return by_address;
}

bool counts_its_errors(const node& body) {
    const node* count = body.find("numErrors");
    const node* errors = body.find("errors");
    if (!count || count->is(kind::null)) return true;
    return count->is(kind::number) &&
           whole_number(*count) == static_cast<std::int64_t>(errors ? errors->items.size() : 0);
}

void read_complete(const node& body, const std::vector<asked>& changes, bool plain_size,
                   std::vector<what_is_proved>& out) {
    const node* results = body.find("results");
    const node* errors = body.find("errors");
    const bool once = body.count("status") == 1 && body.count("results") <= 1 && body.count("errors") <= 1;
    const bool listed = results && results->is(kind::array);
    // Errors that cannot be read may be about anybody.
    const bool readable = !errors || errors->is(kind::array) || errors->is(kind::null);
    const bool plain = plain_size && once && listed && readable && !has_duplicates(body) && counts_its_errors(body) &&
                       std::all_of(results->items.begin(), results->items.end(), plain_result);
    // An error that names nobody may be about anybody; where one alone was asked for, it is about that one.
    const bool nameless = errors && std::any_of(errors->items.begin(), errors->items.end(), [&](const node& e) {
                              const auto found = addresses_in(e);
                              return std::none_of(found.begin(), found.end(), [](const std::string& one) {
                                  return one.find('@') != std::string::npos;
                              });
                          });
    const bool about_it = nameless && changes.size() == 1;
    const index results_of = index_results(body);
    const index errors_of = index_errors(body);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const std::string one = one_spelling(changes[i].address);
        bool doubted = false, differs = false, plainly = plain;
        claim best = claim::no;
        std::size_t named = 0;
        const auto [result, last_result] = results_of.equal_range(one);
        std::for_each(result, last_result, [&](const auto& r) {
            const word w = read_result(*r.second, changes[i], one);
            if (!w.names) return;
            ++named;
            best = std::max(best, w.as_asked);
            differs = differs || w.other;
            doubted = doubted || (w.as_asked == claim::no && !w.other);
            plainly = plainly && w.as_asked == claim::yes && plain_result(*r.second);
        });
        claim error = claim::no;
        bool other_error = false;
        const auto [first_error, last_error] = errors_of.equal_range(one);
        std::for_each(first_error, last_error, [&](const auto& e) {
            const auto subscriptions = subscriptions_of(*e.second);
            const bool about_others =
                !subscriptions.empty() &&
                std::find(subscriptions.begin(), subscriptions.end(), changes[i].subscription) == subscriptions.end();
            const bool clear =
                once && e.second->is(kind::object) && !has_duplicates(*e.second) && refuses_changes(*e.second);
            if (about_others)
                other_error = true;
            else
                error = std::max(error, clear ? claim::yes : claim::arguable);
        });
        what_is_proved& says = out[i];
        if (once && listed && error == claim::no && !differs && best != claim::no) {
            says.confirms = doubted || other_error || about_it || !readable ? claim::arguable : best;
            says.plainly = plainly && named == 1 && !nameless && !other_error;
        }
        if (named == 0) says.refuses = error;
        if (named > 0 && best == claim::no) says.refuses = std::min(error, claim::arguable);
        says.other_status = differs && best == claim::no && once;  // an error beside it says no other thing
    }
}

void read_refusal(unsigned status, std::string_view body, const std::vector<asked>& changes,
                  std::vector<what_is_proved>& out) {
    // What is too large and alone cannot be made smaller.
    if (status == 413 && changes.size() == 1) out[0].refuses = claim::arguable;
    if (blames_no_row(status)) return;
    // 404 says that there is no such endpoint, unless it speaks of an object; 403 that a scope is missing, likewise.
    const auto document = read_json(body);
    const node* category = document ? document->find("category") : nullptr;
    std::vector<std::string> found;
    if (document)
        found = addresses_in(*document);
    else
        add_addresses(std::string(body), found);
    const bool about_scope = status == 403 && document && document->is(kind::object) && !document->members.empty();
    const bool about_endpoint = (status == 404 && !is_text(category, "OBJECT_NOT_FOUND")) || status == 410;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const std::string one = one_spelling(changes[i].address);
        const bool named = std::find(found.begin(), found.end(), one) != found.end();
        if (!named && changes.size() > 1) continue;
        out[i].refuses = about_scope || about_endpoint ? claim::arguable : claim::yes;
    }
}

}  // namespace

std::string excerpt(std::string_view body, const asked& change) {
    constexpr std::size_t most = 1'500;
    const auto document = read_json(body);
    if (!document) return "no JSON: " + std::string(body.substr(0, most));
    node rest = *document;
    const std::string one = one_spelling(change.address);
    for (member& m : rest.members) {
        const auto silent = [&one](const node& item) {
            const auto found = addresses_in(item);
            return std::find(found.begin(), found.end(), one) == found.end();
        };
        if (m.value.is(kind::array) && m.value.items.size() > 1) std::erase_if(m.value.items, silent);
    }
    return write_json(rest).substr(0, most);
}

std::vector<what_is_proved> read_proofs(unsigned status, std::string_view body, const std::vector<asked>& changes) {
    std::vector<what_is_proved> out(changes.size());
    if (status < 200 || status >= 300) {
        read_refusal(status, body, changes, out);
        return out;
    }
    const auto document = read_json(body);
    if (!document || !document->is(kind::object)) return out;
    const node* word = document->find("status");
    if (!is_text(word, "COMPLETE") && !is_text(word, "SUCCESS")) return out;
    read_complete(*document, changes, body.size() <= plain_bytes && depth(*document) <= plain_depth, out);
    return out;
}

}  // namespace consent_sync::random_hubspot
