#include "hubspot/body_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

namespace json = boost::json;

TEST(BodyReader, ReadsARealSuccess) {
    const auto body = read_body(real::portal_example);
    ASSERT_TRUE(body.readable);
    EXPECT_EQ(body.whole.status, "COMPLETE");
    ASSERT_EQ(body.results.size(), 1U);
    EXPECT_EQ(body.results[0].subscriber, "bh@hubspot.com");
    EXPECT_EQ(body.results[0].subscription, 530858989);
    EXPECT_EQ(body.results[0].channel, "EMAIL");
    EXPECT_EQ(body.results[0].status, "SUBSCRIBED");
    EXPECT_EQ(body.results[0].reason, "RESUBSCRIBE_OCCURRED");
    EXPECT_EQ(body.results[0].timestamp, "2025-01-08T06:34:39.478Z");
}

TEST(BodyReader, ReadsRealErrors) {
    const auto scopes = read_body(real::missing_scopes);
    EXPECT_EQ(scopes.whole.category, "MISSING_SCOPES");
    EXPECT_EQ(scopes.correlation_id, "11111111-2222-4333-8444-555555555555");
    ASSERT_EQ(scopes.scopes.size(), 2U);
    EXPECT_EQ(scopes.scopes[1], "communication_preferences.statuses.batch.write");
    EXPECT_EQ(read_body(real::daily_limit).policy_name, "DAILY");
    const auto inside = read_body(real::error_in_success);
    EXPECT_EQ(inside.num_errors, 1);
    ASSERT_EQ(inside.errors.size(), 1U);
    EXPECT_EQ(inside.errors[0].category, "OBJECT_NOT_FOUND");
    EXPECT_EQ(inside.errors[0].names[0].subscribers, std::vector<std::string>{"new@example.com"});
}

TEST(BodyReader, IsReadableWholeOrNotAtAll) {
    const std::string good(real::portal_example);
    for (const std::string& bad : std::vector<std::string>{"",
                                                           " ",
                                                           "null",
                                                           "1",
                                                           "\"COMPLETE\"",
                                                           "true",
                                                           "[]",
                                                           "[" + good + "]",
                                                           good + "x",
                                                           good + good,
                                                           good + ",",
                                                           "\xef\xbb\xbf" + good,
                                                           good.substr(0, good.size() - 1),
                                                           "{\"status\":\"\xff\"}",
                                                           "{'status':1}",
                                                           "{\"a\":1,}",
                                                           "{\"a\":01}",
                                                           "{\"a\":\"\n\"}",
                                                           "{\"a\":\"\\ud800\"}",
                                                           "/**/{}"})
        EXPECT_FALSE(read_body(bad).readable) << bad;
    EXPECT_TRUE(read_body(" \r\n\t" + good + " \n").readable);
    for (std::size_t length = 0; length < good.size(); ++length)
        EXPECT_FALSE(read_body(good.substr(0, length)).readable) << length;
}

TEST(BodyReader, GivesUpOnDeepNesting) {
    const auto nested = [](std::size_t levels) {
        return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
    };
    EXPECT_TRUE(read_body(nested(body_depth_max)).readable);
    EXPECT_FALSE(read_body(nested(body_depth_max + 1)).readable);
    EXPECT_FALSE(read_body(nested(1'000'000)).readable);
    const auto objects = [](std::size_t levels) {
        std::string text;
        for (std::size_t i = 0; i < levels; ++i) text += "{\"errors\":";
        return text + "0" + std::string(levels, '}');
    };
    EXPECT_TRUE(read_body(objects(body_depth_max)).readable);
    EXPECT_FALSE(read_body(objects(body_depth_max + 1)).readable);
}

TEST(BodyReader, GivesUpOnEndlessLists) {
    const auto list = [](std::string_view field, std::size_t count) {
        std::string text = "{\"" + std::string(field) + "\":[";
        for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "{}" : ",{}";
        return text + "]";
    };
    for (const char* field : {"results", "errors"}) {
        EXPECT_TRUE(read_body(list(field, body_items_max) + "}").readable) << field;
        EXPECT_FALSE(read_body(list(field, body_items_max + 1) + "}").readable) << field;
        EXPECT_FALSE(read_body(list(field, body_items_max) + "," + list(field, 1).substr(1) + "}").readable) << field;
    }
}

