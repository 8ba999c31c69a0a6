#include "hubspot/match.hpp"

#include <gtest/gtest.h>

#include "unit/hubspot/batches.hpp"

namespace consent_sync::hubspot {
namespace {

using o = change_outcome;

judgement match(const std::vector<consent::change>& batch, const std::string& text) {
    const answer_body body = read_body(text);
    EXPECT_TRUE(body.readable) << text;
    judgement j;
    match_changes(batch, body, j);
    EXPECT_EQ(j.changes.size(), batch.size());
    return j;
}

std::vector<o> outcomes(const judgement& j) {
    std::vector<o> all;
    for (const auto& c : j.changes) all.push_back(c.outcome);
    return all;
}

std::string error_json(std::string_view context, std::string_view more = "") {
    return R"({"category":"VALIDATION_ERROR","message":"no","context":{)" + std::string(context) + "}" +
           std::string(more) + "}";
}

const std::vector ann_bob{make_change("ann@example.com", 1), make_change("Bob@example.com", 1, unsubscribed)};
// Two subscriptions each of two persons.
const std::vector four{make_change("a@b.c", 1), make_change("a@b.c", 2), make_change("d@e.f", 1),
                       make_change("d@e.f", 2)};

TEST(Match, IsByKeyAndNeverByPlace) {
    const auto j = match(ann_bob, complete(result_json("bob@EXAMPLE.com", 1, "UNSUBSCRIBED") + "," +
                                           result_json(" ann@example.com\\t", 1, "SUBSCRIBED")));
    EXPECT_EQ(outcomes(j), (std::vector{o::confirmed, o::confirmed}));
    EXPECT_EQ(j.changes[0].reason, consent::success_reason::requested_change_occurred);
    EXPECT_EQ(j.changes[0].hubspot_time_ms, 1736318079478);
}

TEST(Match, FindsThoseBehindOneThatIsLeftOut) {
    const auto j =
        match(four, complete(result_json("a@b.c", 1, "SUBSCRIBED") + "," + result_json("d@e.f", 1, "SUBSCRIBED") + "," +
                             result_json("d@e.f", 2, "SUBSCRIBED")));
    EXPECT_EQ(outcomes(j), (std::vector{o::confirmed, o::unresolved, o::confirmed, o::confirmed}));
}

TEST(Match, EachChangeGetsTheTimeOfItsOwnResult) {
    const char* const times[] = {"2025-01-08T06:34:39.478Z", "2025-01-08T06:34:39.478Z", "", "2025-01-08T06:34:40Z"};
    std::string results;
    for (std::size_t i = 0; i < four.size(); ++i) {
        std::string result = result_json(four[i].subscriber, four[i].subscription, "SUBSCRIBED");
        const std::string usual = "2025-01-08T06:34:39.478Z";
        results += (i == 0 ? "" : ",") + result.replace(result.find(usual), usual.size(), times[i]);
    }
    const auto j = match(four, complete(results));
    std::vector<std::int64_t> got;
    for (const auto& c : j.changes) got.push_back(c.hubspot_time_ms);
    EXPECT_EQ(got, (std::vector<std::int64_t>{1736318079478, 1736318079478, 0, 1736318080000}));
}

TEST(Match, AResultInItsPlaceAndALaterOneThatContradictsItProveNothing) {
    const auto j = match(ann_bob, complete(result_json("ann@example.com", 1, "SUBSCRIBED") + "," +
                                           result_json("Bob@example.com", 1, "UNSUBSCRIBED") + "," +
                                           result_json("ann@example.com", 1, "UNSUBSCRIBED")));
    EXPECT_EQ(outcomes(j), (std::vector{o::unresolved, o::confirmed}));
}

TEST(Match, AResultOfAnotherKeyProvesNothing) {
    const auto j = match(ann_bob, complete(result_json("ann@example.com", 2, "SUBSCRIBED") + "," +
                                           result_json("carl@example.com", 1, "SUBSCRIBED")));
    EXPECT_EQ(outcomes(j), (std::vector{o::unresolved, o::unresolved}));
}

TEST(Match, ASubscriptionMayComeAsText) {
    EXPECT_EQ(match(ann_bob,
                    complete(R"({"subscriberIdString":"ann@example.com","subscriptionId":"1","status":"SUBSCRIBED"})"))
                  .changes[0]
                  .outcome,
              o::confirmed);
    for (const char* id :
         {"1.0", "true", "null", "\"1 \"", "\"\"", "[1]", "{\"a\":1}", "18446744073709551615", "1e0"}) {
        const auto j = match(ann_bob, complete(R"({"subscriberIdString":"ann@example.com","subscriptionId":)" +
                                               std::string(id) + R"(,"status":"SUBSCRIBED"})"));
        EXPECT_EQ(j.changes[0].outcome, o::unresolved) << id;
    }
}

TEST(Match, TheChannelCountsWhereItIsNamed) {
    const auto with_channel = [](const std::string& channel) {
        return match(ann_bob,
                     complete(R"({"subscriberIdString":"ann@example.com","subscriptionId":1,"status":"SUBSCRIBED")" +
                              channel + "}"))
            .changes[0]
            .outcome;
    };
    EXPECT_EQ(with_channel(""), o::confirmed);
    EXPECT_EQ(with_channel(R"(,"channel":"EMAIL")"), o::confirmed);
    EXPECT_EQ(with_channel(R"(,"channel":"")"), o::unresolved) << "an empty text is not EMAIL";
    EXPECT_EQ(with_channel(R"(,"channel":null)"), o::confirmed);
    EXPECT_EQ(with_channel(R"(,"channel":"SMS")"), o::unresolved);
}

TEST(Match, AnotherStatusIsReportedInWords) {
    const auto j = match(ann_bob, complete(result_json("ann@example.com", 1, "UNSUBSCRIBED")));
    ASSERT_EQ(j.changes[0].outcome, o::other_status);
    ASSERT_EQ(j.changes[0].words, 1U);
    EXPECT_EQ(j.words[0].category, "STATUS_NOT_APPLIED");
    EXPECT_EQ(
        j.words[0].message,
        "HubSpot reports UNSUBSCRIBED (REQUESTED_CHANGE_OCCURRED) where SUBSCRIBED was asked for; HubSpot keeps an "
        "opt-out that the person made, and only the person can come back: do not drop this row again as it is");
}

TEST(Match, AResultWithoutStatusNamesItsKeyOnly) {
    for (const char* status : {"null", "1", "\"\"", "[\"SUBSCRIBED\"]"}) {
        const auto j =
            match(ann_bob, complete(R"({"subscriberIdString":"ann@example.com","subscriptionId":1,"status":)" +
                                    std::string(status) + "}"));
        EXPECT_EQ(j.changes[0].outcome, o::unresolved) << status;
    }
}

TEST(Match, TheStatusIsTakenLiterally) {
    EXPECT_NE(match(ann_bob, complete(result_json("ann@example.com", 1, "subscribed"))).changes[0].outcome,
              o::confirmed);
    EXPECT_NE(match(ann_bob, complete(result_json("ann@example.com", 1, "SUBSCRIBED "))).changes[0].outcome,
              o::confirmed);
}

TEST(Match, TheSameResultTwiceIsOneProof) {
    const auto once = result_json("ann@example.com", 1, "SUBSCRIBED");
    EXPECT_EQ(match(ann_bob, complete(once + "," + once)).changes[0].outcome, o::confirmed);
}

TEST(Match, ContradictingResultsProveNothing) {
    const auto yes = result_json("ann@example.com", 1, "SUBSCRIBED");
    const auto no = result_json("ann@example.com", 1, "UNSUBSCRIBED");
    EXPECT_EQ(match(ann_bob, complete(yes + "," + no)).changes[0].outcome, o::unresolved);
    EXPECT_EQ(match(ann_bob, complete(no + "," + yes)).changes[0].outcome, o::unresolved);
}

TEST(Match, AFieldThatIsThereTwiceSpoilsItsResult) {
    for (const char* twice : {R"("status":"UNSUBSCRIBED")", R"("status":"SUBSCRIBED")", R"("subscriptionId":1)",
                              R"("subscriberIdString":"ann@example.com")"}) {
        const auto j = match(
            ann_bob, complete(R"({"subscriberIdString":"ann@example.com","subscriptionId":1,"status":"SUBSCRIBED",)" +
                              std::string(twice) + "}"));
        EXPECT_EQ(j.changes[0].outcome, o::unresolved) << twice;
    }
}

TEST(Match, AnErrorNamesAddressAndSubscription) {
    const auto j = match(four, complete("", error_json(R"("subscriberIdString":["A@b.c"],"subscriptionId":["2"])")));
    EXPECT_EQ(outcomes(j), (std::vector{o::unresolved, o::rejected, o::unresolved, o::unresolved}));
    ASSERT_EQ(j.changes[1].words, 1U);
    EXPECT_EQ(j.words[0].category, "VALIDATION_ERROR");
    EXPECT_EQ(j.words[0].message, "no");
}

TEST(Match, AnErrorOfAnAddressMeansItsChangesWithoutResult) {
    const std::string error = error_json(R"("subscriberIdString":["a@b.c"])");
    EXPECT_EQ(outcomes(match(four, complete("", error))),
              (std::vector{o::rejected, o::rejected, o::unresolved, o::unresolved}));
    EXPECT_EQ(outcomes(match(four, complete(result_json("a@b.c", 1, "SUBSCRIBED"), error))),
              (std::vector{o::unresolved, o::unresolved, o::unresolved, o::unresolved}))
        << "nobody can tell which of the two it means";
    // The errors may come before the results.
    const auto j = match(four, R"({"errors":[)" + error + R"(],"results":[)" + result_json("a@b.c", 1, "UNSUBSCRIBED") +
                                   R"(],"status":"COMPLETE"})");
    EXPECT_EQ(outcomes(j), (std::vector{o::other_status, o::rejected, o::unresolved, o::unresolved}));
}

TEST(Match, SeveralValuesOfAContext) {
    const auto of = [](std::string_view context) { return outcomes(match(four, complete("", error_json(context)))); };
    EXPECT_EQ(of(R"("subscriberIdString":["a@b.c","d@e.f"])"),
              (std::vector{o::rejected, o::rejected, o::rejected, o::rejected}));
    EXPECT_EQ(of(R"("subscriberIdString":["a@b.c","d@e.f"],"subscriptionId":["2"])"),
              (std::vector{o::unresolved, o::rejected, o::unresolved, o::rejected}));
    EXPECT_EQ(of(R"("subscriberIdString":["d@e.f"],"subscriptionId":["1","2"])"),
              (std::vector{o::unresolved, o::unresolved, o::rejected, o::rejected}));
    EXPECT_EQ(of(R"("subscriptionId":[2,1],"subscriberIdString":["a@b.c","d@e.f"])"),
              (std::vector{o::unresolved, o::rejected, o::rejected, o::unresolved}))
        << "pairs";
    EXPECT_EQ(of(R"("subscriberIdString":["a@b.c","d@e.f"],"subscriptionId":["1","2","3"])"),
              (std::vector{o::unresolved, o::unresolved, o::unresolved, o::unresolved}))
        << "nobody can tell";
    EXPECT_EQ(of(R"("subscriberIdString":["a@b.c"],"subscriptionId":["newsletter"])"),
              (std::vector{o::unresolved, o::unresolved, o::unresolved, o::unresolved}))
        << "of no key";
    EXPECT_EQ(of(R"("subscriberIdString":"a@b.c","subscriptionId":1)"),
              (std::vector{o::rejected, o::unresolved, o::unresolved, o::unresolved}))
        << "not in arrays";
}

TEST(Match, TheDetailsOfAnErrorMayNameThem) {
    const auto j = match(
        four,
        complete(
            "",
            R"({"category":"VALIDATION_ERROR","errors":[)"
            R"({"message":"x","context":{"subscriberIdString":["a@b.c"],"subscriptionId":["1"]}},)"
            R"({"message":"y","context":{"subscriberIdString":["d@e.f"],"subscriptionId":["2"]}}],"message":"no"})"));
    EXPECT_EQ(outcomes(j), (std::vector{o::rejected, o::unresolved, o::unresolved, o::rejected}));
    EXPECT_EQ(j.words[0].message, "no");
}

TEST(Match, AnErrorAgainstAProofLeavesTheChangeOpen) {
    const auto error = error_json(R"("subscriberIdString":["a@b.c"],"subscriptionId":["1"])");
    const auto j = match(four, complete(result_json("a@b.c", 1, "SUBSCRIBED"), error));
    EXPECT_EQ(j.changes[0].outcome, o::unresolved);
    EXPECT_EQ(j.changes[0].words, 1U);
}

TEST(Match, AnErrorWithAnotherStatusIsARefusal) {
    const auto error = error_json(R"("subscriberIdString":["a@b.c"],"subscriptionId":["1"])");
    EXPECT_EQ(match(four, complete(result_json("a@b.c", 1, "UNSUBSCRIBED"), error)).changes[0].outcome, o::rejected);
}

TEST(Match, TroubleOfHubSpotOrTheOperatorRefusesNoChange) {
    const auto with = [](std::string_view fields) {
        const std::vector one{make_change("a@b.c", 1)};
        return match(
                   one,
                   complete(
                       "",
                       "{" + std::string(fields) +
                           R"(,"message":"try later","context":{"subscriberIdString":["a@b.c"],"subscriptionId":["1"]}})"))
            .changes[0];
    };
    for (const char* fields :
         {R"("category":"INTERNAL_ERROR")", R"("category":"RATE_LIMITS")", R"("category":"MISSING_SCOPES")",
          R"("category":"X","status":"500")", R"("category":"X","status":503)", R"("category":"X","status":"429")"}) {
        EXPECT_EQ(with(fields).outcome, o::unresolved) << fields;
        EXPECT_EQ(with(fields).words, 1U) << fields;
    }
    for (const char* fields :
         {R"("category":"VALIDATION_ERROR")", R"("category":"X","status":"error")", R"("category":"X","status":"400")"})
        EXPECT_EQ(with(fields).outcome, o::rejected) << fields;
}

TEST(Match, AnErrorWithoutContextRefusesNobody) {
    const auto j = match(
        ann_bob, complete("", R"({"message":"no"},{"context":null},{"context":{"subscriberIdString":["x@y.z"]}},{})"));
    EXPECT_EQ(outcomes(j), (std::vector{o::unresolved, o::unresolved}));
    EXPECT_EQ(j.words.size(), 4U);
}

// Of four changes two have the result that was asked for. So up to two errors may be about the others; a third one is
// about one of these.
TEST(Match, ErrorsThatAreOnlyCountedMayBeAboutAnyChange) {
    const auto proves = [](std::string_view n) {
        return match(four, R"({"status":"COMPLETE","results":[)" + result_json("a@b.c", 1, "SUBSCRIBED") + "," +
                               result_json("a@b.c", 2, "SUBSCRIBED") + R"(],"numErrors":)" + std::string(n) +
                               R"(,"errors":[{"message":"no"}]})")
                   .changes[0]
                   .outcome == o::confirmed;
    };
    for (const char* few : {"0", "1", "2", "-9223372036854775808", "\"3\""}) EXPECT_TRUE(proves(few)) << few;
    for (const char* many : {"3", "9223372036854775807"}) EXPECT_FALSE(proves(many)) << many;
}

TEST(Match, InABatchOfOneAnErrorIsAboutItsOneChange) {
    const std::vector one{make_change("a@b.c", 1)};
    const auto of = [&](std::string_view error) { return match(one, complete("", error)).changes[0].outcome; };
    EXPECT_EQ(of(R"({"category":"VALIDATION_ERROR","message":"no"})"), o::rejected);
    EXPECT_EQ(of(error_json(R"("subscriptionId":["1"])")), o::rejected);
    EXPECT_EQ(of(error_json(R"("subscriptionId":["2"])")), o::unresolved);
    EXPECT_EQ(of(error_json(R"("subscriberIdString":["x@y.z"])")), o::unresolved);
    EXPECT_EQ(of(R"({"category":"INTERNAL_ERROR","message":"no"})"), o::unresolved);
    EXPECT_EQ(match(one, complete(result_json("a@b.c", 1, "SUBSCRIBED"), R"({"message":"no"})")).changes[0].outcome,
              o::unresolved)
        << "an answer that says two things proves neither";
}

TEST(Match, ResultsThatAreAsAskedButForTheAddressAreCounted) {
    const auto alike = [](const std::vector<consent::change>& batch, const std::string& results) {
        return match(batch, complete(results)).look_alikes;
    };
    const auto x = result_json("x@y.z", 1, "SUBSCRIBED");
    EXPECT_EQ(alike({make_change("ann@b.c", 1)}, x), 1U);
    EXPECT_EQ(alike({make_change("ann@b.c", 1)}, x + "," + result_json("ann@b.c", 1, "SUBSCRIBED")), 0U)
        << "it is named";
    EXPECT_EQ(alike({make_change("ann@b.c", 1)}, result_json("x@y.z", 2, "SUBSCRIBED")), 0U);
    EXPECT_EQ(alike({make_change("ann@b.c", 1)}, result_json("x@y.z", 1, "UNSUBSCRIBED")), 0U);
    EXPECT_EQ(alike({make_change("ann@b.c", 1)}, x + "," + result_json("v@y.z", 1, "SUBSCRIBED")), 1U);
    const std::vector two{make_change("ann@b.c", 1), make_change("bob@b.c", 1)};
    EXPECT_EQ(alike(two, x + "," + x), 1U) << "one address stands for one change";
    EXPECT_EQ(alike(two, x + "," + result_json("v@y.z", 1, "SUBSCRIBED")), 2U);
    EXPECT_EQ(match(two, complete(x)).look_alike, match({make_change("c@d.e", 1)}, complete(x)).look_alike);
}

TEST(Match, AnErrorMayBeCountedOnceForEachChangeThatItNames) {
    const std::string results = result_json("a@b.c", 1, "SUBSCRIBED") + "," + result_json("a@b.c", 2, "SUBSCRIBED");
    const auto with = [&](const char* count) {
        return outcomes(match(four, R"({"status":"COMPLETE","numErrors":)" + std::string(count) + R"(,"errors":[)" +
                                        error_json(R"("subscriberIdString":["d@e.f"])") + R"(],"results":[)" + results +
                                        "]}"));
    };
    EXPECT_EQ(with("1"), (std::vector{o::confirmed, o::confirmed, o::rejected, o::rejected}));
    EXPECT_EQ(with("2"), (std::vector{o::confirmed, o::confirmed, o::rejected, o::rejected}));
    EXPECT_EQ(with("3"), (std::vector{o::unresolved, o::unresolved, o::rejected, o::rejected}));
}

TEST(Match, AnotherSpellingOfTheAddressIsTheSame) {
    const std::vector batch{make_change("j\xc3\xb6rg@ex\xc3\xa4mple.com", 1), make_change("bob@xn--exmple-cua.com", 1)};
    for (const char* jorg :
         {"j\xc3\xb6rg@ex\xc3\xa4mple.com", "J\xc3\x96RG@EX\xc3\x84MPLE.COM", "j\xc3\xb6rg@xn--exmple-cua.com",
          "jo\xcc\x88rg@exa\xcc\x88mple.com", "j\\u00f6rg@xn--EXMPLE-cua.com"}) {
        const auto bob = result_json("bob@EX\xc3\x84MPLE.com", 1, "SUBSCRIBED");
        const auto j = match(batch, complete(bob + "," + result_json(jorg, 1, "SUBSCRIBED")));
        EXPECT_EQ(outcomes(j), (std::vector{o::confirmed, o::confirmed})) << jorg;
        const auto against =
            match(batch, complete(bob + "," + result_json("j\xc3\xb6rg@xn--exmple-cua.com", 1, "SUBSCRIBED"),
                                  R"({"message":"<)" + std::string(jorg) +
                                      R"(>: no"},{"context":{"email":["bob@exa\u0308mple.com"]}})"));
        EXPECT_EQ(outcomes(against), (std::vector{o::unresolved, o::unresolved})) << jorg;
    }
}

TEST(Match, AThousandChangesFindTheirOwn) {
    std::vector<consent::change> batch;
    std::string results;
    for (int i = 0; i < 1000; ++i) batch.push_back(make_change("p" + std::to_string(i / 2) + "@example.com", i % 2));
    for (int i = 999; i >= 0; i -= 3)
        results += (results.empty() ? "" : ",") +
                   result_json(batch[static_cast<std::size_t>(i)].subscriber, i % 2, "SUBSCRIBED");
    const auto j = match(batch, complete(results));
    for (std::size_t i = 0; i < batch.size(); ++i)
        EXPECT_EQ(j.changes[i].outcome, i % 3 == 0 ? o::confirmed : o::unresolved) << i;
}

}  // namespace
}  // namespace consent_sync::hubspot
