#include "hubspot_sim/fast_answer.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

namespace consent_sync::hubspot_sim {
namespace {

std::string answer_to(std::string_view body, std::size_t room = 0) {
    std::vector<char> to(room);
    const std::size_t end = write_fast_answer(to, 10, body, "2025-01-08T06:34:39.478Z");
    return std::string(to.data() + 10, end - 10);
}

TEST(FastAnswer, AnswersEveryInputWhateverTheOrderOfItsFields) {
    const std::string text = answer_to(
        R"({"inputs":[{"statusState":"UNSUBSCRIBED","subscriptionId":12,"channel":"EMAIL","subscriberIdString":"a}\"b@c.d"},)"
        R"( { "subscriberIdString" : "e@f.g", "subscriptionId" : 3 , "statusState":"SUBSCRIBED","legalBasis":"NON_GDPR","legalBasisExplanation":"\\"} ]})");
    const auto results = boost::json::parse(text).at("results").as_array();
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0].at("subscriberIdString").as_string(), "a}\"b@c.d");
    EXPECT_EQ(results[0].at("subscriptionId").as_int64(), 12);
    EXPECT_EQ(results[0].at("status").as_string(), "UNSUBSCRIBED");
    EXPECT_TRUE(results[0].at("legalBasis").is_null());
    EXPECT_EQ(results[1].at("subscriptionId").as_int64(), 3);
    EXPECT_EQ(results[1].at("legalBasis").as_string(), "NON_GDPR");
    EXPECT_EQ(results[1].at("legalBasisExplanation").as_string(), "\\");
}

TEST(FastAnswer, AnswersNoInputsWithNoResults) {
    EXPECT_TRUE(boost::json::parse(answer_to("{\"inputs\":[]}")).at("results").as_array().empty());
    EXPECT_TRUE(boost::json::parse(answer_to("")).at("results").as_array().empty());
}

TEST(FastAnswer, StaysWithinABodyThatBreaksOff) {
    const std::string whole = R"({"inputs":[{"subscriberIdString":"a\\@b.c","subscriptionId":1}]})";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::string part = whole.substr(0, length);
        EXPECT_NO_THROW(boost::json::parse(answer_to(part))) << part;
    }
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