TEST(BodyReader, UnknownFieldsAndWrongTypesAreAbsent) {
    const auto body = read_body(
        R"({"new":{"status":"X","results":[{"status":"Y"}]},"status":"COMPLETE","results":[[],null,1,"x",{"a":[{"status":"Z"}],)"
        R"("subscriberIdString":["a@b.c"],"subscriptionId":{"id":1},"channel":5,"status":false},)"
        R"({"subscriberIdString":"a@b.c","status":"SUBSCRIBED","subscriptionId":7}],"errors":{"message":"x"},"context":[],"message":4})");
    ASSERT_TRUE(body.readable);
    EXPECT_EQ(body.whole.status, "COMPLETE");
    ASSERT_EQ(body.results.size(), 2U);
    EXPECT_EQ(body.results[0].subscriber, "");
    EXPECT_EQ(body.results[0].subscription, std::nullopt);
    EXPECT_EQ(body.results[0].status, "");
    EXPECT_EQ(body.results[1].subscriber, "a@b.c");
    EXPECT_EQ(body.results[1].subscription, 7);
    EXPECT_EQ(body.errors.size(), 1U) << "that of which nobody knows what it says";
    EXPECT_EQ(body.whole.message, "");
}

TEST(BodyReader, DecodesEscapesInKeysAndTexts) {
    const auto body = read_body(
        R"({"st\u0061tus":"COMPL\u0045TE","results":[{"subscriberIdString":"\u0061\u0040b.c","subscriptionId":1,"status":"\u0053UBSCRIBED","channel":"EM\u0041IL"},)"
        R"({"subscriberIdString":"j\u00f6rg@b.c","subscriptionId":"\u0031"}]})");
    ASSERT_TRUE(body.readable);
    EXPECT_EQ(body.whole.status, "COMPLETE");
    EXPECT_EQ(body.results[0].subscriber, "a@b.c");
    EXPECT_EQ(body.results[0].status, "SUBSCRIBED");
    EXPECT_EQ(body.results[0].channel, "EMAIL");
    EXPECT_EQ(body.results[1].subscriber, "j\xc3\xb6rg@b.c");
    EXPECT_EQ(body.results[1].subscription, 1);
}

TEST(BodyReader, AnErrorsContextMayFollowItsDetails) {
    const auto body = read_body(
        R"({"errors":[{"errors":[{"context":{"subscriberIdString":["b@b.c"]}}],"context":{"subscriberIdString":["a@b.c"]}}]})");
    ASSERT_EQ(body.errors[0].names.size(), 2U);
    EXPECT_EQ(body.errors[0].names[0].subscribers[0], "a@b.c");
    EXPECT_EQ(body.errors[0].names[1].subscribers[0], "b@b.c");
}

TEST(BodyReader, IntegersOfSixtyFourBitsCount) {
    struct {
        const char* text;
        std::optional<std::int64_t> number;
    } const cases[] = {
        {"0", 0},
        {"7 ", 7},
        {"-7", -7},
        {"530858989", 530858989},
        {"999999999999999999", 999999999999999999},
        {"1000000000000000000", 1000000000000000000},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"9223372036854775808", std::nullopt},
        {"18446744073709551616", std::nullopt},
        {"7.0", std::nullopt},
        {"7e0", std::nullopt},
        {"1e400", std::nullopt},
        {"null", std::nullopt},
        {"true", std::nullopt},
        {"[7]", std::nullopt},
        {"{\"id\":7}", std::nullopt},
        {"\"7\"", 7},
        {"\"\\u0037\"", 7},
        {"\"7 \"", std::nullopt},
        {"\"\"", std::nullopt},
    };
    for (const auto& c : cases) {
        const auto body = read_body(R"({"results":[{"subscriptionId":)" + std::string(c.text) + "}]}");
        ASSERT_TRUE(body.readable) << c.text;
        EXPECT_EQ(body.results[0].subscription, c.number) << c.text;
    }
}

