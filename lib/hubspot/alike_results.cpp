#include "hubspot/alike_results.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "hubspot/body_fields.hpp"

namespace consent_sync::hubspot {
namespace {

using base::plain_json;

// Where the text of a field goes; nullptr: nowhere.
using text_member = std::string_view body_result::*;
constexpr auto text_members = [] {
    std::array<text_member, field_count> members{};
    members.fill(nullptr);  // g++ 12 makes {} of it the first member, not none
    const auto put = [&members](field of, text_member into) { members[static_cast<std::size_t>(of)] = into; };
    put(field::subscriber, &body_result::subscriber);
    put(field::channel, &body_result::channel);
    put(field::status, &body_result::status);
    put(field::reason, &body_result::reason);
    put(field::timestamp, &body_result::timestamp);
    return members;
}();

void take_subscription(const plain_json& value, body_result& into) {
    if (value.what == plain_json::kind::whole) into.subscription = value.number;
    if (value.what == plain_json::kind::text) into.subscription = read_subscription(value.text);
}

}  // namespace

std::size_t alike_results::read(std::string_view text, body_result& into) {
    into = {};
    const std::size_t size = shape_.read(text, [&into](base::json_shape::meaning means, const plain_json& value) {
        if (const text_member member = text_members[means]; member != nullptr) {
            if (value.what == plain_json::kind::text) into.*member = value.text;
            if (means == static_cast<base::json_shape::meaning>(field::channel))
                into.unsound = value.what != plain_json::kind::null && into.channel.empty();
        } else if (means == static_cast<base::json_shape::meaning>(field::subscription)) {
            take_subscription(value, into);
        }
    });
    return into.unsound ? 0 : size;
}

std::size_t alike_results::learn(std::string_view text) {
    std::vector<std::string_view> names;
    bool repeated = false;  // contradicts itself: the parser's business
    const std::size_t size = shape_.learn(text, [&](std::string_view name) {
        repeated =
            repeated || names.size() == members_max || std::find(names.begin(), names.end(), name) != names.end();
        if (!repeated) names.push_back(name);
        return static_cast<base::json_shape::meaning>(result_field(name));
    });
    if (repeated) shape_.forget();
    return size;
}

}  // namespace consent_sync::hubspot
