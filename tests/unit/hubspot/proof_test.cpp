// What proves that a change was applied: an answer that says one thing. Cases that were thought of, and answers at
// random, judged by a slow judge as well (proof.hpp).
#include "unit/hubspot/proof.hpp"

#include <gtest/gtest.h>

#include <random>

#include "hubspot/judge.hpp"
#include "unit/hubspot/batches.hpp"

namespace consent_sync::hubspot {
namespace {

constexpr std::string_view yes =
    R"({"channel":"EMAIL","subscriberIdString":"ann@b.c","subscriptionId":1,"status":"SUBSCRIBED"})";

// Whether the change ann@b.c, 1, SUBSCRIBED is confirmed, and by both judges. `bob` is the other one of its batch,
// which has its result in front of what is told, or none.
bool confirms(const std::string& body, const std::vector<consent::change>& batch) {
    const auto j = judge(batch, make_answer(200, body), {});
    const bool confirmed = j.kind == answer_kind::judged && j.changes[0].outcome == change_outcome::confirmed;
    EXPECT_EQ(confirmed, is_proven(body, batch, 0)) << body;
    return confirmed;
}
bool confirms(const std::string& body) { return confirms(body, {make_change("ann@b.c", 1)}); }

std::string body_with(std::string_view results, std::string_view more = "") {
    return R"({"status":"COMPLETE","results":[)" + std::string(results) + "]" + std::string(more) + "}";
}
std::string yes_with(std::string_view members) {
    return std::string(yes.substr(0, yes.size() - 1)) + "," + std::string(members) + "}";
}
std::string yes_without(std::string_view member, std::string_view instead = "") {
    std::string text(yes);
    return text.replace(text.find(member), member.size(), instead);
}

TEST(Proof, IsAResultThatNamesTheKeyAndTheStatus) {
    EXPECT_TRUE(confirms(body_with(yes)));
    EXPECT_TRUE(confirms(body_with(std::string(yes) + "," + std::string(yes))));
    EXPECT_TRUE(confirms(body_with(yes, R"(,"errors":[],"numErrors":0)")));
    EXPECT_TRUE(confirms(body_with(yes, R"(,"errors":null,"numErrors":null,"context":null,"category":null)")));
    EXPECT_TRUE(confirms(body_with(yes, R"(,"links":{"a":"1","b":"2"},"message":"ann@b.c is well")")));
}

TEST(Proof, IsNoneWhereAMemberStandsTwice) {
    for (const char* twice :
         {R"("status":"SUBSCRIBED")", R"("status":null)", R"("status":["UNSUBSCRIBED"])", R"("status":{})",
          R"("status":1)", R"("st\u0061tus":"UNSUBSCRIBED")", R"("subscriberIdString":"ann@b.c")",
          R"("subscriberIdString":"x@y.z")", R"("subscriberIdString":null)", R"("subscriptionId":1)",
          R"("subscriptionId":"1")", R"("subscriptionId":2)", R"("\u0073ubscriptionId":null)", R"("channel":"EMAIL")",
          R"("channel":null)", R"("new":1,"new":1)"}) {
        EXPECT_FALSE(confirms(body_with(yes_with(twice)))) << twice;
        // In front of it, one that is like it, and one that is not: another reader is at work.
        EXPECT_FALSE(confirms(body_with(R"({"a":1},)" + yes_with(twice)))) << twice;
        EXPECT_FALSE(confirms(
            body_with(R"({"channel":"EMAIL","subscriberIdString":"x@y.z","subscriptionId":1,"status":"SUBSCRIBED"},)" +
                      yes_with(twice))))
            << twice;
        EXPECT_FALSE(confirms(body_with(std::string(yes) + "," + yes_with(twice)))) << twice << " beside a sound one";
        EXPECT_FALSE(confirms(body_with("{" + std::string(twice) + "," + std::string(yes.substr(1))))) << twice;
    }
    for (const char* twice : {R"("status":"COMPLETE")", R"("status":null)", R"("status":"SUCCESS")",
                              R"("st\u0061tus":"COMPLETE")", R"("results":[])", R"("results":null)", R"("results":{})",
                              R"("errors":[],"errors":[])", R"("numErrors":0,"numErrors":0)",
                              R"("completedAt":"x","completedAt":"x")", R"("context":{"a":"1","a":"1"})"}) {
        EXPECT_FALSE(confirms(body_with(yes, "," + std::string(twice)))) << twice;
        EXPECT_FALSE(confirms("{" + std::string(twice) + "," + body_with(yes).substr(1))) << twice;
    }
}

TEST(Proof, NamesTheWholeKey) {
    for (const char* id :
         {"null", "\"\"", "\"1 \"", "\"01\"", "1.0", "1.5", "true", "[1]", "{}", "\"x\"", "18446744073709551615"})
        EXPECT_FALSE(confirms(body_with(yes_without("1,", std::string(id) + ",")))) << id;
    EXPECT_TRUE(confirms(body_with(yes_without("1,", "\"1\","))));
    EXPECT_FALSE(confirms(body_with(yes_without(R"("subscriptionId":1,)"))));
    EXPECT_FALSE(confirms(body_with(std::string(yes) + "," + yes_without(R"("subscriptionId":1,)"))))
        << "which subscription the other speaks of nobody can tell";
    for (const char* channel : {"1", "true", "1.5", "[\"EMAIL\"]", "{\"EMAIL\":1}", "\"SMS\"", "\"email\""})
        EXPECT_FALSE(confirms(body_with(yes_without("\"EMAIL\"", channel)))) << channel;
    EXPECT_TRUE(confirms(body_with(yes_without("\"EMAIL\"", "null"))));
    EXPECT_TRUE(confirms(body_with(yes_without("\"channel\":\"EMAIL\","))));
    for (const char* address : {"null", "1", "[\"ann@b.c\"]", "{}", "\"\"", "\"x@b.c\"", "\"ann@b.c.d\""})
        EXPECT_FALSE(confirms(body_with(yes_without("\"ann@b.c\"", address)))) << address;
    EXPECT_TRUE(confirms(body_with(yes_without("ann@b.c", " ANN@b.C\\t"))));
}

TEST(Proof, SaysOneThingInAllOfItsResults) {
    const auto other = [](const char* what, const char* with) {
        return std::string(yes) + "," + yes_without(what, with);
    };
    EXPECT_FALSE(confirms(body_with(other("SUBSCRIBED", "UNSUBSCRIBED"))));
    EXPECT_FALSE(confirms(body_with(other("\"SUBSCRIBED\"", "null"))));
    EXPECT_FALSE(confirms(body_with(other("\"SUBSCRIBED\"", "[\"UNSUBSCRIBED\"]"))));
    EXPECT_FALSE(confirms(body_with(other(",\"status\":\"SUBSCRIBED\"", ""))));
    EXPECT_FALSE(confirms(body_with(std::string(yes) + "," + yes_with(R"("timestamp":"2026-01-01T00:00:00Z")"))));
    EXPECT_FALSE(
        confirms(body_with(yes_with(R"("setStatusSuccessReason":"NO_STATUS_CHANGE")") + "," + std::string(yes))));
    EXPECT_FALSE(confirms(body_with(other("ann@b.c\",\"subscriptionId\":1", "ANN@b.c\",\"subscriptionId\":1.5"))));
    EXPECT_TRUE(confirms(body_with(other(":1,", ":2,"))));
    EXPECT_TRUE(confirms(body_with(other("EMAIL", "SMS"))));
    EXPECT_TRUE(confirms(body_with(std::string(yes) + R"(,null,"ann@b.c",7,[],{})")));
}

TEST(Proof, IsNoneBesideAnErrorAboutItsAddress) {
    for (const char* error :
         {R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":["1"]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"]}})",
          R"({"context":{"subscriberIdString":"ANN@b.c "}})",
          R"({"context":{"subscriberIdString":["x@y.z","ann@b.c"]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":[]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":[" 1 "]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":["News"]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":[1.0]}})",
          R"({"context":{"subscriberIdString":["ann@b.c","x@y.z"],"subscriptionId":["2","1"]}})",
          R"({"context":{"email":["ann@b.c"]}})",
          R"({"context":{"subscriberidstring":"Ann@b.c"}})",
          R"({"context":{"ann@b.c":["no"]}})",
          R"({"context":{"a":{"b":["ann@b.c"]}}})",
          R"({"message":"ann@b.c: no"})",
          R"({"message":"The address <Ann@B.C> is not known."})",
          R"({"subCategory":{"a":"ann@b.c"}})",
          R"({"id":"ann@b.c"})",
          R"({"errors":[{"message":"no","in":"ann@b.c"}]})",
          R"({"errors":[{"context":{"subscriberIdString":["ann@b.c"]}}]})",
          R"({"errors":{"context":{"subscriberIdString":["ann@b.c"]}}})",
          R"({"errors":["ann@b.c"]})",
          R"({"context":{"subscriberIdString":["ann@b.c"]},"errors":[{"context":{"subscriptionId":["2"]}}]})",
          R"({"context":{"subscriberIdString":["ann@b.c"]},"context":{"subscriberIdString":["x@y.z"]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"]},"category":"INTERNAL_ERROR"})",
          R"("ann@b.c is not known")",
          R"(["ann@b.c"])",
          R"([{"context":{"subscriberIdString":["ann@b.c"]}}])",
          R"({"message":"no"})",
          R"({})",
          "null",
          "7",
          R"({"context":{"subscriptionId":["1"]}})",
          R"({"context":{"subscriptionId":["1","2"]}})",
          R"("no")"}) {
        EXPECT_FALSE(confirms(body_with(yes, R"(,"errors":[)" + std::string(error) + "]"))) << error;
        EXPECT_FALSE(confirms(R"({"errors":[)" + std::string(error) + "]," + body_with(yes).substr(1))) << error;
    }
    for (const char* more :
         {R"(,"errors":{"context":{"subscriberIdString":"ann@b.c"}})", R"(,"errors":"ann@b.c")", R"(,"errors":7)",
          R"(,"numErrors":1)", R"(,"numErrors":2,"errors":[])", R"(,"numErrors":"1")", R"(,"numErrors":-1)",
          R"(,"category":"VALIDATION_ERROR","message":"ann@b.c")", R"(,"category":"VALIDATION_ERROR")",
          R"(,"context":{"subscriberIdString":["ann@b.c"]})", R"(,"context":{"subscriptionId":["1"]})"})
        EXPECT_FALSE(confirms(body_with(yes, more))) << more;
}

