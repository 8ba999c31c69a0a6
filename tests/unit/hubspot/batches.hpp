// Small vocabulary of the tests about answers.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "consent/change.hpp"
#include "hubspot/answer.hpp"

namespace consent_sync::hubspot {

inline constexpr auto subscribed = consent::status_state::subscribed;
inline constexpr auto unsubscribed = consent::status_state::unsubscribed;

inline consent::change make_change(std::string_view address, std::int64_t subscription,
                                   consent::status_state state = subscribed) {
    consent::change c;
    c.subscriber = address;
    c.subscription = subscription;
    c.state = state;
    return c;
}

inline answer make_answer(unsigned status, std::string body) {
    answer a;
    a.written = true;
    a.status = status;
    a.body = std::move(body);
    return a;
}

// An item of results[] with what the matching looks at.
inline std::string result_json(std::string_view address, std::int64_t subscription, std::string_view status) {
    return R"({"businessUnitId":0,"channel":"EMAIL","subscriberIdString":")" + std::string(address) +
           R"(","subscriptionId":)" + std::to_string(subscription) + R"(,"status":")" + std::string(status) +
           R"(","source":"Public status API","setStatusSuccessReason":"REQUESTED_CHANGE_OCCURRED",)" +
           R"("timestamp":"2025-01-08T06:34:39.478Z"})";
}

inline std::string complete(std::string_view results, std::string_view errors = "") {
    return R"({"status":"COMPLETE","results":[)" + std::string(results) + R"(],"errors":[)" + std::string(errors) +
           R"(],"startedAt":"2025-01-08T06:34:39.389Z","completedAt":"2025-01-08T06:34:39.598Z"})";
}

}  // namespace consent_sync::hubspot
