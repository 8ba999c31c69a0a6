#include "hubspot_sim/control.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "hubspot_sim/oracle_text.hpp"
#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

namespace json = boost::json;

base::error bad(std::string message) { return {base::errc::invalid_input, std::move(message)}; }

// A scalar as it would be written on the command line.
std::string scalar_text(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string().data(), value.get_string().size());
    return json::serialize(value);
}

base::result<fault> read_fault(const json::value& item) {
    if (!item.is_object()) return parse_fault(scalar_text(item));
    const json::object& object = item.get_object();
    const json::value* kind = object.if_contains("fault");
    if (!kind) return bad("an object of the script wants a 'fault'");
    auto f = parse_fault(scalar_text(*kind));
    if (!f) return f;
    if (const json::value* text = object.if_contains("body")) {
        f->body = fault_body::custom;
        f->text = scalar_text(*text);
    }
    if (const json::value* headers = object.if_contains("headers"); headers && headers->is_object()) {
        for (const auto& [name, value] : headers->get_object()) {
            f->headers.emplace_back(std::string(name.data(), name.size()), scalar_text(value));
        }
    }
    if (const json::value* times = object.if_contains("times"); times && times->is_int64()) {
        f->repeat = static_cast<std::uint32_t>(times->get_int64());
    }
    return f;
}

bool is_for_token(const json::value& item) {
    const json::value* endpoint = item.is_object() ? item.get_object().if_contains("endpoint") : nullptr;
    return endpoint && scalar_text(*endpoint) == "token";
}

reply ndjson(std::string body) {
    reply r;
    r.content_type = "application/x-ndjson";
    r.body = std::move(body);
    return r;
}

// ?since=N: only records with a higher number. ?subscriber=A: only this address, case ignored.
struct record_filter {
    std::uint64_t since = 0;
    std::string subscriber;

    explicit record_filter(std::string_view query) : subscriber(lower_address(form_value(query, "subscriber"))) {
        const std::string text = form_value(query, "since");
        std::from_chars(text.data(), text.data() + text.size(), since);
    }
    bool wants(const change_record& c) const {
        return c.sequence > since && (subscriber.empty() || c.subscriber == subscriber);
    }
};

std::string change_lines(const std::vector<change_record>& changes, const record_filter& filter) {
    std::string lines;
    for (const change_record& c : changes) {
        if (filter.wants(c)) append_line(lines, c);
    }
    return lines;
}

reply serve_get(const account& a, const request_head& head) {
    const std::string_view what = head.path().substr(control_prefix.size());
    const record_filter filter(head.query());
    if (what == "counters") {
        reply r;
        r.body = format_counters(a.counters());
        return r;
    }
    std::string lines;
    bool known = true;
    a.read([&](const oracle& o) {
        if (what == "oracle.ndjson") {
            lines = change_lines(o.applied(), filter);
        } else if (what == "received.ndjson") {
            lines = change_lines(o.received(), filter);
        } else if (what == "requests.ndjson") {
            for (const request_record& r : o.requests()) {
                if (r.number > filter.since) append_line(lines, r);
            }
        } else if (what == "state.ndjson") {
            for (const auto& [key, state] : o.states()) {
                const bool wanted = filter.subscriber.empty() || key.substr(0, key.find('\n')) == filter.subscriber;
                if (wanted) append_line(lines, key, state);
            }
        } else {
            known = false;
        }
    });
    return known ? ndjson(std::move(lines)) : not_found_reply(head.path(), "");
}

reply outcome_reply(const base::result<void>& done) {
    reply r;
    r.status = done ? 200 : 400;
    r.body = done ? "{\"ok\":true}\n" : "{\"ok\":false,\"message\":" + quoted(done.error().message) + "}\n";
    return r;
}

}  // namespace

base::result<void> read_script(account& a, std::string_view body) {
    json::error_code ec;
    const json::value document = json::parse(body, ec);
    if (ec) return bad("the script is no JSON: " + ec.message());
    if (!document.is_array()) return bad("the script wants to be a list");
    std::vector<fault> requests;
    std::vector<fault> token_requests;
    for (const json::value& item : document.get_array()) {
        auto f = read_fault(item);
        if (!f) return f.error();
        (is_for_token(item) ? token_requests : requests).push_back(std::move(*f));
    }
    a.script(std::move(requests));
    a.script_token(std::move(token_requests));
    return {};
}

base::result<void> read_options(account& a, std::string_view body) {
    json::error_code ec;
    const json::value document = json::parse(body, ec);
    if (ec) return bad("the options are no JSON: " + ec.message());
    if (!document.is_object()) return bad("the options want to be an object");
    for (const auto& [name, value] : document.get_object()) {
        const std::string option(name.data(), name.size());
        if (!value.is_array()) {
            auto done = a.set(option, scalar_text(value));
            if (!done) return done;
            continue;
        }
        for (const json::value& item : value.get_array()) {
            auto done = a.set(option, scalar_text(item));
            if (!done) return done;
        }
    }
    return {};
}

reply serve_control(account& a, const request_head& head, std::string_view body) {
    if (head.method == "GET") return serve_get(a, head);
    if (head.method == "POST" && head.path() == "/sim/script") return outcome_reply(read_script(a, body));
    if (head.method == "POST" && head.path() == "/sim/options") return outcome_reply(read_options(a, body));
    if (head.method == "DELETE" && head.path() == "/sim/script") {
        a.clear_script();
        return outcome_reply({});
    }
    return not_found_reply(head.path(), "");
}

}  // namespace consent_sync::hubspot_sim
