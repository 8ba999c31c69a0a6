#include "hubspot/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/log.hpp"
#include "hubspot/explain.hpp"
#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/proof.hpp"
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

using testing::IsEmpty;

const std::vector lookalikes{make_change("ann@example.com", 1), make_change("Joann@example.com", 58687837),
                             make_change("a@b.com", 180551219), make_change("x+y@b.com.au", 2),
                             make_change("ann@example.com", 3)};

std::vector<std::uint32_t> suspects(std::string_view text) { return find_suspects(lookalikes, read_body(text)); }
std::vector<std::uint32_t> suspects_of_message(const std::string& message) {
    return suspects(R"({"status":"error","message":")" + message + R"("})");
}

TEST(Suspects, AreNamedByAddressInTheMessage) {
    EXPECT_THAT(suspects(real::already_subscribed), ElementsAre(0, 4));
    EXPECT_THAT(suspects(real::opted_out), ElementsAre(2));
    EXPECT_THAT(suspects_of_message("'JOANN@EXAMPLE.COM' is bad"), ElementsAre(1));
    EXPECT_THAT(suspects_of_message("bad: a@b.com."), ElementsAre(2));
    EXPECT_THAT(suspects_of_message("x+y@b.com.au"), ElementsAre(3));
}

TEST(Suspects, APartOfAnotherAddressIsNone) {
    EXPECT_THAT(suspects_of_message("mann@example.com, ann@example.community, ann@example.com.tw"), IsEmpty());
    EXPECT_THAT(suspects_of_message("mann@example.com then ann@example.com"), ElementsAre(0, 4));
}

TEST(Suspects, AreNamedByPlace) {
    EXPECT_THAT(suspects_of_message("inputs[2].subscriberIdString is invalid"), ElementsAre(2));
    EXPECT_THAT(suspects_of_message("/inputs/3/subscriptionId and inputs.1"), ElementsAre(1, 3));
    EXPECT_THAT(suspects_of_message(R"(BatchInput[\"inputs\"]->java.util.ArrayList[4]->X)"), ElementsAre(4));
    EXPECT_THAT(suspects(R"({"message":"no","errors":[{"message":"bad","in":"inputs[0].channel"}]})"), ElementsAre(0));
    EXPECT_THAT(suspects_of_message("inputs[5], inputs[-1], inputs[x], inputs[99999999999999999999], inputs"),
                IsEmpty());
}

TEST(Suspects, AreNamedByContext) {
    EXPECT_THAT(suspects(R"({"message":"no","context":{"email":["A@B.com"]}})"), ElementsAre(2));
    EXPECT_THAT(
        suspects(R"({"message":"no","errors":[{"message":"x","context":{"any":["a@b.com","ann@example.com"]}}]})"),
        ElementsAre(0, 2, 4));
}

TEST(Suspects, AreNamedBySubscriptionWhenNothingElseNamesThem) {
    EXPECT_THAT(suspects(R"({"message":"no","context":{"subscriptionId":["58687837"]}})"), ElementsAre(1));
    EXPECT_THAT(suspects(R"({"message":"no","errors":[{"context":{"subscriptionId":[2,3]}}]})"), ElementsAre(3, 4));
    EXPECT_THAT(suspects(R"({"message":"a@b.com","context":{"subscriptionId":["58687837"]}})"), ElementsAre(2));
}

TEST(Suspects, EverybodyIsNobody) {
    EXPECT_THAT(suspects_of_message("inputs[0] inputs[1] inputs[2] inputs[3] inputs[4]"), IsEmpty());
    EXPECT_THAT(suspects(real::binding_failure), IsEmpty());
    EXPECT_THAT(suspects("<html>ann@example.com</html>"), IsEmpty());
}

// Seeded damage to real bodies. Whatever is left of a body, judging it ends, and confirms only what an
// independent reader finds in it: a result with the key of the change and, literally, the asked status.