TEST(BodyReader, AMemberThatIsThereTwiceIsSeen) {
    struct {
        const char* members;
        bool unsound;
    } const cases[] = {
        {R"("status":"A","status":"A")", true},
        {R"("status":"A","st\u0061tus":"B")", true},
        {R"("status":"A","status":5)", true},
        {R"("status":null,"status":"A")", true},
        {R"("status":["B"],"status":"A")", true},
        {R"("status":{},"status":"A")", true},
        {R"("channel":"A","channel":"B")", true},
        {R"("subscriberIdString":"a","subscriberIdString":"a")", true},
        {R"("subscriptionId":1,"subscriptionId":"1")", true},
        {R"("subscriptionId":1,"subscriptionId":1)", true},
        {R"("subscriptionId":1,"subscriptionId":null)", true},
        {R"("timestamp":"A","timestamp":"B")", true},
        {R"("setStatusSuccessReason":"A","setStatusSuccessReason":"B")", true},
        {R"("new":"A","new":"B")", true},
        {R"("new":[{"a":1}],"status":"A","new":null)", true},
        {R"("":1,"":1)", true},
        {R"("channel":"")", true},
        {R"("channel":1)", true},
        {R"("channel":1.5)", true},
        {R"("channel":true)", true},
        {R"("channel":["EMAIL"])", true},
        {R"("channel":{"a":"EMAIL"})", true},
        {R"("channel":null)", false},
        {R"("status":"A","Status":"B")", false},
        {R"("status":"A","new":{"status":"B"})", false},
        {R"("new":{"status":"B","status":"C"},"status":"A")", false},
    };
    for (const auto& c : cases) {
        for (const std::string& before : {std::string(), R"({"status":"A"},)" + std::string(R"({"status":"B"},)")}) {
            const auto body = read_body(R"({"results":[)" + before + "{" + std::string(c.members) + "}]}");
            ASSERT_TRUE(body.readable) << c.members;
            EXPECT_EQ(body.results.back().unsound, c.unsound) << c.members;
            EXPECT_FALSE(body.unsound) << c.members;
        }
        const auto in_error = read_body(R"({"errors":[{)" + std::string(c.members) + "}]}");
        const bool twice = c.unsound && std::string_view(c.members).find(',') != std::string_view::npos;
        EXPECT_EQ(in_error.errors[0].unsound, twice) << c.members;
        EXPECT_FALSE(in_error.unsound) << c.members;
        EXPECT_EQ(read_body("{" + std::string(c.members) + "}").unsound, twice) << c.members;
        EXPECT_EQ(read_body(R"({"context":{)" + std::string(c.members) + "}}").unsound, twice) << c.members;
        for (const std::string& error : {R"({"errors":[{"context":{)" + std::string(c.members) + "}}]}",
                                         R"({"errors":[{"errors":[{)" + std::string(c.members) + "}]}]}",
                                         R"({"errors":[{"errors":[{"context":{)" + std::string(c.members) + "}}]}]}"})
            EXPECT_EQ(read_body(error).errors[0].unsound, twice) << error;
    }
}

TEST(BodyReader, AnObjectOfTooManyMembersCountsAsOneThatHasAMemberTwice) {
    const auto result_with = [](std::size_t members) {
        std::string text;
        for (std::size_t i = 0; i < members; ++i) text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
        return read_body(R"({"results":[{)" + text + "},{" + text + "}]}").results;
    };
    EXPECT_FALSE(result_with(members_max).back().unsound);
    EXPECT_TRUE(result_with(members_max + 1).back().unsound);
}

TEST(BodyReader, WhateverStandsInErrorsIsAnError) {
    struct {
        const char* errors;
        std::size_t count;
        const char* text;
    } const cases[] = {
        {"null", 0, ""},
        {"[]", 0, ""},
        {"\"no\"", 1, "no\n"},
        {"7", 1, ""},
        {"false", 1, ""},
        {R"({"message":"no"})", 1, "no\n"},
        {R"({"message":"no","errors":{"in":"a@b.c"}})", 1, "no\na@b.c\n"},
        {"[null,1,1.5,true,18446744073709551615]", 5, ""},
        {R"(["no"])", 1, "no\n"},
        {R"([[{"message":"a@b.c"},["x"]]])", 1, "a@b.c\nx\n"},
        {R"([{"context":{"d@e.f":["x"],"y":{"a@b.c":1}}}])", 1, "d@e.f\nx\na@b.c\n"},
        {R"([{"links":{"a":"x"},"id":"y","errors":["z"]}])", 1, "x\ny\nz\n"},
    };
    for (const auto& c : cases) {
        const auto body = read_body(R"({"errors":)" + std::string(c.errors) + "}");
        ASSERT_TRUE(body.readable) << c.errors;
        ASSERT_EQ(body.errors.size(), c.count) << c.errors;
        if (c.count == 1) {
            EXPECT_EQ(body.errors[0].text, c.text) << c.errors;
        }
    }
}

TEST(BodyReader, ACountOfErrorsThatIsNoneIsOne) {
    for (const char* count : {"1", "-1", "1.0", "true", "\"3\"", "[]", "{}", "18446744073709551615"})
        EXPECT_EQ(read_body(R"({"numErrors":)" + std::string(count) + "}").num_errors, 1) << count;
    for (const char* none : {"0", "null"})
        EXPECT_EQ(read_body(R"({"numErrors":)" + std::string(none) + "}").num_errors, 0) << none;
}

