#include "hubspot/alike_results.hpp"

#include "hubspot/body_fields.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

using base::plain_json;

void take(field of, const plain_json& value, body_result& into) {
    if (of == field::subscription && value.what == plain_json::kind::whole) into.subscription = value.number;
    if (value.what != plain_json::kind::text) return;
    switch (of) {
        case field::subscriber: into.subscriber = value.text; break;
        case field::subscription: into.subscription = parse_integer(value.text); break;
        case field::channel: into.channel = value.text; break;
        case field::status: into.status = value.text; break;
        case field::reason: into.reason = value.text; break;
        case field::timestamp: into.timestamp = value.text; break;
        default: break;
    }
}

}  // namespace

std::size_t alike_results::read(std::string_view text, body_result& into) {
    into = {};
    return shape_.read(text, [&into](base::json_shape::meaning means, const plain_json& value) {
        take(static_cast<field>(means), value, into);
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
