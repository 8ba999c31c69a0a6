#include "simulation/bodies.hpp"

namespace consent_sync::simulation {
namespace {

std::string address_of(const line& l) { return l.address.empty() ? std::string(l.of->subscriber.view()) : l.address; }

std::string result_text(const line& l, std::string_view status) {
    return R"({"businessUnitId":0,"channel":"EMAIL","subscriberIdString":")" + address_of(l) +
           R"(","subscriptionId":)" + std::to_string(l.of->subscription) + R"(,"subscriptionName":"News","status":")" +
           std::string(status) +
           R"(","source":"Public status API, App ID:1","legalBasis":null,"legalBasisExplanation":null,)"
           R"("setStatusSuccessReason":"REQUESTED_CHANGE_OCCURRED","timestamp":"2026-01-08T06:34:39.478Z"})";
}

std::string error_text(const line& l) {
    return R"({"status":"error","category":"VALIDATION_ERROR","message":"not a valid subscriber",)"
           R"("context":{"subscriberIdString":[")" +
           address_of(l) + R"("],"subscriptionId":[")" + std::to_string(l.of->subscription) + R"("]}})";
}

}  // namespace

std::string complete_body(std::span<const line> lines) {
    std::string results;
    std::string errors;
    int error_count = 0;
    for (const line& l : lines) {
        const consent::change& c = *l.of;
        const bool out = c.is_opt_out();
        switch (l.says) {
            case line::word::as_asked:
                results += (results.empty() ? "" : ",") + result_text(l, consent::name(c.state));
                break;
            case line::word::other_status:
                results += (results.empty() ? "" : ",") + result_text(l, out ? "SUBSCRIBED" : "UNSUBSCRIBED");
                break;
            case line::word::error:
                errors += (errors.empty() ? "" : ",") + error_text(l);
                ++error_count;
                break;
            case line::word::nothing: break;
        }
    }
    std::string body = R"({"status":"COMPLETE","results":[)" + results + "]";
    if (error_count > 0) body += R"(,"numErrors":)" + std::to_string(error_count) + R"(,"errors":[)" + errors + "]";
    return body + R"(,"startedAt":"2026-01-08T06:34:39.389Z","completedAt":"2026-01-08T06:34:39.598Z"})";
}

std::string error_body(std::string_view category, std::string_view message, std::string_view more) {
    return R"({"status":"error","message":")" + std::string(message) +
           R"(","correlationId":"5a5aa01c-db51-4bb2-8a19-11fa36e2b7d6","category":")" + std::string(category) + "\"" +
           std::string(more) + "}";
}

hubspot::answer http(unsigned status, std::string body) {
    hubspot::answer a;
    a.written = true;
    a.status = status;
    a.body = std::move(body);
    a.headers.correlation_id = "5a5aa01c-db51-4bb2-8a19-11fa36e2b7d6";
    return a;
}

hubspot::answer failed(hubspot::no_answer why, bool written) {
    hubspot::answer a;
    a.failure = why;
    a.failure_detail = "as the simulated world has it";
    a.written = written;
    return a;
}

}  // namespace consent_sync::simulation