TEST(BodyReader, AValueOfAContextThatIsNoneHidesNobodyBehindIt) {
    const auto body =
        read_body(R"({"errors":[{"context":{"subscriberIdString":[{"a":[1]},[2],"a@b.c"],"subscriptionId":[1.5]}}]})");
    EXPECT_EQ(body.errors[0].names[0].subscribers, std::vector<std::string>{"a@b.c"});
    ASSERT_EQ(body.errors[0].names[0].subscriptions.size(), 1U);
    EXPECT_EQ(body.errors[0].names[0].subscriptions[0], std::nullopt);
}

TEST(BodyReader, NothingIsReadBehindTheText) {
    const std::string good = R"({"status":"COMPLETE","results":[{"status":"SUBSCRIBED","subscriptionId":7}]})";
    for (std::size_t length = 0; length <= good.size(); ++length) {
        // At the very end of its memory.
        const auto exact = std::make_unique<char[]>(length);
        std::copy_n(good.data(), length, exact.get());
        EXPECT_EQ(read_body({exact.get(), length}).readable, length == good.size()) << length;
    }
}

TEST(BodyReader, TextsAreNotCopiedWhereTheyNeedNotBe) {
    const std::string text =
        R"({"results":[{"subscriberIdString":"a@b.c","status":"SUBSCRIBED"},{"subscriberIdString":"\u0061@b.c"}]})";
    const auto body = read_body(text);
    ASSERT_EQ(body.results.size(), 2U);
    EXPECT_EQ(body.results[0].subscriber.data(), text.data() + text.find("a@b.c"));
    EXPECT_EQ(body.unescaped.size(), 1U);
}

TEST(BodyReader, ABodyOutlivesTheNextOne) {
    const auto first =
        read_body(R"({"status":"A\u0042","results":[{"subscriberIdString":"j\u00f6rg@b.c","status":"A"}]})");
    std::string huge = R"({"results":[)";
    for (int i = 0; i < 10'000; ++i) huge += std::string(i == 0 ? "" : ",") + R"({"status":"\u0058YZ","new":["\\"]})";
    const auto second = read_body(huge + "]}");
    const auto third = read_body(R"({"results":[{"subscriberIdString":"\u0078\u0079","status":"B"}]})");
    ASSERT_EQ(second.results.size(), 10'000U);
    EXPECT_EQ(second.results.back().status, "XYZ");
    EXPECT_EQ(third.results[0].subscriber, "xy");
    EXPECT_EQ(first.whole.status, "AB");
    EXPECT_EQ(first.results[0].subscriber, "j\xc3\xb6rg@b.c");
    EXPECT_EQ(first.results[0].status, "A");
}

TEST(BodyReader, ObjectsAreBoundedToo) {
    const auto members = [](std::size_t count) {
        std::string text = "{\"new\":{";
        for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "\"a\":1" : ",\"a\":1";
        return text + "}}";
    };
    EXPECT_TRUE(read_body(members(body_items_max)).readable);
    EXPECT_FALSE(read_body(members(body_items_max + 1)).readable);
}

// Results that are alike are read without the parser: nothing may come out otherwise than with it.

std::string result(const std::string& address, const std::string& more = "") {
    return R"({"businessUnitId":0,"channel":"EMAIL","subscriberIdString":")" + address +
           R"(","subscriptionId":77,"subscriptionName":"News","status":"SUBSCRIBED","legalBasis":null,)"
           R"("setStatusSuccessReason":"REQUESTED_CHANGE_OCCURRED","timestamp":"2026-01-08T06:34:39.478Z")" +
           more + "}";
}

std::string body_of(const std::vector<std::string>& results) {
    std::string text = R"({"status":"COMPLETE","results":[)";
    for (const std::string& r : results) text += (&r == results.data() ? "" : ",") + r;
    return text + R"(],"numErrors":1,"completedAt":"2026-01-08T06:34:39.598Z"})";
}