const std::vector batch{make_change("bh@hubspot.com", 530858989), make_change("ann@example.com", 1, unsubscribed),
                        make_change("ann@example.com", 2), make_change("new@example.com", 1),
                        make_change("test@husbpot.com", 63722844)};

std::vector<std::string> make_seeds() {
    std::vector<std::string> seeds;
    for (const std::string_view text :
         {real::guide_example, real::portal_example, real::error_in_success, real::already_subscribed, real::opted_out,
          real::binding_failure, real::rolling_limit, real::missing_scopes, real::expired_token, real::edge_timeout})
        seeds.emplace_back(text);
    seeds.push_back(complete(
        result_json("bh@hubspot.com", 530858989, "SUBSCRIBED") + "," +
            result_json("ann@example.com", 1, "UNSUBSCRIBED") + "," + result_json("ann@example.com", 2, "SUBSCRIBED"),
        R"({"category":"VALIDATION_ERROR","message":"no","context":{"subscriberIdString":["new@example.com"],"subscriptionId":["1"]}})"));
    return seeds;
}

// What JSON is made of: much of the damage stays well-formed.
constexpr std::string_view pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\"",
                                       "\\",
                                       "null",
                                       "0",
                                       "1",
                                       "-",
                                       "\"status\"",
                                       "\"SUBSCRIBED\"",
                                       "\"UNSUBSCRIBED\"",
                                       "\"COMPLETE\"",
                                       "\"results\":[",
                                       "\"errors\":[",
                                       "\"context\":{",
                                       "\"subscriberIdString\":",
                                       "\"ann@example.com\"",
                                       "\\u0053",
                                       "\xff",
                                       " ",
                                       "{\"status\":\"SUBSCRIBED\"},"};

void damage(std::string& text, const std::vector<std::string>& seeds, std::mt19937_64& random) {
    const auto below = [&](std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random() % n); };
    const std::size_t at = below(text.size() + 1);
    switch (below(7)) {
        case 0:
            if (at < text.size()) text[at] = static_cast<char>(below(256));
            break;
        case 1: text.erase(at, 1 + below(40)); break;
        case 2: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 3: text.resize(at); break;
        case 4: text.insert(at, text.substr(below(text.size() + 1), below(200))); break;
        case 5: {
            const std::string& other = seeds[below(seeds.size())];
            text.insert(at, other.substr(below(other.size()), below(200)));
            break;
        }
        default: {  // swaps the two statuses somewhere
            const auto found = text.find(below(2) == 0 ? "\"SUBSCRIBED\"" : "\"UNSUBSCRIBED\"", at);
            if (found == std::string::npos) break;
            if (text[found + 1] == 'S')
                text.insert(found + 1, "UN");
            else
                text.erase(found + 1, 2);
        }
    }
}

TEST(JudgeMutation, NeverConfirmsWhatTheBodyDoesNotSay) {
    constexpr std::uint64_t seed = 20250108;
    std::mt19937_64 random(seed);
    const auto seeds = make_seeds();
    std::size_t confirmed = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string text = seeds[random() % seeds.size()];
        for (auto times = random() % 4; times > 0; --times) damage(text, seeds, random);
        const unsigned status = random() % 4 == 0 ? 400 : 200;
        const auto j = judge(batch, make_answer(status, text), {});
        ASSERT_EQ(j.changes.size(), j.kind == answer_kind::judged ? batch.size() : 0U);
        for (std::size_t i = 0; i < j.changes.size(); ++i) {
            ASSERT_LE(j.changes[i].words, j.words.size());
            if (j.changes[i].outcome != change_outcome::confirmed) continue;
            ++confirmed;
            ASSERT_TRUE(is_proven(text, batch, i)) << "seed " << seed << " round " << round << "\n" << text;
        }
        for (const std::uint32_t suspect : j.suspects) ASSERT_LT(suspect, batch.size());
    }
    EXPECT_GT(confirmed, 1000U) << "the damage left nothing to confirm: the test proves nothing";
}

}  // namespace
}  // namespace consent_sync::hubspot
