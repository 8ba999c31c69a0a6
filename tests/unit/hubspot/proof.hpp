// An independent reading of an answer, to hold the judge to: does the body say that a change was applied?
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "consent/change.hpp"
#include "consent/key.hpp"

namespace consent_sync::hubspot {

inline bool names_subscription(const boost::json::value& value, std::int64_t wanted) {
    if (value.is_int64()) return value.get_int64() == wanted;
    return value.is_string() && value.get_string() == std::to_string(wanted);
}

// The document model keeps the last of two members of one name, so it is only asked whether a proof is
// possible.
inline bool is_proven(std::string_view text, const consent::change& c) {
    boost::system::error_code ec;
    const boost::json::value root = boost::json::parse(boost::json::string_view(text.data(), text.size()), ec);
    if (ec || !root.is_object()) return false;
    const boost::json::value* results = root.get_object().if_contains("results");
    if (!results || !results->is_array()) return false;
    for (const boost::json::value& item : results->get_array()) {
        if (!item.is_object()) continue;
        const auto& result = item.get_object();
        const auto *address = result.if_contains("subscriberIdString"), *id = result.if_contains("subscriptionId"),
                   *status = result.if_contains("status");
        if (!address || !id || !status || !address->is_string() || !status->is_string()) continue;
        const std::string_view trimmed = consent::trim(std::string_view(address->get_string()));
        if (consent::same_subscriber(trimmed, c.subscriber) && names_subscription(*id, c.subscription) &&
            status->get_string() == boost::json::string_view(consent::name(c.state)))
            return true;
    }
    return false;
}

}  // namespace consent_sync::hubspot
