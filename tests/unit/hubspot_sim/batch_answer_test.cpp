#include "hubspot_sim/batch_answer.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "hubspot_sim/address_pattern.hpp"

namespace consent_sync::hubspot_sim {
namespace {

input make_input(const std::string& subscriber) {
    input in;
    in.subscriber = subscriber;
    in.subscription = 7;
    in.channel = "EMAIL";
    in.status = "UNSUBSCRIBED";
    return in;
}

class BatchAnswer : public ::testing::Test {
  protected:
    boost::json::value answer(const std::vector<input>& inputs) {
        const reason_source reason = [](const input&) { return std::string_view("NO_STATUS_CHANGE"); };
        decisions_ = decide(inputs, options_, reason, flaky_, random_);
        reply_ = batch_reply(decisions_, options_, batch_times(), false, random_);
        return boost::json::parse(reply_.body);
    }

    options options_;
    random_engine random_{1};
    flaky_addresses flaky_;
    std::vector<change_decision> decisions_;
    reply reply_;
};

TEST(AddressPattern, IsTheBeginningOfTheLocalPart) {
    EXPECT_EQ(pattern_of("reject-1@b.c"), address_pattern::reject);
    EXPECT_EQ(pattern_of(" Refuse-1@b.c"), address_pattern::refuse);
    EXPECT_EQ(pattern_of("refuse-unnamed-1@b.c"), address_pattern::refuse_unnamed);
    EXPECT_EQ(pattern_of("refuse-each-1@b.c"), address_pattern::refuse_each);
    EXPECT_EQ(pattern_of("rejected@b.c"), address_pattern::none);
}

TEST_F(BatchAnswer, PutsEachPatternWhereItBelongs) {
    const auto all = answer({make_input("ann@b.c"), make_input("Reject-1@b.c"), make_input("missing-1@b.c"),
                             make_input("silent-1@b.c"), make_input("other-1@b.c"), make_input("unattributed-1@b.c")});
    EXPECT_EQ(all.at("results").as_array().size(), 2u);
    EXPECT_EQ(all.at("numErrors").as_int64(), 2);
    EXPECT_EQ(all.at("errors").as_array().size(), 2u);
    std::vector<bool> applied;
    for (const change_decision& d : decisions_) applied.push_back(d.applied);
    EXPECT_EQ(applied, (std::vector<bool>{true, false, false, true, false, false}));
    for (const auto& result : all.at("results").as_array()) {
        const bool other = result.at("subscriberIdString").as_string() == "other-1@b.c";
        EXPECT_EQ(result.at("status").as_string(), other ? "SUBSCRIBED" : "UNSUBSCRIBED");
    }
}

TEST_F(BatchAnswer, LeavesAFlakyAddressOutOnce) {
    EXPECT_TRUE(answer({make_input("flaky-1@b.c")}).at("results").as_array().empty());
    EXPECT_EQ(answer({make_input("FLAKY-1@b.c")}).at("results").as_array().size(), 1u);
}

TEST_F(BatchAnswer, NamesSeveralAddressesInOneErrorIfAsked) {
    options_.errors_grouped = 2;
    options_.errors_status = 207;
    const auto all = answer({make_input("reject-1@b.c"), make_input("reject-2@b.c"), make_input("reject-3@b.c")});
    EXPECT_EQ(reply_.status, 207u);
    ASSERT_EQ(all.at("errors").as_array().size(), 2u);
    EXPECT_EQ(all.at("errors").at(0).at("context").at("subscriberIdString").as_array().size(), 2u);
    EXPECT_EQ(all.at("errors").at(1).at("context").at("subscriberIdString").as_array().size(), 1u);
}

TEST_F(BatchAnswer, NamesNobodyIfAsked) {
    options_.errors_unattributed = true;
    const auto all = answer({make_input("reject-1@b.c")});
    EXPECT_TRUE(all.at("errors").at(0).at("context").as_object().empty());
}

TEST_F(BatchAnswer, RefusesUnknownSubscriptions) {
    options_.known_subscriptions.assign(1, 8);
    EXPECT_EQ(answer({make_input("ann@b.c")}).at("numErrors").as_int64(), 1);
}

TEST_F(BatchAnswer, LeavesNullableFieldsNullIfAsked) {
    options_.null_share = 1;
    const auto result = answer({make_input("ann@b.c")}).at("results").at(0);
    for (const char* field : {"businessUnitId", "subscriptionName", "legalBasis", "setStatusSuccessReason"}) {
        EXPECT_TRUE(result.at(field).is_null()) << field;
    }
}

TEST_F(BatchAnswer, IsTheSameForTheSameSeed) {
    options_.reject_share = 0.3;
    options_.missing_share = 0.3;
    options_.echo = echo_case::mixed;
    std::vector<input> inputs;
    for (int i = 0; i < 50; ++i) inputs.push_back(make_input("person" + std::to_string(i) + "@b.c"));
    answer(inputs);
    const std::string first = reply_.body;
    random_.seed(1);
    answer(inputs);
    EXPECT_EQ(reply_.body, first);
}

TEST(WholeRefusal, FollowsTheFirstSuchAddress) {
    EXPECT_FALSE(refuse_whole({make_input("reject-1@b.c")}, "c"));
    const auto named = refuse_whole({make_input("a@b.c"), make_input("refuse-1@b.c"), make_input("crash-1@b.c")}, "c");
    ASSERT_TRUE(named && std::holds_alternative<reply>(*named));
    EXPECT_EQ(std::get<reply>(*named).status, 400u);
    EXPECT_NE(std::get<reply>(*named).body.find("refuse-1@b.c"), std::string::npos);
    const auto bad = refuse_whole({make_input("badjson-1@b.c")}, "c");
    ASSERT_TRUE(bad);
    EXPECT_EQ(std::get<reply>(*bad).body.find("category"), std::string::npos);
    const auto cut = refuse_whole({make_input("cut-1@b.c")}, "c");
    ASSERT_TRUE(cut && std::holds_alternative<fault>(*cut));
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