// Everything that reading `text` gives.
std::string all_of(const std::string& text) {
    const answer_body body = read_body(text);
    if (!body.readable) return "not readable";
    std::string all = body.whole.status + "," + std::to_string(body.num_errors) + (body.unsound ? "!" : ".");
    for (const body_error& e : body.errors) all += e.message + "|" + e.text + (e.unsound ? "!" : ".");
    for (const std::string& address : body.doubted) all += address + ";";
    for (const body_result& r : body.results)
        for (const std::string_view part :
             {std::string_view("\n"), r.subscriber, std::string_view("|"), r.channel, std::string_view("|"), r.status,
              std::string_view("|"), r.reason, std::string_view("|"), r.timestamp,
              std::string_view(r.unsound ? "|!|" : "|"),
              r.subscription ? std::string_view("=") : std::string_view("-")})
            all += part;
    for (const body_result& r : body.results) all += " " + std::to_string(r.subscription.value_or(-1));
    return all;
}

// A space behind the colon says the same, and leaves every result to the parser.
std::string by_the_parser_alone(std::string text) {
    const std::string results = "\"results\":[";
    for (std::size_t at = text.find(results); at != std::string::npos; at = text.find(results, at + 1))
        text.insert(at + results.size() - 1, " ");
    return text;
}

TEST(AlikeResults, SayTheSame) {
    std::vector<std::string> results;
    for (int i = 0; i < 100; ++i) results.push_back(result("person" + std::to_string(i) + "@example.com"));
    const std::string text = body_of(results);
    const answer_body body = read_body(text);
    ASSERT_TRUE(body.readable);
    ASSERT_EQ(body.results.size(), 100U);
    EXPECT_EQ(body.results[99].subscriber, "person99@example.com");
    EXPECT_EQ(body.results[99].subscription, 77);
    EXPECT_EQ(body.num_errors, 1);
    EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text)));
}

TEST(AlikeResults, OddOnesAmongThemAreTheParsers) {
    for (const char* odd : {R"({})",
                            R"({"status":"A"})",
                            R"({"status":["A"],"status":"B"})",
                            R"({"status":"A","status":"B"})",
                            R"({"subscriberIdString":"a\"b","status":"A\u0042"})",
                            R"({"subscriptionId":"77"})",
                            R"({"subscriptionId":1.5})",
                            R"({"subscriptionId":12345678901234567890123})",
                            R"({"new":{"results":[{"status":"A"}]}})",
                            R"({"subscriberIdString":"a@b.c","new":1,"new":1})",
                            R"(null)",
                            R"("text")",
                            R"([])",
                            R"({"status":tru})",
                            R"({"status":"A",})",
                            R"({"status" "A"})",
                            R"({)",
                            R"(})",
                            R"()",
                            R"({"status":"A"}})"}) {
        std::vector<std::string> results{result("a@b.c"), result("d@e.f"), odd, result("g@h.i"), odd, odd,
                                         result("j@k.l")};
        for (std::size_t from = 0; from < 4; ++from) {
            const std::string text = body_of({results.begin() + static_cast<std::ptrdiff_t>(from), results.end()});
            EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text))) << text;
        }
    }
}

TEST(AlikeResults, ManyOddOnes) {
    std::vector<std::string> results;
    for (int i = 0; i < 200; ++i)
        results.push_back(result("p" + std::to_string(i) + "@b.c", i % 3 == 0 ? R"(,"status":"SUBSCRIBED")" : ""));
    const std::string text = body_of(results);
    const answer_body body = read_body(text);
    EXPECT_EQ(body.results.size(), 200U);
    EXPECT_EQ(std::count_if(body.results.begin(), body.results.end(), [](const auto& r) { return r.unsound; }), 67);
    EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text)));
}

TEST(AlikeResults, OnlyThoseOfTheBodyItself) {
    for (const char* text :
         {R"({"context":{"results":[{"status":"A"},{"status":"B"}]},"status":"COMPLETE"})",
          R"({"new":[{"results":[{"status":"A"},{"status":"B"}]}],"results":[{"status":"C"},{"status":"D"}]})",
          R"({"x\"results":[{"status":"A"},{"status":"B"}]})",
          R"({"errors":[{"results":[{"status":"A"},{"status":"B"}]}]})",
          R"({"results":[{"status":"A"},{"status":"B"}],"results":[{"status":"C"},{"status":"D"}]})",
          R"({"results":[{"status":"A"},{"status":"B"},]})", R"({"results":[{"status":"A"}{"status":"B"}]})",
          R"({"results":[{"status":"A"},,{"status":"B"}]})", R"({"results":[,{"status":"A"},{"status":"B"}]})",
          R"({} "results":[{"status":"COMPLETE"})", R"({} "results":[{"status":"A"},{"status":"B"}])",
          R"({"status":"COMPLETE"},"results":[{"status":"A"}])",
          "{\"results\":[ {\"status\":\"A\"}\n,\t{\"status\":\"B\"} , {\"status\":\"C\"} ]}"})
        EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text))) << text;
}

