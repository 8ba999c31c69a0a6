// Bodies as HubSpot has sent or documented them, verbatim but for shortened addresses.
#pragma once

#include <string_view>

namespace consent_sync::hubspot::real {

inline constexpr std::string_view guide_example =
    R"({"status":"COMPLETE","results":[{"businessUnitId":0,"channel":"EMAIL","subscriberIdString":"test@husbpot.com","subscriptionId":63722844,
"status":"UNSUBSCRIBED","source":"Public status API","legalBasis":null,"legalBasisExplanation":null,
"setStatusSuccessReason":"RESUBSCRIBE_OCCURRED","timestamp":"2024-08-02T21:46:29.110Z"}],
"startedAt":"2024-08-02T21:46:29.088Z","completedAt":"2024-08-02T21:46:29.228Z"})";
inline constexpr std::string_view portal_example =
    R"({"status":"COMPLETE","results":[{"businessUnitId":0,"channel":"EMAIL","subscriberIdString":"bh@hubspot.com","subscriptionId":530858989,"subscriptionName":"Customer Service Communication","status":"SUBSCRIBED","source":"Public status API, App ID:5848098","legalBasis":"LEGITIMATE_INTEREST_PQL","legalBasisExplanation":"string","setStatusSuccessReason":"RESUBSCRIBE_OCCURRED","timestamp":"2025-01-08T06:34:39.478Z"}],"startedAt":"2025-01-08T06:34:39.389Z","completedAt":"2025-01-08T06:34:39.598Z"})";
inline constexpr std::string_view error_in_success =
    R"({"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","message":"No status for new@example.com","context":{"subscriberIdString":["new@example.com"]}}],"startedAt":"2025-01-08T06:34:39.389Z","completedAt":"2025-01-08T06:34:39.598Z"})";
inline constexpr std::string_view already_subscribed =
    R"({"status":"error","message":"ann@example.com is already subscribed to subscription 58687837","correlationId":"5a5aa01c-db51-4bb2-8a19-11fa36e2b7d6","category":"VALIDATION_ERROR"})";
inline constexpr std::string_view opted_out =
    R"({"status":"error","message":"Subscription 180551219 for a@b.com cannot be updated because they have unsubscribed","correlationId":"92d5bd9a-0000-4000-8000-000000000000","category":"VALIDATION_ERROR"})";
inline constexpr std::string_view binding_failure =
    R"({"status":"error","message":"Invalid input JSON on line 1, column 2: Cannot build PublicUpdateSubscriptionStatusRequest, some of required attributes are not set [emailAddress, subscriptionId]"})";
inline constexpr std::string_view rolling_limit =
    R"({"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT",
 "correlationId":"c93e06a4-7d61-4c3e-b63f-edf486fc6e90","policyName":"TEN_SECONDLY_ROLLING","groupName":"publicapi:hapikey-api-calls-ten-secondly:6748263"})";
inline constexpr std::string_view daily_limit =
    R"({"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT",
 "correlationId":"c033cdaa-2c40-4a64-ae48-b4cec88dad24","policyName":"DAILY","requestId":"3d3e35b7-0dae-4b9f-a6e3-9c230cbcf8dd"})";
inline constexpr std::string_view missing_scopes =
    R"({"status":"error","message":"This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.","correlationId":"11111111-2222-4333-8444-555555555555","errors":[{"message":"One or more of the following scopes are required.","context":{"requiredGranularScopes":["crm.schemas.deals.read","communication_preferences.statuses.batch.write"]}}],"links":{"scopes":"https://developers.hubspot.com/scopes"},"category":"MISSING_SCOPES"})";
inline constexpr std::string_view no_permissions =
    R"({"status":"error","message":"You do not have permissions to view this object.","correlationId":"66666666-2222-4333-8444-555555555555"})";
inline constexpr std::string_view expired_token =
    R"({"status":"error","message":"The OAuth token used to make this call expired 75 second(s) ago.","correlationId":"77777777-2222-4333-8444-555555555555","category":"EXPIRED_AUTHENTICATION","context":{"expire time":["2022-06-21T10:37:52.040Z"]}})";
inline constexpr std::string_view garbage_token =
    R"({"status":"error","message":"The OAuth token used to make this call expired 20712 day(s) ago.","correlationId":"99999999-2222-4333-8444-555555555555","category":"EXPIRED_AUTHENTICATION","context":{"expire time":["1970-01-01T00:00:00Z"]}})";
inline constexpr std::string_view no_token =
    R"({"status":"error","message":"Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview","correlationId":"88888888-2222-4333-8444-555555555555","category":"INVALID_AUTHENTICATION"})";
inline constexpr std::string_view documented_error =
    R"json({"message":"Invalid input (details will vary based on the error)","correlationId":"aeb5f871-7f07-4993-9211-075dc63e7cbf","category":"VALIDATION_ERROR","links":{"knowledge-base":"https://www.hubspot.com/products/service/knowledge-base"}})json";
inline constexpr std::string_view edge_timeout =
    "<html>\r\n<head><title>524: A timeout occurred</title></head><body>cloudflare</body></html>\r\n";

}  // namespace consent_sync::hubspot::real
