// The content of a simulated world: files, their rows, and how HubSpot treats each row.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "consent/change.hpp"
#include "consent/key.hpp"
#include "consent/verdict.hpp"

namespace consent_sync::simulation {

// Thrown when a promise is broken; names the promise and what happened.
class broken_promise : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// How HubSpot treats a change, in every request.
enum class nature {
    good,
    error_in_answer,  // 200, and an error that names it
    refuses_batch,    // 400 for the whole batch, without a name
    refuses_named,    // 400 for the whole batch, with the address of the first such change in the message
    refuses_each,     // 400 for the whole batch, with the addresses of all such changes
    not_found,        // 404 OBJECT_NOT_FOUND for the whole batch
    edge_forbids,     // 403 of an edge that dislikes the body
    other_status,     // 200, and a result with another status
    silent,           // applied, but never named, until the faults end
    misnamed,         // applied, and answered as requested but under an address that was never sent, for ever
};
inline void PrintTo(nature n, std::ostream* out) {
    constexpr const char* names[] = {"Good",     "ErrorInAnswer", "RefusesBatch", "RefusesNamed", "RefusesEach",
                                     "NotFound", "EdgeForbids",   "OtherStatus",  "Silent",       "Misnamed"};
    *out << names[static_cast<int>(n)];
}
inline bool is_bad(nature n) { return n != nature::good && n != nature::silent && n != nature::misnamed; }

// One domain in several spellings; HubSpot may use any of them in answers. Addresses with this domain and the same
// local part belong to one person.
inline constexpr std::array<std::string_view, 4> domain_spellings{"ex\xc3\xa4mple.org", "xn--exmple-cua.org",
                                                                  "exa\xcc\x88mple.org", "EX\xc3\x84MPLE.ORG"};
inline std::string in_spelling(std::string_view address, std::size_t which) {
    const std::size_t domain = address.find('@') + 1;
    const bool has_it =
        std::find(domain_spellings.begin(), domain_spellings.end(), address.substr(domain)) != domain_spellings.end();
    std::string other(address.substr(0, has_it ? domain : address.size()));
    return has_it ? other += domain_spellings[which % domain_spellings.size()] : other;
}

struct planned_row {
    consent::change change;  // without id
    nature what = nature::good;
    bool invalid = false;     // refused by the reader
    consent::place original;  // its change_id
};

struct planned_file {
    base::steady_time::duration arrives{};  // after the start
    std::vector<planned_row> rows;
    bool held = false;  // waits for a release
    base::steady_time::duration released_after{};
    bool with_previous = false;  // it arrived together with the file before it in the plan
    bool redrop = false;         // its rows are chosen at its arrival from earlier rows, with their change_id
};

inline std::string key_of(const consent::change& c) {
    return consent::lower(in_spelling(c.subscriber, 1)) + "/" + std::to_string(c.subscription);
}

inline consent::change make_change(std::string subscriber, consent::status_state state, std::int64_t subscription = 7) {
    consent::change c;
    c.subscriber = std::move(subscriber);
    c.subscription = subscription;
    c.state = state;
    return c;
}
inline consent::change opt_in(std::string subscriber) {
    return make_change(std::move(subscriber), consent::status_state::subscribed);
}
inline consent::change opt_out(std::string subscriber) {
    return make_change(std::move(subscriber), consent::status_state::unsubscribed);
}

}  // namespace consent_sync::simulation
