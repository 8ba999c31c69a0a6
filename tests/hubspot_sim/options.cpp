#include "hubspot_sim/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace consent_sync::hubspot_sim {
namespace {

using outcome = base::result<void>;

base::error bad_option(std::string_view wanted, std::string_view text) {
    return {base::errc::invalid_input, std::string(wanted) + " is expected, not '" + std::string(text) + "'"};
}

template <auto Member>
outcome number(options& o, std::string_view text) {
    auto& to = o.*Member;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), to);
    if (ec != std::errc() || end != text.data() + text.size()) return bad_option("a number in range", text);
    return {};
}

template <auto Member>
outcome share(options& o, std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size() || value < 0 || value > 1) {
        return bad_option("a share between 0 and 1", text);
    }
    o.*Member = value;
    return {};
}

template <auto Member>
outcome duration(options& o, std::string_view text) {
    const auto value = parse_duration(text);
    if (!value) return value.error();
    o.*Member = *value;
    return {};
}

template <auto Member>
outcome flag(options& o, std::string_view text) {
    if (text != "true" && text != "false") return bad_option("true or false", text);
    o.*Member = text == "true";
    return {};
}

template <auto Member>
outcome text(options& o, std::string_view value) {
    (o.*Member).assign(value);
    return {};
}

// Adds a token to one list and takes it from the others.
template <auto Member>
outcome token(options& o, std::string_view value) {
    for (auto* list : {&o.tokens, &o.expired_tokens, &o.unscoped_tokens}) std::erase(*list, value);
    if constexpr (Member != nullptr) (o.*Member).emplace_back(value);
    return {};
}
constexpr std::vector<std::string> options::*no_list = nullptr;

// Switches limits off unless they are set too: this option comes before them in the table.
outcome fast_mode(options& o, std::string_view value) {
    outcome done = flag<&options::fast>(o, value);
    if (done && o.fast) o.limit_requests = 0;
    return done;
}

outcome only_token(options& o, std::string_view value) {
    o.tokens.assign(1, std::string(value));
    return {};
}

outcome subscription(options& o, std::string_view value) {
    if (value == "all") {
        o.known_subscriptions.clear();
        return {};
    }
    std::int64_t id = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), id);
    if (ec != std::errc() || end != value.data() + value.size()) return bad_option("a subscription id or 'all'", value);
    o.known_subscriptions.push_back(id);
    return {};
}

outcome faults(options& o, std::string_view value) {
    auto parsed = parse_fault_shares(value);
    if (!parsed) return parsed.error();
    o.faults = std::move(*parsed);
    return {};
}

template <class Enum>
struct word {
    std::string_view text;
    Enum value;
};

template <auto Member, const auto& Words>
outcome one_of(options& o, std::string_view text) {
    for (const auto& w : Words) {
        if (w.text != text) continue;
        o.*Member = w.value;
        return {};
    }
    std::string all;
    for (const auto& w : Words) all.append(all.empty() ? "" : ", ").append(w.text);
    return bad_option("one of " + all, text);
}

constexpr std::array certificate_words{
    word<certificate_fault>{"good", certificate_fault::none},
    word<certificate_fault>{"wrong-name", certificate_fault::wrong_name},
    word<certificate_fault>{"expired", certificate_fault::expired},
    word<certificate_fault>{"self-signed", certificate_fault::self_signed},
};
constexpr std::array tls_words{
    word<tls_version>{"1.0", tls_version::v1_0},
    word<tls_version>{"1.1", tls_version::v1_1},
    word<tls_version>{"1.2", tls_version::v1_2},
    word<tls_version>{"1.3", tls_version::v1_3},
};
constexpr std::array echo_words{
    word<echo_case>{"same", echo_case::same},
    word<echo_case>{"lower", echo_case::lower},
    word<echo_case>{"upper", echo_case::upper},
    word<echo_case>{"mixed", echo_case::mixed},
};
constexpr std::array record_words{
    word<record_level>{"none", record_level::none},
    word<record_level>{"state", record_level::state},
    word<record_level>{"full", record_level::full},
};

constexpr bool at_start = false;
constexpr bool running = true;
using o = options;

