#include "hubspot/judge.hpp"

#include <gmock/gmock.h>

#include "base/log.hpp"
#include "hubspot/explain.hpp"
#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const base::wall_time now = base::from_unix_ms(1'736'318'079'000);
const std::vector bh{make_change("BH@hubspot.com", 530858989)};

judgement judge_text(std::span<const consent::change> batch, unsigned status, std::string_view text) {
    return judge(batch, make_answer(status, std::string(text)), now);
}

TEST(Judge, ConfirmsWithTheReasonAndTheTimeOfHubSpot) {
    const auto j = judge_text(bh, 200, real::portal_example);
    EXPECT_EQ(j.kind, answer_kind::judged);
    ASSERT_EQ(j.changes.size(), 1U);
    EXPECT_EQ(j.changes[0].outcome, change_outcome::confirmed);
    EXPECT_EQ(j.changes[0].reason, consent::success_reason::resubscribe_occurred);
    EXPECT_EQ(j.changes[0].hubspot_time_ms, 1736318079478);
    EXPECT_TRUE(j.words.empty());
}

TEST(Judge, TheGuidesOwnExampleConfirmsNothingOfItsRequest) {
    const std::vector asked{make_change("test@hubspot.com", 123)};
    const auto j = judge_text(asked, 200, real::guide_example);
    EXPECT_EQ(j.kind, answer_kind::judged);
    EXPECT_EQ(j.changes[0].outcome, change_outcome::unresolved);
    EXPECT_EQ(j.unmatched_results, 1U);
    const std::vector other{make_change("test@husbpot.com", 63722844)};
    EXPECT_EQ(judge_text(other, 200, real::guide_example).changes[0].outcome, change_outcome::other_status);
}

TEST(Judge, ErrorsInASuccessAreAttributed) {
    const std::vector batch{make_change("new@example.com", 1), make_change("old@example.com", 1)};
    for (const unsigned status : {200, 207}) {
        const auto j = judge_text(batch, status, real::error_in_success);
        EXPECT_EQ(j.kind, answer_kind::judged);
        EXPECT_EQ(j.changes[0].outcome, change_outcome::rejected);
        EXPECT_EQ(j.words[j.changes[0].words - 1].category, "OBJECT_NOT_FOUND");
        EXPECT_EQ(j.changes[1].outcome, change_outcome::unresolved);
        EXPECT_EQ(j.unmatched_errors, 0U);
    }
}

TEST(Judge, ASuccessWithoutResultsProvesNothing) {
    for (const char* text : {R"({"status":"COMPLETE"})", R"({"status":"COMPLETE","results":[]})",
                             R"({"status":"SUCCESS","results":null,"errors":null})"}) {
        const auto j = judge_text(bh, 200, text);
        EXPECT_EQ(j.kind, answer_kind::judged) << text;
        EXPECT_EQ(j.changes[0].outcome, change_outcome::unresolved) << text;
    }
}

TEST(Judge, AnUnclearSuccessSaysNothingOfAnyChange) {
    std::string pending(real::portal_example);
    pending.replace(pending.find("COMPLETE"), 8, "PENDING");
    const auto j = judge_text(bh, 200, pending);
    EXPECT_EQ(j.kind, answer_kind::unclear);
    EXPECT_TRUE(j.changes.empty());
    EXPECT_THAT(j.words[0].message, HasSubstr("PENDING"));
    EXPECT_EQ(judge_text(bh, 204, "").words[0].message, "HTTP 204 with an empty body");
    EXPECT_EQ(judge_text(bh, 200, std::string(real::portal_example) + "}").kind, answer_kind::unclear);
    EXPECT_EQ(judge_text(bh, 200, "<html>\xff\x01</html>").words[0].message,
              "HTTP 200 with a body that is not HubSpot's: <html>  </html>");
}

TEST(Judge, ARefusalCarriesHubSpotsWordsAndItsSuspects) {
    const std::vector batch{make_change("x@b.com", 180551219), make_change("a@b.com", 180551219)};
    const auto j = judge_text(batch, 400, real::opted_out);
    EXPECT_EQ(j.kind, answer_kind::refused);
    EXPECT_TRUE(j.changes.empty());
    ASSERT_EQ(j.words.size(), 1U);
    EXPECT_EQ(j.words[0].category, "VALIDATION_ERROR");
    EXPECT_EQ(j.words[0].message,
              "Subscription 180551219 for a@b.com cannot be updated because they have unsubscribed");
    EXPECT_EQ(j.correlation_id, "92d5bd9a-0000-4000-8000-000000000000");
    EXPECT_THAT(j.suspects, ElementsAre(1));
}

TEST(Judge, ABindingFailureHasNoCategory) {
    const auto j = judge_text(bh, 400, real::binding_failure);
    EXPECT_EQ(j.kind, answer_kind::refused);
    EXPECT_EQ(j.words[0].category, "");
    EXPECT_THAT(j.words[0].message, HasSubstr("Invalid input JSON on line 1"));
}

TEST(Judge, NamesTheScopesThatHubSpotAsksFor) {
    const auto j = judge_text(bh, 403, real::missing_scopes);
    EXPECT_EQ(j.kind, answer_kind::scope_missing);
    EXPECT_THAT(j.missing_scopes,
                ElementsAre("crm.schemas.deals.read", "communication_preferences.statuses.batch.write"));
    const auto documented = judge_text(
        bh, 403, R"({"message":"no","category":"MISSING_SCOPES","context":{"missingScopes":["a","b","a"]}})");
    EXPECT_THAT(documented.missing_scopes, ElementsAre("a", "b"));
    const auto silent = judge_text(bh, 403, real::no_permissions);
    EXPECT_EQ(silent.kind, answer_kind::scope_missing);
    EXPECT_TRUE(silent.missing_scopes.empty());
}