// One result that says two things, among many that are like it but for the one place.
TEST(AlikeResults, WhatIsNoProofIsNoneForBoth) {
    const std::string usual = result("a@b.c");
    for (const auto& [what, instead] :
         std::vector<std::pair<std::string, std::string>>{{"\"EMAIL\"", "1"},
                                                          {"\"EMAIL\"", "true"},
                                                          {"\"EMAIL\"", "null"},
                                                          {"\"EMAIL\"", "1.5"},
                                                          {"\"EMAIL\"", "[\"EMAIL\"]"},
                                                          {":77", ":\"77\""},
                                                          {":77", ":\"077\""},
                                                          {":77", ":\" 77\""},
                                                          {":77", ":null"},
                                                          {":77", ":-77"},
                                                          {"\"SUBSCRIBED\"", "null"},
                                                          {"\"SUBSCRIBED\"", "{}"},
                                                          {"\"status\"", "\"st\\u0061tus\""},
                                                          {"\"subscriptionName\"", "\"status\""},
                                                          {"\"subscriptionName\"", "\"channel\""},
                                                          {"\"legalBasis\"", "\"status\""},
                                                          {"\"legalBasis\"", "\"subscriberIdString\""},
                                                          {"\"legalBasis\"", "\"businessUnitId\""},
                                                          {"\"timestamp\"", "\"status\""},
                                                          {"a@b.c", "\\u0061@b.c"}}) {
        std::string odd = usual;
        odd.replace(odd.find(what), what.size(), instead);
        for (const std::string& text :
             {body_of({usual, odd, usual}), body_of({odd, odd, usual}), body_of({usual, usual, odd})})
            EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text))) << text;
    }
}

// Bytes changed, taken away, doubled and put in at random: whatever comes of it, both read the same.
TEST(AlikeResults, DamagedOnesAreReadAsTheParserDoes) {
    std::mt19937 random(20260);
    const std::string pieces[] = {"\"", "\\", "{",    "}",    "[", "]",    ",",
                                  ":",  "0",  "\xc3", "\x01", " ", "null", "\\u0041"};
    int readable = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::string> results;
        for (int k = 0; k < 4; ++k)
            results.push_back(result("p" + std::to_string(k) + (k == 2 ? "\xc3\xb6@b.c" : "@b.c")));
        std::string text = body_of(results);
        const std::size_t at = random() % text.size();
        switch (random() % 4) {
            case 0: text[at] = pieces[random() % std::size(pieces)][0]; break;
            case 1: text.erase(at, 1 + random() % 3); break;
            case 2: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
            default: text.insert(at, pieces[random() % std::size(pieces)]); break;
        }
        const std::string by_parser = all_of(by_the_parser_alone(text));
        ASSERT_EQ(all_of(text), by_parser) << text;
        readable += by_parser != "not readable";
    }
    EXPECT_GT(readable, 2'000);
}

// What is JSON and what is not, in every place of a body: none may be overlooked because nobody asks for it.

// Where a value may stand: known and unknown members of everything that is read.
std::vector<std::string> places(const std::string& value) {
    std::vector<std::string> bodies;
    for (const char* const around : {R"({"new":#})",
                                     R"({"status":#})",
                                     R"({"context":#})",
                                     R"({"results":#})",
                                     R"({"results":[#]})",
                                     R"({"results":[{"new":#}]})",
                                     R"({"results":[{"status":#}]})",
                                     R"({"results":[{"new":1},{"new":#}]})",
                                     R"({"results":[{"status":"A"},{"status":"B"},{"status":#}]})",
                                     R"({"results":[{"new":1},{"new":2},#]})",
                                     R"({"results":[{"new":1},{"new":#},{"new":2}]})",
                                     R"({"results":[{"subscriptionId":#}]})",
                                     R"({"errors":[#]})",
                                     R"({"errors":[{"new":#}]})",
                                     R"({"errors":[{"status":#}]})",
                                     R"({"errors":[{"errors":[#]}]})",
                                     R"({"errors":[{"errors":[{"new":#}]}]})",
                                     R"({"errors":[{"context":{"new":#}}]})",
                                     R"({"context":{"subscriberIdString":[#]}})",
                                     R"({"new":[[{"deep":#}]]})",
                                     R"({"new":#,"status":"COMPLETE"})",
                                     R"({"new":[1,#,2]})"}) {
        std::string body = around;
        bodies.push_back(body.replace(body.find('#'), 1, value));
    }
    return bodies;
}

