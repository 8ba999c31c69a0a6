#include "hubspot/alike_results.hpp"

#include <array>

#include "hubspot/body_fields.hpp"
#include "hubspot/text.hpp"

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
    if (value.what == plain_json::kind::text) into.subscription = parse_integer(value.text);
}

}  // namespace

std::size_t alike_results::read(std::string_view text, body_result& into) {
    into = {};
    return shape_.read(text, [&into](base::json_shape::meaning means, const plain_json& value) {
        if (const text_member member = text_members[means]; member != nullptr) {
            if (value.what == plain_json::kind::text) into.*member = value.text;
        } else if (means == static_cast<base::json_shape::meaning>(field::subscription)) {
            take_subscription(value, into);
        }
    });
}

std::size_t alike_results::learn(std::string_view text) {
    unsigned seen = 0;
    bool repeated = false;  // contradicts itself, perhaps: the parser's business
    const std::size_t size = shape_.learn(text, [&](std::string_view name) {
        const field means = result_field(name);
        const unsigned bit = means == field::none ? 0 : 1U << static_cast<unsigned>(means);
        repeated = repeated || (seen & bit) != 0;
        seen |= bit;
        return static_cast<base::json_shape::meaning>(means);
    });
    if (repeated) shape_.forget();
    return size;
}

}  // namespace consent_sync::hubspot
