#include "random_hubspot/odd_bodies.hpp"

#include <algorithm>
#include <array>

#include "random_hubspot/addresses.hpp"
#include "random_hubspot/schema.hpp"

namespace consent_sync::random_hubspot {
namespace {

using kind = node::kind;

std::string odd_text(chance& luck) {
    return luck.pick<std::string>({"", " ", "null", "COMPLETE", "EMAIL", "\"", "\\", "/", "\u00e9\u65e5\U0001f600",
                                   std::string(1, '\0'), "\r\n", std::string(2'000, 'x'), "SUBSCRIBED", "0",
                                   "2026-11-30T12:00:00Z", "<b>no</b>", "{}"});
}

std::string digits(chance& luck) {
    return luck.pick<std::string>({"0", "-1", "7", "7.0", "8.00", "7e0", "70e-1", "7.5", "2147483648",
                                   "9007199254740993", "9223372036854775807", "9223372036854775808", "1e400", "-0",
                                   "1E2"});
}

node odd_value(chance& luck) {
    switch (luck.between(0, 8)) {
        case 0: return {};
        case 1: return node::boolean(luck.of(0.5));
        case 2: return node::number(digits(luck));
        case 3: return node::array();
        case 4: return node::object();
        case 5: return node::array({node::of(odd_text(luck)), node()});
        case 6: return node::object({{"id", node::of(odd_text(luck))}});
        case 7: {
            node deep = node::of("x");
            for (std::int64_t i = luck.pick<std::int64_t>({3, 40, 200}); i > 0; --i)
                deep = node::array({std::move(deep)});
            return deep;
        }
        default: return node::of(odd_text(luck));
    }
}

node draw(const schema_object& schema, chance& luck);

node draw(const schema_member& m, chance& luck) {
    switch (m.type) {
        case type::text: return node::of(luck.of(0.2) ? odd_text(luck) : std::string(m.name) + " of it");
        case type::word: return node::of(std::string(luck.pick(m.words)));
        case type::time: return node::of("2026-11-30T12:00:0" + std::to_string(luck.between(0, 9)) + ".123Z");
        case type::integer: return node::number(luck.between(0, 3));
        case type::texts_by_name: return node::object({{"knowledge-base", node::of("https://example.com/kb")}});
        case type::text_lists_by_name: return node::object({{"detail", node::array({node::of("of it")})}});
        case type::empty_object: return node::object();
        case type::object: return draw(*m.of, luck);
        case type::objects: {
            node list = node::array();
            for (std::int64_t i = luck.skewed(0, 2); i > 0; --i) list.items.push_back(draw(*m.of, luck));
            return list;
        }
    }
    return {};
}

node draw(const schema_object& schema, chance& luck) {
    node o = node::object();
    for (const schema_member& m : schema.members)
        if (m.required || luck.of(0.4))
            o.add(std::string(m.name), !m.required && luck.of(0.2) ? node() : draw(m, luck));
    return o;
}

void set(node& object, std::string_view name, node value) {
    if (node* there = object.find(name))
        *there = std::move(value);
    else
        object.add(std::string(name), std::move(value));
}

void shuffle_members(node& object, chance& luck) {
    for (std::size_t i = object.members.size(); i > 1; --i)
        std::swap(object.members[i - 1],
                  object.members[static_cast<std::size_t>(luck.between(0, static_cast<std::int64_t>(i) - 1))]);
}

// Another plausible value.
node another_value(const std::string& name, const node& old, const std::vector<asked>& among, chance& luck) {
    const asked& any = luck.pick(among);
    if (name == "subscriberIdString") {
        switch (luck.between(0, 5)) {
            case 0: return node::of(any.address);
            case 1: return node::of(look_alike(any.address, luck));
            case 2: return node::of(look_alike(old.is(kind::text) && !old.text.empty() ? old.text : any.address, luck));
            case 3: return node::array({old});
            case 4: return node::of(old.text + "," + any.address);
            default: return node::of(odd_text(luck));
        }
    }
    if (name == "subscriptionId") {
        switch (luck.between(0, 4)) {
            case 0: return node::number(any.subscription);
            case 1: return node::number(any.subscription == 7 ? 8 : 7);
            case 2: return node::of(old.text);
            case 3: return node::number(old.text + luck.pick<std::string>({".0", "e0", ".5", "0"}));
            default: return node::number(digits(luck));
        }
    }
    if (name == "status")
        return node::of(luck.pick<std::string>({"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED", "COMPLETE", "PENDING",
                                                "SUCCESS", "CANCELED", "subscribed", "unsubscribed", " SUBSCRIBED",
                                                "UNSUBSCRIBED ", "error", "400", "500", "OPTED_OUT"}));
    if (name == "channel") return node::of(luck.pick<std::string>({"EMAIL", "email", "SMS", "WHATSAPP", ""}));
    if (name == "category")
        return node::of(luck.pick<std::string>({"VALIDATION_ERROR", "OBJECT_NOT_FOUND", "INTERNAL_ERROR", "RATE_LIMITS",
                                                "MISSING_SCOPES", "CONFLICT", ""}));
    return odd_value(luck);
}

std::size_t any_index(std::size_t size, chance& luck) {
    return static_cast<std::size_t>(luck.between(0, static_cast<std::int64_t>(size) - 1));
}

void spoil_member(node& object, const std::vector<asked>& among, chance& luck) {
    if (object.members.empty()) {
        object.add(luck.pick<std::string>({"status", "results", "subscriberIdString", "x"}), odd_value(luck));
        return;
    }
    const std::size_t at = any_index(object.members.size(), luck);
    member& m = object.members[at];
    switch (luck.between(0, 7)) {
        case 0: object.members.erase(object.members.begin() + static_cast<std::ptrdiff_t>(at)); break;
        case 1: m.value = {}; break;
        case 2: m.value = odd_value(luck); break;
        case 3: {  // twice
            member again = m;
            if (luck.of(0.7))
                again.value = luck.of(0.4) ? odd_value(luck) : another_value(m.name, m.value, among, luck);
            const std::size_t to = any_index(object.members.size() + 1, luck);
            object.members.insert(object.members.begin() + static_cast<std::ptrdiff_t>(to), std::move(again));
            break;
        }
        case 4:
            object.add(
                luck.pick<std::string>({"Status", "results ", "subscriberIdString\u200d", "errors2", "", "message"}),
                odd_value(luck));
            break;
        case 5: shuffle_members(object, luck); break;
        default: m.value = another_value(m.name, m.value, among, luck); break;
    }
}

void spoil_list(node& list, const std::vector<asked>& among, chance& luck) {
    if (list.items.empty()) {
        list.items.push_back(luck.of(0.5) ? odd_value(luck) : result_of(luck.pick(among), luck));
        return;
    }
    const std::size_t at = any_index(list.items.size(), luck);
    const auto place = list.items.begin() + static_cast<std::ptrdiff_t>(at);
    switch (luck.between(0, 5)) {
        case 0: list.items.erase(place); break;
        case 1: {  // twice, as it is or not
            node again = list.items[at];
            if (luck.of(0.6)) spoil_member(again, among, luck);
            list.items.push_back(std::move(again));
            break;
        }
        case 2: list.items.insert(place, odd_value(luck)); break;
        case 3: {
            asked stranger = luck.pick(among);
            stranger.address = look_alike(stranger.address, luck);
            list.items.insert(place, result_of(stranger, luck));
            break;
        }
        case 4: std::swap(list.items[at], list.items[any_index(list.items.size(), luck)]); break;
        default: {
            asked other = luck.pick(among);
            other.state = luck.pick<std::string>({"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"});
            list.items.push_back(result_of(other, luck));
            break;
        }
    }
}

}  // namespace

node result_of(const asked& change, chance& luck) {
    node r = draw(public_status(), luck);
    set(r, "channel", node::of("EMAIL"));
    set(r, "subscriberIdString", node::of(change.address));
    set(r, "subscriptionId", node::number(change.subscription));
    set(r, "status", node::of(change.state));
    if (luck.of(0.2)) shuffle_members(r, luck);
    return r;
}

node complete_body(const std::vector<asked>& changes, chance& luck) {
    node body = draw(batch_response(), luck);
    body.remove("errors");
    body.remove("numErrors");
    set(body, "status", node::of(luck.of(0.1) ? "SUCCESS" : "COMPLETE"));
    node results = node::array();
    for (const asked& c : changes) results.items.push_back(result_of(c, luck));
    if (luck.of(0.3)) std::reverse(results.items.begin(), results.items.end());
    set(body, "results", std::move(results));
    if (luck.of(0.2)) shuffle_members(body, luck);
    return body;
}

node error_about(const std::vector<asked>& changes, chance& luck) {
    node e = draw(standard_error(), luck);
    set(e, "status", node::of(luck.pick<std::string>({"error", "error", "error", "400", "409", "500", "429"})));
    set(e, "category",
        node::of(luck.pick<std::string>(
            {"VALIDATION_ERROR", "VALIDATION_ERROR", "OBJECT_NOT_FOUND", "INTERNAL_ERROR", "RATE_LIMITS"})));
    node addresses = node::array();
    node subscriptions = node::array();
    std::string sentence = "not valid:";
    for (const asked& c : changes) {
        addresses.items.push_back(node::of(c.address));
        subscriptions.items.push_back(luck.of(0.8) ? node::of(std::to_string(c.subscription))
                                                   : node::number(c.subscription));
        sentence += " " + c.address;
    }
    node context = node::object();
    const std::string called = luck.pick<std::string>({"subscriberIdString", "subscriberIdString", "subscriberIdString",
                                                       "email", "emailAddress", "ids", "subscriberIdStrings"});
    context.add(called, luck.of(0.15) && changes.size() == 1 ? addresses.items[0] : addresses);
    if (luck.of(0.3)) context.add("subscriptionId", std::move(subscriptions));
    switch (luck.between(0, 9)) {
        case 0: set(e, "message", node::of(sentence + ".")); break;
        case 1:
            e.remove("context");
            set(e, "errors",
                node::array({node::object({{"message", node::of("no")}, {"context", std::move(context)}})}));
            break;
        default: set(e, "context", std::move(context)); break;
    }
    return e;
}

void add_error(node& body, node error) {
    node* errors = body.find("errors");
    if (!errors || !errors->is(kind::array)) {
        set(body, "errors", node::array());
        errors = body.find("errors");
    }
    errors->items.push_back(std::move(error));
    const auto count = static_cast<std::int64_t>(errors->items.size());
    set(body, "numErrors", node::number(count));
}

node refusal_body(const std::string& category, const std::string& message, chance& luck) {
    node body = draw(error(), luck);
    body.members.insert(body.members.begin(), {"status", node::of("error")});
    set(body, "message", node::of(message));
    set(body, "correlationId", node::of("5a5aa01c-db51-4bb2-8a19-11fa36e2b7d6"));
    if (category.empty())
        body.remove("category");
    else
        set(body, "category", node::of(category));
    return body;
}

void spoil(node& body, const std::vector<asked>& among, std::int64_t times, chance& luck) {
    for (std::int64_t i = 0; i < times; ++i) {
        node* results = body.find("results");
        node* errors = body.find("errors");
        const bool has_results = results && results->is(kind::array);
        const bool has_errors = errors && errors->is(kind::array) && !errors->items.empty();
        switch (luck.between(0, 9)) {
            case 0:
            case 1: spoil_member(body, among, luck); break;
            case 2:
            case 3:
                if (has_results) spoil_list(*results, among, luck);
                break;
            case 4: {
                std::vector<asked> about = {luck.pick(among)};
                while (luck.of(0.2)) about.push_back(luck.pick(among));
                add_error(body, error_about(about, luck));
                break;
            }
            case 5:
                if (has_errors) {
                    node& e = errors->items[any_index(errors->items.size(), luck)];
                    node* context = e.find("context");
                    spoil_member(context && context->is(kind::object) && luck.of(0.5) ? *context : e, among, luck);
                }
                break;
            default:
                if (has_results && !results->items.empty())
                    spoil_member(results->items[any_index(results->items.size(), luck)], among, luck);
                break;
        }
    }
}

std::string write_oddly(const node& body, chance& luck) {
    const double escaped = luck.pick({0.0, 0.0, 0.0, 0.02, 1.0});
    const double spaced = luck.pick({0.0, 0.0, 0.0, 0.3});
    spelling how;
    if (escaped > 0) how.escapes = [&luck, escaped] { return luck.of(escaped); };
    if (spaced > 0)
        how.space = [&luck, spaced] {
            return luck.of(spaced) ? luck.pick<std::string_view>({" ", "\n", "\t", "\r\n", "    "})
                                   : std::string_view();
        };
    return write_json(body, how);
}

std::string break_text(std::string text, chance& luck) {
    const std::size_t at = text.empty() ? 0 : any_index(text.size(), luck);
    switch (luck.between(0, 11)) {
        case 0: return text.substr(0, at);
        case 1: return text.substr(0, text.empty() ? 0 : text.size() - 1);
        case 2: return text + luck.pick<std::string>({"}", ",", "x", text, "\n{}", std::string(1, '\0')});
        case 3: return "\xef\xbb\xbf" + text;
        case 4: return text.insert(at, "\xff");
        case 5: return text.insert(at, luck.pick<std::string>({",", "\"", "{", "}", "[", "]", ":", "\\", "\n"}));
        case 6: return "/* ok */" + text;
        case 7: return "[" + text + "]";
        case 8: return "<html><body>200 OK</body></html>";
        case 9: return ")]}',\n" + text;
        case 10: return "null";
        default: return text.empty() ? text : text.erase(at, 1);
    }
}

}  // namespace consent_sync::random_hubspot