const char* const faults[] = {"01",
                              "-",
                              "-01",
                              "1.",
                              "1.e",
                              "1.e1",
                              ".5",
                              "1e",
                              "1e+",
                              "+1",
                              "1-",
                              "0x1",
                              "1 2",
                              "1_0",
                              "NaN",
                              "Infinity",
                              "-Infinity",
                              "nul",
                              "nulll",
                              "null1",
                              "True",
                              "tru",
                              "true false",
                              "falsey",
                              "n",
                              "t",
                              "f",
                              "undefined",
                              "'a'",
                              "\"a",
                              "a\"",
                              "\"a\"\"b\"",
                              "\"a\"b",
                              "\"a\":1",
                              "\"\\x\"",
                              "\"\\u12\"",
                              "\"\\u12g4\"",
                              "\"\\",
                              "\"\\ud800\"",
                              "\"\\udc00\"",
                              "\"\\ud800\\u0041\"",
                              "\"\\ud800\\ud800\"",
                              "\"\\udc00\\ud800\"",
                              "\"\t\"",
                              "\"\n\"",
                              "\"\x1f\"",
                              "\x0c",
                              "\x1a",
                              "1\x0c",
                              "\"a\"\x0b",
                              "\x01",
                              "\"\xff\"",
                              "\"\xc0\xaf\"",
                              "\"\xe2\x82\"",
                              "\"\xed\xa0\x80\"",
                              "\"\xf4\x90\x80\x80\"",
                              "\xc2\xa0",
                              "[",
                              "]",
                              "{",
                              "}",
                              "[1",
                              "[1,]",
                              "[,1]",
                              "[1 2]",
                              "[1:2]",
                              "[1}",
                              "{]",
                              "{,}",
                              "{\"a\"}",
                              "{\"a\":}",
                              "{\"a\":1,}",
                              "{\"a\" 1}",
                              "{\"a\",1}",
                              "{\"a\"::1}",
                              "{:1}",
                              "{1:1}",
                              "{a:1}",
                              "{null:1}",
                              "{\"a\":1 \"b\":2}",
                              "{\"a\":1;\"b\":2}",
                              "{\"a\":1:\"b\"}",
                              "{\"\\x\":1}",
                              "{\"\\ud800\":1}",
                              "{\"a\tb\":1}",
                              "{[]:1}",
                              "1,",
                              ",1",
                              "1}",
                              "1]",
                              "[]]",
                              "{}}",
                              "/**/1",
                              "1//\n",
                              "1#"};

