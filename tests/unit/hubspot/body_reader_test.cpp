#include "hubspot/body_reader.hpp"

#include <gtest/gtest.h>

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
    EXPECT_TRUE(body.errors.empty());
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

}  // namespace
}  // namespace consent_sync::hubspot