constexpr std::array entries{
    option_entry{"bind", "ADDRESS", "listen on this address only (default: loopback, IPv4 and IPv6)", at_start,
                 text<&o::bind>},
    option_entry{"port", "PORT", "0: the kernel's choice (default)", at_start, number<&o::port>},
    option_entry{"plain", "", "http instead of https", at_start, flag<&o::plain>},
    option_entry{"certificate", "KIND", "good, wrong-name, expired or self-signed", at_start,
                 one_of<&o::certificate, certificate_words>},
    option_entry{"tls-min", "VERSION", "1.0 to 1.3 (default 1.2)", at_start, one_of<&o::tls_min, tls_words>},
    option_entry{"tls-max", "VERSION", "1.0 to 1.3 (default 1.3)", at_start, one_of<&o::tls_max, tls_words>},
    option_entry{"fast", "", "answer as fast as possible: no oracle, no checks, no faults", at_start, fast_mode},
    option_entry{"threads", "N", "of the fast mode", at_start, number<&o::threads>},
    option_entry{"oracle-file", "FILE", "append applied changes as NDJSON", at_start, text<&o::oracle_file>},
    option_entry{"answers-file", "FILE", "append every answer to a batch write as NDJSON, with what was asked",
                 at_start, text<&o::answers_file>},
    option_entry{"seed", "N", "of all chance (default 1)", at_start, number<&o::seed>},
    option_entry{"record", "LEVEL", "full (default), state or none: what the oracle keeps", running,
                 one_of<&o::record, record_words>},

    option_entry{"limit-requests", "N", "requests an interval (default 190; fast mode and 0: no limit)", running,
                 number<&o::limit_requests>},
    option_entry{"limit-interval", "TIME", "default 10s", running, duration<&o::limit_interval>},
    option_entry{"daily-limit", "N", "requests a day (default 1000000)", running, number<&o::daily_limit>},
    option_entry{"daily-used", "N", "requests of the day so far; 0 is a new day", running, number<&o::daily_used>},
    option_entry{"rate-headers", "BOOL", "X-HubSpot-RateLimit-* on answers (default true)", running,
                 flag<&o::rate_headers>},
    option_entry{"oauth-style", "BOOL", "no daily limit, no daily headers", running, flag<&o::oauth_style>},
    option_entry{"retry-after", "BOOL", "Retry-After on 429", running, flag<&o::retry_after>},
    option_entry{"batch-max", "N", "inputs of one request (default 100)", running, number<&o::batch_max>},

    option_entry{"latency", "TIME", "of every answer", running, duration<&o::latency>},
    option_entry{"jitter", "TIME", "up to so much more, evenly", running, duration<&o::jitter>},
    option_entry{"slow-above", "N", "requests in flight, above which answers become slower", running,
                 number<&o::slow_above>},
    option_entry{"slow-by", "TIME", "for each request above (default 50ms)", running, duration<&o::slow_by>},
    option_entry{"refuse-above", "N", "requests in flight, above which the answer is 503", running,
                 number<&o::refuse_above>},
    option_entry{"idle-timeout", "TIME", "idle connections are closed after", running, duration<&o::idle_timeout>},

    option_entry{"success-status", "CODE", "of an answer without errors (default 200)", running,
                 number<&o::success_status>},
    option_entry{"errors-status", "CODE", "of an answer with errors: 200 (default) or 207", running,
                 number<&o::errors_status>},
    option_entry{"echo", "CASE", "same, lower (default), upper or mixed: addresses in answers", running,
                 one_of<&o::echo, echo_words>},
    option_entry{"shuffle", "BOOL", "results in another order than the inputs (default true)", running,
                 flag<&o::shuffle>},
    option_entry{"errors-grouped", "N", "addresses in one error (default 1)", running, number<&o::errors_grouped>},
    option_entry{"errors-unattributed", "BOOL", "errors name no address", running, flag<&o::errors_unattributed>},
    option_entry{"require-basis", "BOOL", "a SUBSCRIBED without legalBasis is an error", running,
                 flag<&o::require_basis>},
    option_entry{"known-subscription", "ID", "others are an error; may be repeated; 'all' forgets the list", running,
                 subscription},
    option_entry{"null-share", "SHARE", "of results whose nullable fields are null", running, share<&o::null_share>},
    option_entry{"reject-share", "SHARE", "of changes that meet an error", running, share<&o::reject_share>},
    option_entry{"missing-share", "SHARE", "of changes that are left out, unapplied", running,
                 share<&o::missing_share>},
    option_entry{"other-share", "SHARE", "of changes answered with another status", running, share<&o::other_share>},
    option_entry{"fault", "LIST", "faults and their shares of requests: 503=0.02,reset+apply=0.01", running, faults},
    option_entry{"adversary", "SEED", "answers at random from HubSpot's schema, all faults at once; 0: none", running,
                 number<&o::adversary>},

    option_entry{"only-token", "TOKEN", "accept this token alone", running, only_token},
    option_entry{"token", "TOKEN", "accept this one too; may be repeated", running, token<&o::tokens>},
    option_entry{"expired-token", "TOKEN", "is answered with 401 EXPIRED_AUTHENTICATION", running,
                 token<&o::expired_tokens>},
    option_entry{"unscoped-token", "TOKEN", "is answered with 403 MISSING_SCOPES", running, token<&o::unscoped_tokens>},
    option_entry{"drop-token", "TOKEN", "is unknown from now on: 401 INVALID_AUTHENTICATION", running, token<no_list>},
    option_entry{"client-id", "ID", "of OAuth (default sim-client)", running, text<&o::client_id>},
    option_entry{"client-secret", "TEXT", "of OAuth (default sim-secret)", running, text<&o::client_secret>},
    option_entry{"refresh-token", "TEXT", "that is valid now (default sim-refresh-token)", running,
                 text<&o::refresh_token>},
    option_entry{"expires-in", "TIME", "of OAuth access tokens (default 30m)", running, duration<&o::expires_in>},
    option_entry{"rotate-refresh-token", "BOOL", "each refresh gives a new one and ends the old", running,
                 flag<&o::rotate_refresh_token>},
    option_entry{"time-zone", "NAME", "of the account (default US/Eastern)", running, text<&o::time_zone>},
};

}  // namespace

std::span<const option_entry> option_entries() { return entries; }

base::result<void> set_option(options& to, std::string_view name, std::string_view value, bool is_running) {
    for (const option_entry& entry : entries) {
        if (entry.name != name) continue;
        if (is_running && !entry.at_run_time) {
            return base::error{base::errc::unsupported, std::string(name) + " can only be set at the start"};
        }
        outcome done = entry.set(to, value);
        if (!done) return base::error{done.error().code, std::string(name) + ": " + done.error().message};
        return {};
    }
    return base::error{base::errc::invalid_input, "there is no option '" + std::string(name) + "'"};
}

}  // namespace consent_sync::hubspot_sim