TEST(Proof, StandsBesideAnErrorAboutAnother) {
    for (const char* error :
         {R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":["2"]}})",
          R"({"context":{"subscriberIdString":["x@y.z"]}})",
          R"({"context":{"subscriberIdString":["x@y.z"],"subscriptionId":["1"]}})",
          R"({"context":{"subscriberIdString":["ann@b.c"],"subscriptionId":["2"]},"message":"ann@b.c: no"})",
          R"({"context":{"subscriberIdString":["joann@b.c"]},"message":"joann@b.c, ann@b.com"})",
          R"({"context":{"subscriptionId":["2"]}})"})
        EXPECT_TRUE(confirms(body_with(yes, R"(,"errors":[)" + std::string(error) + "]"))) << error;
}

TEST(Proof, AnErrorThatNamesNobodyIsAboutWhoIsLeft) {
    const std::vector two{make_change("ann@b.c", 1), make_change("bob@b.c", 1)};
    const std::vector other{make_change("ann@b.c", 1), make_change("bob@b.c", 2)};
    for (const char* one :
         {R"(,"errors":[{"message":"no"}])", R"(,"numErrors":1)", R"(,"errors":["no"],"numErrors":1)"}) {
        EXPECT_TRUE(confirms(body_with(yes, one), two)) << one;
        EXPECT_FALSE(confirms(body_with(std::string(yes) + "," + yes_without("ann@", "bob@"), one), two)) << one;
    }
    for (const char* several :
         {R"(,"errors":[{"message":"no"},{"message":"no"}])", R"(,"numErrors":2)", R"(,"errors":["no"],"numErrors":2)",
          R"(,"errors":[{"context":{"subscriberIdString":["bob@b.c"]}},{}])",
          R"(,"errors":[{"context":{"subscriberIdString":["bob@b.c"]}}],"numErrors":2)"})
        EXPECT_FALSE(confirms(body_with(yes, several), two)) << several;
    const char* of_subscription = R"(,"errors":[{"context":{"subscriptionId":["1"]}}])";
    EXPECT_TRUE(confirms(body_with(yes, of_subscription), two));
    EXPECT_FALSE(confirms(body_with(yes, of_subscription), other));
    EXPECT_TRUE(confirms(body_with(yes, R"(,"errors":[{"context":{"subscriptionId":["2"]}}])"), other));
}

