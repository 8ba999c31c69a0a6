#include "hubspot_sim/binding.hpp"

#include <algorithm>
#include <array>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <span>

namespace consent_sync::hubspot_sim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 1> channels{"EMAIL"};
constexpr std::array<std::string_view, 3> statuses{"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"};
constexpr std::array<std::string_view, 7> bases{"LEGITIMATE_INTEREST_PQL",   "LEGITIMATE_INTEREST_CLIENT",
                                                "LEGITIMATE_INTEREST_OTHER", "PERFORMANCE_OF_CONTRACT",
                                                "CONSENT_WITH_NOTICE",       "NON_GDPR",
                                                "PROCESS_AND_STORE"};

base::error refuse(std::string_view body, std::size_t offset, const std::string& reason) {
    const std::string_view before = body.substr(0, offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n');
    const std::size_t column = offset - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
    return {base::errc::invalid_input, "Invalid input JSON on line " + std::to_string(line) + ", column " +
                                           std::to_string(column) + ": " + reason};
}

std::string join(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

// The binding treats null like an absent member.
const json::value* find(const json::object& object, std::string_view field) {
    const json::value* value = object.if_contains(field);
    return value && !value->is_null() ? value : nullptr;
}

// Each bind_* returns the reason for a failure, or nothing.
using reason = std::optional<std::string>;

reason bind_word(const json::object& object, std::string_view field, std::span<const std::string_view> words,
                 std::string_view& to) {
    const json::value* value = find(object, field);
    if (!value) return std::nullopt;
    if (!value->is_string()) {
        return "Cannot deserialize value of field `" + std::string(field) + "`: a string is expected";
    }
    const std::string_view text(value->get_string().data(), value->get_string().size());
    const auto found = std::find(words.begin(), words.end(), text);
    if (found == words.end()) {
        return "Cannot deserialize value of field `" + std::string(field) + "` from String \"" + std::string(text) +
               "\": not one of the values accepted for Enum class: [" + join(words) + "]";
    }
    to = *found;
    return std::nullopt;
}

reason bind_text(const json::object& object, std::string_view field, std::optional<std::string>& to) {
    const json::value* value = find(object, field);
    if (!value) return std::nullopt;
    if (!value->is_string()) {
        return "Cannot deserialize value of field `" + std::string(field) + "`: a string is expected";
    }
    to.emplace(value->get_string().data(), value->get_string().size());
    return std::nullopt;
}

reason bind_number(const json::object& object, std::string_view field, std::optional<std::int64_t>& to) {
    const json::value* value = find(object, field);
    if (!value) return std::nullopt;
    if (!value->is_int64()) {
        return "Cannot deserialize value of field `" + std::string(field) + "`: an integer is expected";
    }
    to = value->get_int64();
    return std::nullopt;
}

reason missing_of(const input& in, bool has_subscriber, bool has_subscription) {
    std::vector<std::string_view> missing;
    if (in.channel.empty()) missing.push_back("channel");
    if (in.status.empty()) missing.push_back("statusState");
    if (!has_subscriber) missing.push_back("subscriberIdString");
    if (!has_subscription) missing.push_back("subscriptionId");
    if (missing.empty()) return std::nullopt;
    return "Cannot build PublicStatusRequest, some of required attributes are not set [" + join(missing) + "]";
}

reason bind_input(const json::value& value, input& in) {
    if (!value.is_object()) return "Cannot construct instance of PublicStatusRequest: an object is expected";
    const json::object& object = value.get_object();
    std::optional<std::string> subscriber;
    std::optional<std::int64_t> subscription;
    if (reason why = bind_text(object, "subscriberIdString", subscriber)) return why;
    if (reason why = bind_number(object, "subscriptionId", subscription)) return why;
    if (reason why = bind_word(object, "channel", channels, in.channel)) return why;
    if (reason why = bind_word(object, "statusState", statuses, in.status)) return why;
    if (reason why = bind_word(object, "legalBasis", bases, in.basis)) return why;
    if (reason why = bind_text(object, "legalBasisExplanation", in.explanation)) return why;
    if (reason why = missing_of(in, subscriber.has_value(), subscription.has_value())) return why;
    in.subscriber = std::move(*subscriber);
    in.subscription = *subscription;
    return std::nullopt;
}

}  // namespace

base::result<std::vector<input>> bind_inputs(std::string_view body) {
    json::stream_parser parser;
    json::error_code ec;
    const std::size_t read = parser.write_some(body.data(), body.size(), ec);
    if (!ec && !parser.done()) parser.finish(ec);
    if (!ec && body.substr(read).find_first_not_of(" \t\r\n") != std::string_view::npos) {
        ec = json::make_error_code(json::error::extra_data);
    }
    if (ec) return refuse(body, read, ec.message());
    const json::value document = parser.release();

    const json::value* inputs = document.is_object() ? find(document.get_object(), "inputs") : nullptr;
    if (!inputs) {
        return refuse(body, std::min<std::size_t>(1, body.size()),
                      "Cannot build BatchInputPublicStatusRequest, some of required attributes are not set [inputs]");
    }
    if (!inputs->is_array()) {
        return refuse(body, std::min<std::size_t>(1, body.size()),
                      "Cannot deserialize value of field `inputs`: an array is expected");
    }
    std::vector<input> bound;
    bound.reserve(inputs->get_array().size());
    for (const json::value& value : inputs->get_array()) {
        input in;
        if (const reason why = bind_input(value, in)) {
            return refuse(body, offset_of_input(body, bound.size()) + 1, *why);
        }
        bound.push_back(std::move(in));
    }
    return bound;
}

std::string lower_address(std::string_view address) {
    constexpr std::string_view white = " \t\r\n\v\f";
    const std::size_t first = address.find_first_not_of(white);
    if (first == std::string_view::npos) return "";
    address = address.substr(first, address.find_last_not_of(white) - first + 1);
    std::string lowered(address);
    for (char& c : lowered) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lowered;
}

std::string key_of(std::string_view subscriber, std::int64_t subscription, std::string_view channel) {
    std::string key = lower_address(subscriber);
    key.append("\n").append(std::to_string(subscription)).append("\n").append(channel);
    return key;
}

// Walks the tokens of a body that is known to be JSON: depth 1 is the document, 2 its "inputs", 3 an input.
// Other arrays of the document count as "inputs" too; no client sends any.
std::size_t offset_of_input(std::string_view body, std::size_t index) {
    int depth = 0;
    bool in_string = false;
    bool element_due = false;  // at depth 2, a value is expected
    std::size_t seen = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const char c = body[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        if (depth == 2 && element_due && c != ']') {
            if (seen == index) return i;
            ++seen;
            element_due = false;
        }
        if (c == '"') in_string = true;
        if (c == '{' || c == '[') {
            ++depth;
            element_due = depth == 2 && c == '[';
        }
        if (c == '}' || c == ']') --depth;
        if (c == ',' && depth == 2) element_due = true;
    }
    return 0;
}

}  // namespace consent_sync::hubspot_sim
