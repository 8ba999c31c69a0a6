#include "hubspot/classify.hpp"

#include <gtest/gtest.h>

#include <map>

#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

using k = answer_kind;

answer_kind classify_text(unsigned status, std::string_view text) { return classify(status, read_body(text)); }

// What each status means when its body is HubSpot's documented Error.
answer_kind expected(unsigned status) {
    static const std::map<unsigned, answer_kind> special{
        {401, k::unauthorized},  {402, k::misconfigured}, {403, k::scope_missing}, {404, k::misconfigured},
        {405, k::misconfigured}, {406, k::misconfigured}, {407, k::misconfigured}, {408, k::unavailable},
        {410, k::misconfigured}, {411, k::misconfigured}, {412, k::misconfigured}, {413, k::too_large},
        {414, k::misconfigured}, {415, k::misconfigured}, {416, k::misconfigured}, {417, k::misconfigured},
        {421, k::unavailable},   {423, k::locked},        {425, k::unavailable},   {426, k::misconfigured},
        {428, k::misconfigured}, {429, k::rate_limited},  {431, k::misconfigured}, {444, k::unavailable},
        {477, k::moving},        {499, k::unavailable}};
    if (const auto found = special.find(status); found != special.end()) return found->second;
    if (status < 300) return k::unclear;
    if (status < 400) return k::misconfigured;
    return status < 500 ? k::refused : k::unavailable;
}

TEST(Classify, EveryStatusWithAnErrorBody) {
    for (unsigned status = 200; status < 600; ++status)
        EXPECT_EQ(name(classify_text(status, real::documented_error)), name(expected(status))) << status;
}

TEST(Classify, EveryStatusWithABodyThatIsNotJson) {
    for (unsigned status = 200; status < 600; ++status) {
        const answer_kind kind = status == 403 ? k::forbidden : expected(status);
        EXPECT_EQ(name(classify_text(status, real::edge_timeout)), name(kind)) << status;
        EXPECT_EQ(name(classify_text(status, "")), name(kind)) << status;
    }
}

TEST(Classify, OnlyASuccessStatusIsEverJudged) {
    for (unsigned status = 0; status < 1000; ++status)
        EXPECT_EQ(classify_text(status, real::portal_example) == k::judged, status >= 200 && status < 300) << status;
}

TEST(Classify, TheGatewaysOwnStatusesAreOutages) {
    for (const unsigned status :
         {500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530, 0, 100, 600, 999})
        EXPECT_EQ(name(classify_text(status, "")), "unavailable") << status;
}

TEST(Classify, OnlyCompleteAndSuccessAreJudged) {
    const auto with_status = [](std::string_view status) {
        return classify_text(200, R"({"results":[],"status":)" + std::string(status) + "}");
    };
    EXPECT_EQ(with_status(R"("COMPLETE")"), k::judged);
    EXPECT_EQ(with_status(R"("SUCCESS")"), k::judged);
    for (const char* other :
         {R"("PENDING")", R"("PROCESSING")", R"("CANCELED")", R"("complete")", R"("COMPLETED")", R"("COMPLETE ")",
          R"("")", R"("error")", "null", "true", "200", R"(["COMPLETE"])", R"({"status":"COMPLETE"})"})
        EXPECT_EQ(with_status(other), k::unclear) << other;
    EXPECT_EQ(classify_text(200, R"({"results":[]})"), k::unclear);
    EXPECT_EQ(classify_text(200, R"({"status":"COMPLETE","status":"PENDING"})"), k::unclear);
    EXPECT_EQ(classify_text(200, R"({"status":"PENDING","status":"COMPLETE"})"), k::unclear);
}

TEST(Classify, TellsTheDailyLimitFromTheRollingOne) {
    EXPECT_EQ(classify_text(429, real::daily_limit), k::daily_limited);
    EXPECT_EQ(classify_text(429, real::rolling_limit), k::rate_limited);
    EXPECT_EQ(classify_text(429, R"({"policyName":"daily"})"), k::daily_limited);
    EXPECT_EQ(classify_text(429, R"({"message":"You have reached your daily limit."})"), k::daily_limited);
    EXPECT_EQ(classify_text(429, R"({"message":"You have reached your daily limit.","policyName":"SECONDLY"})"),
              k::rate_limited);
    EXPECT_EQ(classify_text(429, R"({"message":"You have reached your secondly limit."})"), k::rate_limited);
    EXPECT_EQ(classify_text(429, R"({"policyName":"DAILY")"), k::rate_limited) << "a body that breaks off";
}

TEST(Classify, ARefusalOfTheAccountIsHubSpotsOwnAnswerOnly) {
    EXPECT_EQ(classify_text(403, real::missing_scopes), k::scope_missing);
    EXPECT_EQ(classify_text(403, real::no_permissions), k::scope_missing);
    EXPECT_EQ(classify_text(403, R"({"message":"denied","category":"BANNED"})"), k::scope_missing);
    EXPECT_EQ(classify_text(403, R"({"message":"denied"})"), k::forbidden);
    EXPECT_EQ(classify_text(403, R"({"category":"MISSING_SCOPES"})"), k::scope_missing);
    EXPECT_EQ(classify_text(403, "<html>error code: 1020</html>"), k::forbidden);
}

TEST(Classify, AMissingObjectIsNotAMissingEndpoint) {
    EXPECT_EQ(classify_text(404, R"({"status":"error","message":"x","category":"OBJECT_NOT_FOUND"})"), k::refused);
    EXPECT_EQ(classify_text(404, R"({"status":"error","message":"x","category":"RESOURCE_NOT_FOUND"})"),
              k::misconfigured);
    EXPECT_EQ(classify_text(404, "<html>404</html>"), k::misconfigured);
}

}  // namespace
}  // namespace consent_sync::hubspot