// A body at random: everything that the cases above do, all at once.
class random_answer {
  public:
    explicit random_answer(std::uint64_t seed) : random_(seed) {}

    std::vector<consent::change> batch() {
        std::vector<consent::change> all;
        for (const char* address : {"ann@b.c", "Bob@b.c", "joann@b.c"})
            for (const int subscription : {1, 2})
                if (chance(3)) all.push_back(make_change(address, subscription, chance(5) ? subscribed : unsubscribed));
        if (all.empty()) all.push_back(make_change("ann@b.c", 1));
        return all;
    }

    std::string body(const std::vector<consent::change>& batch) {
        std::vector<std::string> results;
        for (const consent::change& c : batch)
            if (!chance(4)) results.push_back(result(c));
        if (chance(3)) results.push_back(result(batch[below(batch.size())]));
        if (chance(6)) results.push_back(result(make_change("new@b.c", 1)));
        if (chance(12))
            results.push_back(pick({"null", "1", "\"ann@b.c\"", "[]", "{}", "[{\"subscriberIdString\":\"ann@b.c\"}]"}));
        if (chance(3)) std::shuffle(results.begin(), results.end(), random_);
        std::vector<std::string> errors;
        for (std::size_t n = chance(2) ? below(3) : 0; n > 0; --n) errors.push_back(error(0));
        std::vector<std::string> members{R"("status":)" + std::string(chance(30) ? "\"PENDING\"" : "\"COMPLETE\"")};
        members.push_back((chance(20) ? "\"results\" : [" : "\"results\":[") + joined(results) + "]");
        if (!errors.empty() || chance(2))
            members.push_back("\"errors\":" +
                              (errors.size() == 1 && chance(8) ? errors[0] : "[" + joined(errors) + "]"));
        if (chance(4))
            members.push_back("\"numErrors\":" + pick({"0", "1", "2", "3", "null", "\"1\"", "-1", "1.5", "true"}));
        if (chance(20)) members.push_back("\"context\":" + context());
        if (chance(30)) members.push_back(R"("category":"VALIDATION_ERROR")");
        if (chance(10)) members.push_back(R"("message":"ann@b.c")");
        if (chance(25)) members.push_back(members[below(members.size())]);
        if (chance(40)) members.push_back(R"("res\u0075lts":null)");
        if (chance(2)) std::shuffle(members.begin(), members.end(), random_);
        return "{" + joined(members) + "}";
    }

