#include "hubspot_sim/binding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::hubspot_sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Binding, ReadsAllFields) {
    const auto inputs = bind_inputs(
        R"({"inputs":[{"subscriberIdString":"A@b.c","subscriptionId":9007199254740993,"channel":"EMAIL",)"
        R"("statusState":"NOT_SPECIFIED","legalBasis":"NON_GDPR","legalBasisExplanation":"why","extra":[1]}]})");
    ASSERT_TRUE(inputs);
    ASSERT_EQ(inputs->size(), 1u);
    const input& in = inputs->front();
    EXPECT_EQ(in.subscriber, "A@b.c");
    EXPECT_EQ(in.subscription, 9007199254740993);
    EXPECT_EQ(in.status, "NOT_SPECIFIED");
    EXPECT_EQ(in.basis, "NON_GDPR");
    EXPECT_EQ(in.explanation, "why");
    EXPECT_EQ(key_of(in), "a@b.c\n9007199254740993\nEMAIL");
}

TEST(Binding, TakesNullForAbsent) {
    const auto inputs = bind_inputs(
        R"({"inputs":[{"subscriberIdString":"a","subscriptionId":1,"channel":"EMAIL","statusState":"SUBSCRIBED","legalBasis":null}]})");
    ASSERT_TRUE(inputs);
    EXPECT_TRUE(inputs->front().basis.empty());
}

struct refusal {
    const char* body;
    const char* words;
};
class BindingRefuses : public ::testing::TestWithParam<refusal> {};

TEST_P(BindingRefuses, TheWholeRequest) {
    const auto inputs = bind_inputs(GetParam().body);
    ASSERT_FALSE(inputs);
    EXPECT_THAT(inputs.error().message, StartsWith("Invalid input JSON on line "));
    EXPECT_THAT(inputs.error().message, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BindingRefuses,
    ::testing::Values(
        refusal{"", "line 1, column 1"}, refusal{"{\"inputs\":[", "incomplete"},
        refusal{"{\"inputs\":[]} x", "extra data"}, refusal{"[]", "not set [inputs]"},
        refusal{"{\"inputs\":{}}", "an array is expected"}, refusal{"{\"inputs\":[1]}", "an object is expected"},
        refusal{"{\"inputs\":[{}]}", "[channel, statusState, subscriberIdString, subscriptionId]"},
        refusal{
            R"({"inputs":[{"subscriberIdString":"a","subscriptionId":"7","channel":"EMAIL","statusState":"SUBSCRIBED"}]})",
            "`subscriptionId`: an integer"},
        refusal{
            R"({"inputs":[{"subscriberIdString":"a","subscriptionId":7.0,"channel":"EMAIL","statusState":"SUBSCRIBED"}]})",
            "`subscriptionId`: an integer"},
        refusal{
            R"({"inputs":[{"subscriberIdString":"a","subscriptionId":7,"channel":"SMS","statusState":"SUBSCRIBED"}]})",
            "\"SMS\": not one of the values"},
        refusal{
            R"({"inputs":[{"subscriberIdString":"a","subscriptionId":7,"channel":"EMAIL","statusState":"subscribed"}]})",
            "\"subscribed\": not one of the values"},
        refusal{
            R"({"inputs":[{"subscriberIdString":5,"subscriptionId":7,"channel":"EMAIL","statusState":"SUBSCRIBED"}]})",
            "`subscriberIdString`: a string"},
        refusal{
            R"({"inputs":[{"subscriberIdString":null,"subscriptionId":7,"channel":"EMAIL","statusState":"SUBSCRIBED"}]})",
            "not set [subscriberIdString]"}));

TEST(Binding, PointsAtTheInputThatIsWrong) {
    const std::string good =
        R"({"subscriberIdString":"a[{,\"","subscriptionId":1,"channel":"EMAIL","statusState":"SUBSCRIBED"})";
    const auto inputs = bind_inputs("{\n\"inputs\":[" + good + ",\n  {}]}");
    ASSERT_FALSE(inputs);
    EXPECT_THAT(inputs.error().message, StartsWith("Invalid input JSON on line 3, column 4: "));
}

TEST(Binding, LowersAndTrimsAddresses) {
    EXPECT_EQ(lower_address(" \tAnn@Example.COM\n"), "ann@example.com");
    EXPECT_EQ(lower_address("\xC3\x84@b.c"), "\xC3\x84@b.c");
    EXPECT_EQ(lower_address("  "), "");
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
