#include "random_hubspot/answers.hpp"

#include <algorithm>
#include <ctime>

#include "random_hubspot/addresses.hpp"
#include "random_hubspot/odd_bodies.hpp"

namespace consent_sync::random_hubspot {
namespace {

using std::chrono::milliseconds;

constexpr const char* fault_names[fault_count] = {
    "odd_body",     "respelled",     "not_json",  "unclear",     "refused",      "named",         "forbidden",
    "unauthorized", "misconfigured", "too_large", "locked",      "rate_limited", "daily_limited", "moving",
    "unavailable",  "odd_status",    "lost",      "unreachable", "silent"};

std::string http_date(std::int64_t seconds) {
    const std::time_t at = seconds;
    std::tm utc{};
    gmtime_r(&at, &utc);
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[utc.tm_wday], utc.tm_mday,
                  months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return text;
}

std::string wait_text(std::int64_t now, const habits& h, chance& luck) {
    if (!h.long_waits) {
        if (luck.of(0.3)) return http_date(now + luck.pick<std::int64_t>({-86'400, -1, 0, 1}));
        return luck.pick<std::string>({"0", "1", "-1", "garbage", "1.5", "0.0001", "  ", "NaN"});
    }
    switch (luck.between(0, 5)) {
        case 0: return http_date(now + luck.pick<std::int64_t>({-86'400, -1, 0, 1, 20, 61, 3'600, 86'400, 31'536'000}));
        case 1:
            return luck.pick<std::string>({"Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
                                           "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                                           "Mon, 30 Feb 2026 00:00:00 GMT"});
        case 2:
            return luck.pick<std::string>({"garbage", "-1", "-86400", "+5", "1.5", "0.0001", "5s", "0x10", "1e3",
                                           "5, 86400", "\xef\xbc\x95", "99999999999999999999999", "NaN", "  "});
        case 3:
            return luck.pick<std::string>(
                {"86400", "86401", "604800", "1000000000000", "9223372036854775807", "4294967296"});
        default: return std::to_string(luck.pick<std::int64_t>({0, 1, 2, 5, 10, 30, 59, 60, 61, 120, 3'600}));
    }
}

void add_wait(drawn& d, std::int64_t now, const habits& h, chance& luck) {
    d.headers.emplace_back("Retry-After", wait_text(now, h, luck));
    if (luck.of(0.15)) d.headers.emplace_back("Retry-After", wait_text(now, h, luck));
}

void add_limits(drawn& d, const habits& h, chance& luck) {
    const auto add = [&](const char* name, std::string value) { d.headers.emplace_back(name, std::move(value)); };
    add("X-HubSpot-Correlation-Id", luck.of(0.9) ? "5a5aa01c-db51-4bb2-8a19-11fa36e2b7d6" : "\xc3\xa9?=; <x>");
    if (luck.of(h.odd_headers)) {
        const auto odd = [&luck] {
            return luck.pick<std::string>({"0", "1", "-1", "10", "190", "10000", "3600000", "86400000", "1000000000000",
                                           "garbage", "1.5", "9223372036854775807", ""});
        };
        for (const char* name :
             {"X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Remaining", "X-HubSpot-RateLimit-Interval-Milliseconds",
              "X-HubSpot-RateLimit-Daily", "X-HubSpot-RateLimit-Daily-Remaining", "X-HubSpot-RateLimit-Secondly"})
            if (luck.of(0.5)) add(name, odd());
        return;
    }
    if (luck.of(0.1)) return;
    add("X-HubSpot-RateLimit-Max", std::to_string(h.limit));
    add("X-HubSpot-RateLimit-Interval-Milliseconds", "10000");
    add("X-HubSpot-RateLimit-Remaining", std::to_string(luck.between(1, h.limit)));
    add("X-HubSpot-RateLimit-Daily", "1000000");
    add("X-HubSpot-RateLimit-Daily-Remaining", std::to_string(luck.between(500'000, 900'000)));
}

std::string page(chance& luck) {
    return luck.pick<std::string>({"<html><body>cloudflare</body></html>", "", "no", "{}", "[]", "null",
                                   "{\"message\":null}", "{\"status\":\"COMPLETE\",\"results\":[]}"});
}

void refuse(drawn& d, unsigned status, std::string category, const std::string& message, chance& luck) {
    d.status = status;
    d.body = write_json(refusal_body(category, message, luck));
}

// Some of the requested changes: one, a few, or all.
std::vector<asked> some_of(const std::vector<asked>& changes, chance& luck) {
    std::vector<asked> some;
    const double share = luck.pick({0.0, 0.0, 0.1, 0.5, 1.0});
    for (const asked& c : changes)
        if (luck.of(share)) some.push_back(c);
    if (some.empty()) some.push_back(luck.pick(changes));
    return some;
}

node names_in_context(const std::vector<asked>& some, chance& luck) {
    node addresses = node::array();
    for (const asked& c : some) addresses.items.push_back(node::of(c.address));
    return node::object({{luck.pick<std::string>({"subscriberIdString", "email", "ids"}), std::move(addresses)}});
}

void name_some(drawn& d, std::vector<asked> some, chance& luck) {
    d.status = luck.pick<unsigned>({400, 400, 400, 409, 422});
    std::string list;
    for (asked& c : some) {
        if (luck.of(0.05)) c.address = look_alike(c.address, luck);
        list += (list.empty() ? "" : ", ") + c.address;
    }
    node body = refusal_body("VALIDATION_ERROR", "not valid", luck);
    switch (luck.between(0, 3)) {
        case 0: *body.find("message") = node::of("Email address " + list + " is invalid"); break;
        case 1:
            body.remove("context");
            body.add("context", names_in_context(some, luck));
            break;
        case 2: {
            body.remove("errors");
            node details = node::array();
            for (const asked& c : some) {
                node detail = node::object({{"message", node::of("not valid: " + c.address)}});
                if (luck.of(0.5)) detail.add("context", names_in_context({c}, luck));
                details.items.push_back(std::move(detail));
            }
            body.add("errors", std::move(details));
            break;
        }
        default: *body.find("message") = node::of("Some addresses are invalid: [" + list + "]"); break;
    }
    d.body = write_oddly(body, luck);
}

void limit_body(drawn& d, const char* policy, const std::string& message, chance& luck) {
    d.status = 429;
    node body = node::object({{"status", node::of("error")},
                              {"message", node::of(message)},
                              {"errorType", node::of("RATE_LIMIT")},
                              {"correlationId", node::of("c93e06a4-7d61-4c3e-b63f-edf486fc6e90")}});
    if (*policy) body.add("policyName", node::of(policy));
    d.body = write_oddly(body, luck);
}

void complete(drawn& d, const node& body, chance& luck) {
    d.status = luck.pick<unsigned>({200, 200, 200, 200, 207, 201, 202});
    d.body = write_oddly(body, luck);
}

node respelled_body(std::vector<asked> changes, double share, chance& luck) {
    for (asked& c : changes)
        if (luck.of(share)) c.address = respell(c.address, luck);
    return complete_body(changes, luck);
}

void forbid(drawn& d, chance& luck) {
    if (luck.of(0.4)) {
        d.status = 403;
        d.body = "<html>forbidden by the edge</html>";
        return;
    }
    refuse(d, 403, luck.of(0.5) ? "MISSING_SCOPES" : "", "This app hasn't been granted all required scopes.", luck);
}

void draw_fault(drawn& d, const std::vector<asked>& changes, const habits& h, std::int64_t now, chance& luck) {
    switch (*d.of) {
        case fault::odd_body: {
            node body =
                luck.of(h.respells > 0 ? 0.2 : 0) ? respelled_body(changes, 0.5, luck) : complete_body(changes, luck);
            spoil(body, changes, luck.skewed(1, 3 + static_cast<std::int64_t>(changes.size())), luck);
            complete(d, body, luck);
            break;
        }
        case fault::respelled: {
            const double share = luck.pick({0.1, 1.0});
            complete(d, respelled_body(changes, share, luck), luck);
            break;
        }
        case fault::not_json: {
            complete(d, complete_body(changes, luck), luck);
            d.body = break_text(std::move(d.body), luck);
            break;
        }
        case fault::unclear: {
            node body = complete_body(changes, luck);
            *body.find("status") =
                luck.of(0.8)
                    ? node::of(luck.pick<std::string>({"PENDING", "PROCESSING", "CANCELED", "", "complete", "DONE"}))
                    : node();
            d.status = luck.pick<unsigned>({200, 202, 204, 299});
            d.body = luck.of(0.6) && d.status != 204 ? write_oddly(body, luck) : d.status == 204 ? "" : page(luck);
            break;
        }
        case fault::refused:
            refuse(d, luck.pick<unsigned>({400, 400, 400, 409, 422, 424, 451, 404, 418, 499, 408, 425}),
                   luck.of(0.8) ? "VALIDATION_ERROR" : "", "Invalid input JSON on line 1, column 2", luck);
            if (d.status == 404) refuse(d, 404, "OBJECT_NOT_FOUND", "No such subscription", luck);
            // A 404 that is not about an object means that there is no such endpoint.
            if (d.status != 404 && luck.of(0.1)) d.body = page(luck);
            break;
        case fault::named: name_some(d, some_of(changes, luck), luck); break;
        case fault::forbidden: forbid(d, luck); break;
        case fault::unauthorized:
            refuse(d, 401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired 5 second(s) ago.",
                   luck);
            break;
        case fault::misconfigured:
            d.status = luck.pick<unsigned>({301, 302, 303, 307, 308, 404, 405, 406, 410, 414, 415});
            d.body = d.status < 400 ? "" : "<html>no</html>";
            if (d.status < 400) d.headers.emplace_back("Location", "https://elsewhere.example/");
            break;
        case fault::too_large:
            d.status = 413;
            d.body = page(luck);
            break;
        case fault::locked: refuse(d, 423, "LOCKED", "The resource is locked.", luck); break;
        case fault::rate_limited: {
            const char* policy = luck.pick<const char*>({"TEN_SECONDLY_ROLLING", "SECONDLY", "", "MINUTELY"});
            limit_body(d, policy, "You have reached your limit.", luck);
            if (luck.of(0.1)) d.body = page(luck);
            if (luck.of(0.6)) add_wait(d, now, h, luck);
            break;
        }
        case fault::daily_limited:
            limit_body(d, luck.of(0.8) ? "DAILY" : "", "You have reached your daily limit.", luck);
            if (luck.of(0.3)) add_wait(d, now, h, luck);
            break;
        case fault::moving:
            d.status = 477;
            if (luck.of(0.8)) add_wait(d, now, h, luck);
            break;
        case fault::unavailable:
            d.status =
                luck.pick<unsigned>({500, 501, 502, 503, 503, 504, 507, 520, 521, 522, 523, 524, 525, 526, 530, 599});
            d.body = page(luck);
            break;
        case fault::odd_status:
            d.status = luck.pick<unsigned>({218, 226, 300, 304, 402, 419, 420, 421, 426, 428, 431,
                                            440, 444, 449, 450, 460, 494, 498, 600, 700, 999});
            d.body = luck.of(0.3) ? write_oddly(complete_body(changes, luck), luck) : page(luck);
            break;
        case fault::lost:
            complete(d, complete_body(changes, luck), luck);
            d.how = luck.pick({drawn::way::cut, drawn::way::lost, drawn::way::dead, drawn::way::dead});
            break;
        case fault::unreachable: d.how = drawn::way::unreachable; break;
        case fault::silent: d.how = drawn::way::silent; break;
    }
}

// A requested change without proof is applied at once, later, or never, unless the answer says that it was refused.
void draw_effects(drawn& d, const std::vector<asked>& changes, const habits& h, chance& luck) {
    d.applied.assign(changes.size(), std::nullopt);
    if (d.how == drawn::way::unreachable || d.how == drawn::way::dead) return;
    const bool whole = d.how == drawn::way::answered;
    const bool told = whole && d.status >= 200 && d.status < 300;
    const bool refused = whole && d.status >= 300 && d.status < 500;
    if (refused) return;
    const auto proofs = told ? read_proofs(d.status, d.body, changes) : std::vector<what_is_proved>(changes.size());
    const bool all = luck.of(0.5);
    const bool late = luck.of(0.5);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const what_is_proved& p = proofs[i];
        const bool good = nature_of(changes[i].address) == nature::good;
        if (p.confirms != claim::no) {
            d.applied[i] = milliseconds(0);
        } else if (good && p.refuses == claim::no && !p.other_status && luck.of(all ? 1 : 0.3)) {
            d.applied[i] = late ? milliseconds(luck.between(0, h.late_most.count())) : milliseconds(0);
        }
    }
}

}  // namespace

std::string_view name(fault f) { return fault_names[static_cast<std::size_t>(f)]; }

habits draw_habits(const std::vector<fault>& among, chance& luck) {
    habits h;
    h.good = luck.pick({0.0, 0.3, 0.7, 0.9});
    const double sparse = luck.pick({0.0, 0.5, 0.8});
    for (const fault f : among)
        if (!luck.of(sparse)) h.weight(f) = static_cast<double>(luck.skewed(1, 100));
    if (!among.empty()) h.weight(luck.pick(among)) += 20;
    h.retry_after = luck.pick({0.0, 0.1, 0.8});
    h.limit = luck.pick<std::uint32_t>({100, 190, 250});
    h.delay_most = milliseconds(luck.pick<int>({20, 300, 5'000}));
    return h;
}

nature nature_of(std::string_view address) {
    const std::string one = one_spelling(address);
    if (one.starts_with("named-")) return nature::named;
    if (one.starts_with("unnamed-")) return nature::unnamed;
    if (one.starts_with("error-")) return nature::error;
    return nature::good;
}

std::string drawn::bytes() const {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " \r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    if (status != 204 && status != 304) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

drawn good_answer(const std::vector<asked>& changes, const habits& h, std::int64_t now, chance& luck) {
    drawn d;
    d.delay = milliseconds(luck.between(1, h.delay_most.count()));
    std::vector<asked> named, wrong, good;
    bool unnamed = false;
    for (const asked& c : changes) {
        switch (nature_of(c.address)) {
            case nature::named: named.push_back(c); break;
            case nature::unnamed: unnamed = true; break;
            case nature::error: wrong.push_back(c); break;
            case nature::good: good.push_back(c); break;
        }
    }
    if (unnamed) {
        refuse(d, 400, "VALIDATION_ERROR", "Invalid input JSON on line 1, column 2", luck);
    } else if (!named.empty()) {
        refuse(d, 400, "VALIDATION_ERROR", "not valid", luck);
        node body = *read_json(d.body);
        body.remove("errors");
        node details = node::array();
        for (const asked& c : named)
            details.items.push_back(
                node::object({{"message", node::of("Email address " + c.address + " is invalid")}}));
        body.add("errors", std::move(details));
        d.body = write_json(body);
    } else {
        node body = respelled_body(good, h.respells, luck);
        for (const asked& c : wrong) {
            node e = node::object({{"status", node::of("error")},
                                   {"category", node::of("VALIDATION_ERROR")},
                                   {"message", node::of("not a valid subscriber")}});
            e.add("context",
                  node::object({{"subscriberIdString", node::array({node::of(c.address)})},
                                {"subscriptionId", node::array({node::of(std::to_string(c.subscription))})}}));
            add_error(body, std::move(e));
        }
        d.status = 200;
        d.body = write_json(body);
    }
    d.headers.emplace_back("Content-Type", "application/json;charset=utf-8");
    d.headers.emplace_back("Date", http_date(now));
    add_limits(d, h, luck);
    draw_effects(d, changes, h, luck);
    return d;
}

drawn draw_answer(const std::vector<asked>& changes, const habits& h, std::int64_t now, chance& luck) {
    double sum = 0;
    for (const double w : h.weights) sum += w;
    if (sum <= 0 || luck.of(h.good)) return good_answer(changes, h, now, luck);
    drawn d;
    double at = sum * static_cast<double>(luck.between(0, 999'999)) / 1e6;
    std::size_t which = 0;
    while (which + 1 < fault_count && (at >= h.weights[which] || h.weights[which] <= 0)) at -= h.weights[which++];
    if (h.weights[which] <= 0) return good_answer(changes, h, now, luck);
    d.of = static_cast<fault>(which);
    d.delay = milliseconds(luck.between(0, h.delay_most.count()));
    draw_fault(d, changes, h, now, luck);
    if (luck.of(0.9)) d.headers.emplace_back("Content-Type", luck.of(0.8) ? "application/json" : "text/html");
    if (luck.of(0.9)) d.headers.emplace_back("Date", http_date(now));
    const bool waits =
        std::any_of(d.headers.begin(), d.headers.end(), [](const auto& x) { return x.first == "Retry-After"; });
    if (d.status >= 400 && !waits && luck.of(h.retry_after)) add_wait(d, now, h, luck);
    add_limits(d, h, luck);
    d.cut_at = static_cast<std::size_t>(luck.between(0, static_cast<std::int64_t>(d.bytes().size()) - 1));
    draw_effects(d, changes, h, luck);
    return d;
}

}  // namespace consent_sync::random_hubspot