  private:
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    bool chance(std::size_t one_in) { return below(one_in) == 0; }
    std::string pick(std::initializer_list<const char*> some) { return *(some.begin() + below(some.size())); }
    static std::string joined(const std::vector<std::string>& parts) {
        std::string all;
        for (const std::string& part : parts) all += (&part == parts.data() ? "" : ",") + part;
        return all;
    }

    std::string result(const consent::change& c) {
        std::string address(c.subscriber.view());
        if (chance(8)) address = pick({"ann@b.c", "ANN@B.C", " ann@b.c ", "Bob@B.c", "new@b.c", "\\u0061nn@b.c"});
        std::string status(consent::name(c.state));
        if (chance(8)) status = pick({"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED", "subscribed", ""});
        std::vector<std::string> members{
            R"("channel":)" + (chance(15) ? pick({"null", "\"SMS\"", "1", "[]", "true", "{}"}) : "\"EMAIL\""),
            R"("subscriberIdString":")" + address + "\"",
            R"("subscriptionId":)" + (chance(15)
                                          ? pick({"1", "2", "\"1\"", "\"2\"", "null", "\"01\"", "1.5", "[1]", "-1"})
                                          : std::to_string(c.subscription)),
            R"("status":)" + (chance(20) ? pick({"null", "1", "[\"SUBSCRIBED\"]", "{}"}) : "\"" + status + "\""),
            R"("timestamp":"2026-01-01T00:00:0)" + std::string(chance(20) ? "1Z\"" : "0Z\"")};
        if (chance(25)) members.erase(members.begin() + static_cast<std::ptrdiff_t>(below(members.size())));
        if (chance(25)) members.push_back(members[below(members.size())]);
        if (chance(40)) members.push_back(R"("st\u0061tus":)" + pick({"null", "\"SUBSCRIBED\"", "\"UNSUBSCRIBED\""}));
        if (chance(40)) members.push_back(R"("new":{"status":"A","status":"B"})");
        if (chance(10)) std::shuffle(members.begin(), members.end(), random_);
        return "{" + joined(members) + "}";
    }

    std::string context() {
        std::vector<std::string> members;
        const auto values = [&](std::initializer_list<const char*> some) {
            std::vector<std::string> all;
            for (std::size_t n = below(3); n > 0; --n) all.push_back(pick(some));
            return all.size() == 1 && chance(4) ? all[0] : "[" + joined(all) + "]";
        };
        if (!chance(3))
            members.push_back("\"subscriberIdString\":" + values({"\"ann@b.c\"", "\"Bob@b.c\"", "\"bob@B.c \"",
                                                                  "\"joann@b.c\"", "\"x@y.z\"", "{}", "7"}));
        if (!chance(3))
            members.push_back("\"subscriptionId\":" +
                              values({"\"1\"", "\"2\"", "1", "2", "\"3\"", "\"News\"", "1.5", "null"}));
        if (chance(10)) members.push_back("\"email\":" + values({"\"ann@b.c\"", "\"bob@b.c\""}));
        if (chance(20)) members.push_back("\"ann@b.c\":[\"no\"]");
        if (!members.empty() && chance(25)) members.push_back(members[0]);
        return "{" + joined(members) + "}";
    }

    std::string error(int depth) {
        if (chance(10)) return pick({"null", "7", "\"no\"", "\"ann@b.c: no\"", "[]", "[\"bob@b.c\"]", "{}", "false"});
        std::vector<std::string> members;
        if (!chance(3)) members.push_back("\"context\":" + context());
        if (chance(2))
            members.push_back("\"message\":" +
                              pick({"\"no\"", "\"ann@b.c\"", "\"(Bob@B.c)\"", "\"x@y.z\"", "null", "[\"joann@b.c\"]"}));
        if (chance(4))
            members.push_back("\"category\":" + pick({"\"VALIDATION_ERROR\"", "\"INTERNAL_ERROR\"", "null"}));
        if (depth < 2 && chance(5))
            members.push_back("\"errors\":" + (chance(4) ? error(depth + 2) : "[" + error(depth + 2) + "]"));
        if (!members.empty() && chance(25)) members.push_back(members[below(members.size())]);
        return "{" + joined(members) + "}";
    }

    std::mt19937_64 random_;
};

TEST(Proof, IsWhatTheSlowJudgeSays) {
    std::size_t confirmed = 0;
    std::size_t other = 0;
    for (std::uint64_t seed = 1; seed <= 30'000; ++seed) {
        random_answer answer(seed);
        const auto batch = answer.batch();
        const std::string body = answer.body(batch);
        const auto j = judge(batch, make_answer(200, body), {});
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const bool fast = j.kind == answer_kind::judged && j.changes[i].outcome == change_outcome::confirmed;
            ASSERT_EQ(fast, is_proven(body, batch, i))
                << "seed " << seed << ", change " << i << " of " << batch.size() << "\n"
                << body;
            ++(fast ? confirmed : other);
        }
    }
    EXPECT_GT(confirmed, 10'000U);
    EXPECT_GT(other, 10'000U);
}

}  // namespace
}  // namespace consent_sync::hubspot