TEST(Judge, KnowsTheRealRefusalsOfTokensAndLimits) {
    EXPECT_EQ(judge_text(bh, 401, real::expired_token).kind, answer_kind::unauthorized);
    EXPECT_EQ(judge_text(bh, 401, real::no_token).words[0].category, "INVALID_AUTHENTICATION");
    EXPECT_EQ(judge_text(bh, 429, real::rolling_limit).kind, answer_kind::rate_limited);
    EXPECT_EQ(judge_text(bh, 429, real::daily_limit).kind, answer_kind::daily_limited);
    EXPECT_EQ(judge_text(bh, 524, real::edge_timeout).kind, answer_kind::unavailable);
}

TEST(Judge, AnAttemptWithoutAnswerIsUnavailable) {
    answer a = make_answer(200, std::string(real::portal_example));
    a.failure = no_answer::request_timeout;
    a.failure_detail = "no answer in 105 s";
    const auto j = judge(bh, a, now);
    EXPECT_EQ(j.kind, answer_kind::unavailable);
    EXPECT_TRUE(j.changes.empty());
    EXPECT_EQ(j.words[0].category, "request_timeout");
    EXPECT_EQ(j.words[0].message, "no answer in 105 s");
}

TEST(Judge, ReadsTheHeadersOfEveryAnswer) {
    answer a = make_answer(477, "");
    a.headers.retry_after = "3600";
    a.headers.correlation_id = "abc\r\nx";
    const auto j = judge(bh, a, now);
    EXPECT_EQ(j.kind, answer_kind::moving);
    EXPECT_EQ(j.retry_after, 3600s);
    EXPECT_EQ(j.correlation_id, "abc  x");
    a.headers.retry_after = "Wed, 08 Jan 2025 06:34:49 GMT";
    EXPECT_EQ(judge(bh, a, now).retry_after, 10s);
    a.headers.retry_after = "later";
    EXPECT_EQ(judge(bh, a, now).retry_after, std::nullopt);
    a = make_answer(400, std::string(real::opted_out));
    a.headers.correlation_id = "of-the-header";
    EXPECT_EQ(judge(bh, a, now).correlation_id, "of-the-header");
}

TEST(Judge, CutsHugeWords) {
    std::string message;
    while (message.size() < 1'000'000) message += "a word or two ";
    message.replace(words_bytes_max - 1, 2, "\xc3\xa4");
    const auto refused = judge_text(bh, 400, R"({"message":")" + message + R"(","category":")" + message + R"("})");
    EXPECT_EQ(refused.words[0].message.size(), words_bytes_max - 1);
    EXPECT_LE(refused.words[0].category.size(), words_bytes_max);
    const auto inside = judge_text(bh, 200, complete("", R"({"message":")" + message + R"("})"));
    EXPECT_EQ(inside.words[0].message.size(), words_bytes_max - 1);
    const std::string endless(1'000'000, 'x');
    EXPECT_EQ(judge_text(bh, 400, R"({"message":")" + endless + R"("})").words[0].message, "")
        << "it may be the beginning of an address";
}

// A proxy's page or HubSpot's own words may repeat what they were sent, with JSON's escapes as well.
TEST(Judge, NoTextThatLeavesItHoldsASecret) {
    base::register_secret("judge-secret-0123");
    const std::string escaped = R"(judge\u002dsecret\u002d0123)";
    const auto check = [](const judgement& j) {
        std::string texts = j.correlation_id + explain(j);
        for (const refusal_words& words : j.words) texts += words.category + words.message;
        for (const std::string& scope : j.missing_scopes) texts += scope;
        EXPECT_THAT(texts, AllOf(HasSubstr("***"), Not(HasSubstr("judge-secret"))));
    };
    for (const std::string& secret : {std::string("judge-secret-0123"), escaped}) {
        const std::string error = R"({"status":"x )" + secret + R"(","category":"C )" + secret + R"(","message":"m )" +
                                  secret + R"(","correlationId":"i )" + secret +
                                  R"(","context":{"missingScopes":["s )" + secret + R"("]}})";
        check(judge_text(bh, 400, error));
        check(judge_text(bh, 403, error));
        check(judge_text(bh, 400, R"({"status":"x )" + secret + R"("})"));
        check(judge_text(bh, 200, complete(result_json("BH@hubspot.com", 530858989, secret), error)));
    }
    check(judge_text(bh, 502, "<html>Bearer judge-secret-0123</html>"));
    answer lost;
    lost.failure = no_answer::proxy_refused;
    lost.failure_detail = "407 judge-secret-0123";
    check(judge(bh, lost, now));
    answer named = make_answer(400, R"({"message":"no"})");
    named.headers.correlation_id = "judge-secret-0123";
    check(judge(bh, named, now));
}

TEST(Judge, AnEmptyBatchIsJudgedToo) {
    EXPECT_TRUE(judge_text({}, 200, real::portal_example).changes.empty());
    EXPECT_EQ(judge_text({}, 400, real::opted_out).kind, answer_kind::refused);
}

}  // namespace
}  // namespace consent_sync::hubspot
