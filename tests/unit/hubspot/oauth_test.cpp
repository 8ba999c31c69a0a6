#include "hubspot/oauth.hpp"

#include <gmock/gmock.h>

#include "base/log.hpp"
#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

token_failure failure_of(unsigned status, std::string body, std::optional<std::string> retry_after = std::nullopt) {
    answer a = make_answer(status, std::move(body));
    a.headers.retry_after = std::move(retry_after);
    const auto read = parse_token_answer(a, {});
    EXPECT_TRUE(std::holds_alternative<token_failure>(read));
    return std::holds_alternative<token_failure>(read) ? std::get<token_failure>(read) : token_failure{};
}

std::optional<token_grant> grant_of(std::string body) {
    const auto read = parse_token_answer(make_answer(200, std::move(body)), {});
    if (!std::holds_alternative<token_grant>(read)) return std::nullopt;
    return std::get<token_grant>(read);
}

TEST(OAuth, AsksWithAnEncodedForm) {
    EXPECT_EQ(encode_refresh_request({"id-1", "s e+c/r=e&t%", "r~_.-\xc3\xa4"}),
              "grant_type=refresh_token&client_id=id-1&client_secret=s%20e%2Bc%2Fr%3De%26t%25&refresh_token="
              "r~_.-%C3%A4");
}

TEST(OAuth, ReadsAGrant) {
    const auto grant =
        grant_of(R"({"token_type":"bearer","access_token":"CKj-access-0001","expires_in":1800,)"
                 R"("refresh_token":"na1-refresh-0002","token_use":"access_token","hub_id":1,"scopes":["oauth"]})");
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->access_token, "CKj-access-0001");
    EXPECT_EQ(grant->expires_in, 1800s);
    EXPECT_EQ(grant->refresh_token, "na1-refresh-0002");
    EXPECT_THAT(base::redact("CKj-access-0001 na1-refresh-0002"), Not(HasSubstr("000")));
}

TEST(OAuth, AGrantMayLackAllButTheToken) {
    const auto grant = grant_of(R"({"access_token":"t"})");
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->expires_in, 1800s);
    EXPECT_EQ(grant->refresh_token, std::nullopt);
    EXPECT_EQ(grant_of(R"({"access_token":"t","expires_in":"600"})")->expires_in, 600s);
    EXPECT_EQ(grant_of(R"({"access_token":"t","expires_in":-5})")->expires_in, 10s);
    EXPECT_EQ(grant_of(R"({"access_token":"t","expires_in":9223372036854775807})")->expires_in, 720h);
    EXPECT_EQ(grant_of(R"({"access_token":"t","expires_in":null,"refresh_token":null})")->expires_in, 1800s);
}

TEST(OAuth, ASuccessWithoutATokenIsNone) {
    for (const char* body :
         {"", "{}", "[]", R"({"access_token":""})", R"({"access_token":null})", R"({"access_token":"a b"})",
          R"({"access_token":"a\r\nX: y"})", R"({"access_token":"t")", "<html></html>"})
        EXPECT_EQ(failure_of(200, body).trouble, token_trouble::unavailable) << body;
}

TEST(OAuth, ARevokedRefreshTokenNeedsTheOperator) {
    const auto failure = failure_of(
        400,
        R"({"error":"invalid_grant","error_description":"refresh token is invalid, expired or revoked","status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"})");
    EXPECT_EQ(failure.trouble, token_trouble::denied);
    EXPECT_EQ(failure.words.category, "BAD_REFRESH_TOKEN");
    EXPECT_EQ(failure.words.message, "refresh token is invalid, expired or revoked");
    EXPECT_THAT(explain(failure), HasSubstr("hubspot.oauth.refresh_token_file"));
}

TEST(OAuth, TellsTroubleFromDenial) {
    const auto trouble = [](unsigned status, const char* body) { return failure_of(status, body).trouble; };
    for (const char* body :
         {R"({"status":"BAD_CLIENT_ID"})", R"({"status":"BAD_CLIENT_SECRET"})", R"({"error":"invalid_client"})",
          R"({"error":"access_denied","status":"BAD_HUB"})", R"({"error":"invalid_grant"})", "", "<html>"})
        for (const unsigned status : {400, 401, 403, 404, 302})
            EXPECT_EQ(trouble(status, body), token_trouble::denied) << status << body;
    EXPECT_EQ(trouble(400, R"({"error":"temporarily_unavailable"})"), token_trouble::unavailable);
    EXPECT_EQ(trouble(429, R"({"message":"You have reached your rate limit."})"), token_trouble::rate_limited);
    for (const unsigned status : {408, 423, 477, 500, 502, 503, 504, 524, 530, 0})
        EXPECT_EQ(trouble(status, R"({"error":"invalid_grant"})"), token_trouble::unavailable) << status;
}

TEST(OAuth, HonoursRetryAfterOfTheTokenEndpoint) {
    EXPECT_EQ(failure_of(429, "", "7").retry_after, 7s);
    EXPECT_EQ(failure_of(503, "", "x").retry_after, std::nullopt);
}

TEST(OAuth, NoAnswerIsUnavailable) {
    answer a;
    a.failure = no_answer::tls_failed;
    a.failure_detail = "certificate verify failed";
    const auto read = parse_token_answer(a, {});
    ASSERT_TRUE(std::holds_alternative<token_failure>(read));
    EXPECT_EQ(std::get<token_failure>(read).trouble, token_trouble::unavailable);
    EXPECT_THAT(explain(std::get<token_failure>(read)), HasSubstr("certificate verify failed"));
}

TEST(OAuth, TheCommonErrorsStatusIsNoCategory) {
    EXPECT_EQ(failure_of(400, R"({"status":"error","category":"VALIDATION_ERROR","message":"m"})").words.category,
              "VALIDATION_ERROR");
}

TEST(OAuth, ATokenIsRenewedAheadOfItsEnd) {
    EXPECT_EQ(renewal_delay(1800s), 1440s) << "80 %";
    EXPECT_EQ(renewal_delay(24h), 69120s) << "80 %";
    EXPECT_EQ(renewal_delay(1500s), 1200s) << "both";
    EXPECT_EQ(renewal_delay(1200s), 900s) << "5 minutes before";
    EXPECT_EQ(renewal_delay(600s), 300s) << "5 minutes before";
    EXPECT_EQ(renewal_delay(300s), 150s) << "half";
    EXPECT_EQ(renewal_delay(10s), 5s) << "half";
}

}  // namespace
}  // namespace consent_sync::hubspot
