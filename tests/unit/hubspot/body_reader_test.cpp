#include "hubspot/body_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

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

}  // namespace
}  // namespace consent_sync::hubspot
