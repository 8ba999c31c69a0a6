#include "hubspot/explain.hpp"

#include <gmock/gmock.h>

#include "hubspot/judge.hpp"
#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::vector one{make_change("a@b.c", 1)};

std::string explain_text(unsigned status, std::string_view body) {
    return explain(judge(one, make_answer(status, std::string(body)), {}));
}

TEST(Explain, AGarbageTokenIsNotAnExpiredOne) {
    EXPECT_THAT(explain_text(401, real::garbage_token), HasSubstr("not one HubSpot knows"));
    EXPECT_THAT(explain_text(401, real::expired_token),
                AllOf(HasSubstr("has expired"), Not(HasSubstr("not one HubSpot knows"))));
    EXPECT_THAT(explain_text(401, real::no_token), HasSubstr("Authorization header"));
    EXPECT_THAT(explain_text(401, ""), HasSubstr("check hubspot.token_file"));
}

TEST(Explain, CountsTheDaysOfHubSpotsMessage) {
    EXPECT_EQ(expired_days("The OAuth token used to make this call expired 20712 day(s) ago."), 20712);
    EXPECT_EQ(expired_days("expired 20,712 day(s) ago"), 20712);
    EXPECT_EQ(expired_days("expired 1 days ago"), 1);
    EXPECT_GT(expired_days("expired 99999999999999999999999 day(s) ago"), -2);
    for (const char* none :
         {"", "expired 75 second(s) ago", "expired", "expired  day(s) ago", "it will expire", "expired soon"})
        EXPECT_EQ(expired_days(none), -1) << none;
}

TEST(Explain, NamesTheScopesAndWhatTheyNeed) {
    EXPECT_THAT(explain_text(403, real::missing_scopes),
                AllOf(HasSubstr("crm.schemas.deals.read, communication_preferences.statuses.batch.write"),
                      HasSubstr("Marketing Hub Enterprise"), HasSubstr("MISSING_SCOPES"),
                      HasSubstr("11111111-2222-4333-8444-555555555555")));
    EXPECT_THAT(explain_text(403, real::no_permissions), HasSubstr("needs Marketing Hub Enterprise"));
    EXPECT_THAT(explain_text(403, R"({"category":"MISSING_SCOPES","context":{"missingScopes":["oauth"]}})"),
                AllOf(HasSubstr("the scope oauth"), Not(HasSubstr("Enterprise"))));
}

TEST(Explain, EveryKindButJudgedHasASentence) {
    judgement j;
    for (int kind = 0; kind <= static_cast<int>(answer_kind::unavailable); ++kind) {
        j.kind = static_cast<answer_kind>(kind);
        EXPECT_EQ(explain(j).empty(), j.kind == answer_kind::judged) << name(j.kind);
        EXPECT_NE(name(j.kind), "unknown");
    }
}

TEST(Explain, EveryMissingAnswerHasARemedy) {
    const auto of = [](no_answer why) {
        answer a;
        a.failure = why;
        a.failure_detail = "detail of the system";
        return explain(judge(one, a, {}));
    };
    EXPECT_THAT(of(no_answer::name_lookup_failed), HasSubstr("check DNS"));
    EXPECT_THAT(of(no_answer::connect_failed), HasSubstr("firewall"));
    EXPECT_THAT(of(no_answer::tls_failed), HasSubstr("hubspot.ca_file"));
    EXPECT_THAT(of(no_answer::proxy_refused), HasSubstr("hubspot.proxy"));
    EXPECT_THAT(of(no_answer::cancelled), HasSubstr("stop"));
    EXPECT_THAT(of(no_answer::request_timeout),
                AllOf(HasSubstr("by itself"), HasSubstr("detail of the system"), HasSubstr("request_timeout")));
    for (int why = 0; why <= static_cast<int>(no_answer::cancelled); ++why)
        EXPECT_NE(name(static_cast<no_answer>(why)), "unknown") << why;
}

}  // namespace
}  // namespace consent_sync::hubspot