// Members in any order, of the types that HubSpot's schema has and of others, as Boost.JSON writes them.
json::value random_value(std::mt19937_64& random) {
    switch (random() % 8) {
        case 0: return nullptr;
        case 1: return static_cast<std::int64_t>(random() % 100'000);
        case 2: return "r\u00e9sum\u00e9 \"quoted\" \\ \n @";
        case 3: return json::array{"a", 1, nullptr};
        case 4: return json::object{{"results", json::array{1}}, {"status", "A"}};
        case 5: return true;
        case 6: return 0.5;
        default: return "plain";
    }
}

json::object random_result(std::mt19937_64& random) {
    const json::object usual{{"subscriberIdString", "p" + std::to_string(random() % 1'000) + "@example.com"},
                             {"subscriptionId", static_cast<std::int64_t>(random() % 1'000 + 1)},
                             {"channel", "EMAIL"},
                             {"status", random() % 2 == 0 ? "SUBSCRIBED" : "UNSUBSCRIBED"},
                             {"setStatusSuccessReason", "REQUESTED_CHANGE_OCCURRED"},
                             {"timestamp", "2026-01-08T06:34:39.478Z"},
                             {"businessUnitId", 0},
                             {"legalBasis", nullptr}};
    std::vector<std::pair<std::string, json::value>> members;
    for (const auto& member : usual) members.emplace_back(member.key(), member.value());
    if (random() % 8 == 0) members[random() % members.size()].second = random_value(random);
    if (random() % 8 == 0) members[1].second = std::to_string(random() % 1'000 + 1);
    if (random() % 16 == 0) members.emplace_back("new", random_value(random));
    if (random() % 16 == 0) std::shuffle(members.begin(), members.end(), random);
    json::object result;
    for (auto& [name, value] : members)
        if (random() % 32 != 0) result[name] = std::move(value);
    return result;
}

std::string text_of(const json::object& object, std::string_view member) {
    const json::value* const value = object.if_contains(member);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> subscription_of(const json::object& result) {
    const json::value* const value = result.if_contains("subscriptionId");
    if (value && value->is_int64()) return value->get_int64();
    const std::string text = text_of(result, "subscriptionId");
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    return std::stoll(text);
}

TEST(BodyReader, ReadsWhatADocumentOfBoostJsonHolds) {
    std::mt19937_64 random(17);
    for (int round = 0; round < 300; ++round) {
        json::array results, errors;
        for (std::size_t i = random() % 40; i > 0; --i) results.emplace_back(random_result(random));
        for (std::size_t i = random() % 3; i > 0; --i)
            errors.emplace_back(json::object{{"category", "VALIDATION_ERROR"}, {"message", "no " + std::to_string(i)}});
        const std::string text = json::serialize(json::object{{"status", random() % 2 == 0 ? "COMPLETE" : "PENDING"},
                                                              {"results", results},
                                                              {"numErrors", errors.size()},
                                                              {"errors", errors},
                                                              {"new", random_value(random)}});
        const json::object document = json::parse(text).as_object();
        const answer_body body = read_body(text);
        ASSERT_TRUE(body.readable) << text;
        EXPECT_FALSE(body.unsound) << text;
        EXPECT_EQ(body.whole.status, text_of(document, "status"));
        EXPECT_EQ(body.num_errors, static_cast<std::int64_t>(errors.size()));
        ASSERT_EQ(body.errors.size(), errors.size());
        for (std::size_t i = 0; i < errors.size(); ++i)
            EXPECT_EQ(body.errors[i].message, text_of(errors[i].as_object(), "message"));
        ASSERT_EQ(body.results.size(), results.size()) << text;
        for (std::size_t i = 0; i < results.size(); ++i) {
            const body_result& read = body.results[i];
            const json::object& held = document.at("results").as_array()[i].as_object();
            EXPECT_EQ(read.subscriber, text_of(held, "subscriberIdString")) << text;
            EXPECT_EQ(read.channel, text_of(held, "channel")) << text;
            EXPECT_EQ(read.status, text_of(held, "status")) << text;
            EXPECT_EQ(read.reason, text_of(held, "setStatusSuccessReason")) << text;
            EXPECT_EQ(read.timestamp, text_of(held, "timestamp")) << text;
            EXPECT_EQ(read.subscription, subscription_of(held)) << text;
            const json::value* const channel = held.if_contains("channel");
            EXPECT_EQ(read.unsound, channel && !channel->is_null() && text_of(held, "channel").empty()) << text;
        }
    }
}

TEST(BodyFaults, AFaultAnywhereMakesTheBodyUnreadable) {
    for (const char* const fault : faults)
        for (const std::string& body : places(fault)) EXPECT_FALSE(read_body(body).readable) << body;
    for (const std::string& body : places(std::string("\"\0\"", 3))) EXPECT_FALSE(read_body(body).readable);
}

const char* const values[] = {"0",
                              "-0",
                              "-1",
                              "10",
                              "1.5",
                              "-0.0",
                              "1e5",
                              "1E+5",
                              "1e-5",
                              "0e0",
                              "1e400",
                              "-1e-400",
                              "9223372036854775807",
                              "9223372036854775808",
                              "18446744073709551615",
                              "18446744073709551616",
                              "null",
                              "true",
                              "false",
                              "\"\"",
                              "\" \"",
                              "\"null\"",
                              "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                              "\"\\u0000\"",
                              "\"\\uD83D\\ude00\"",
                              "\"\\uffff\"",
                              "\"\x7f\"",
                              "\"\xf0\x9f\x98\x80\"",
                              "\"{}[],:\"",
                              "[]",
                              "{}",
                              " [ ] ",
                              " { } ",
                              "[[],{}]",
                              "{\"\":{}}",
                              "\t1\r\n",
                              "{ \"a\" : 1 , \"b\" : [ 1 , \"c\" ] }",
                              "{\"\\\"\":\"\\\\\"}"};

TEST(BodyFaults, EveryValueOfJsonIsReadable) {
    for (const char* const value : values)
        for (const std::string& body : places(value)) EXPECT_TRUE(read_body(body).readable) << body;
    for (const std::string& value : std::vector{std::string(400, '9'), "0." + std::string(400, '3')})
        for (const std::string& body : places(value)) EXPECT_TRUE(read_body(body).readable) << body;
}

}  // namespace
}  // namespace consent_sync::hubspot
