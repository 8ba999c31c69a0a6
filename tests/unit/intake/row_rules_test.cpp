#include "intake/row_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using consent::status_state;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// One row with these members beside an address.
reading judge(const std::string& members, const read_settings& settings = {}) {
    return read_text("{\"email\":\"ann@example.com\"" + (members.empty() ? "" : "," + members) + "}", "x.ndjson",
                     settings);
}

TEST(RowRules, AcceptsTheWordsOfAState) {
    const std::vector<std::pair<std::string, status_state>> words{{"SUBSCRIBED", status_state::subscribed},
                                                                  {"subscribed", status_state::subscribed},
                                                                  {"Opt-In", status_state::subscribed},
                                                                  {"optin", status_state::subscribed},
                                                                  {"opted_in", status_state::subscribed},
                                                                  {"YES", status_state::subscribed},
                                                                  {"true", status_state::subscribed},
                                                                  {"1", status_state::subscribed},
                                                                  {"UNSUBSCRIBED", status_state::unsubscribed},
                                                                  {"opt out", status_state::unsubscribed},
                                                                  {"OPTED_OUT", status_state::unsubscribed},
                                                                  {"No", status_state::unsubscribed},
                                                                  {" false ", status_state::unsubscribed},
                                                                  {"0", status_state::unsubscribed},
                                                                  {"not specified", status_state::not_specified},
                                                                  {"NOT_SPECIFIED", status_state::not_specified},
                                                                  {"unknown", status_state::not_specified}};
    for (const auto& [word, state] : words) {
        const reading got = judge("\"subscriptionId\":1,\"status\":\"" + word + "\"");
        EXPECT_EQ(got.message(0), "") << word;
        EXPECT_EQ(got[0].change.state, state) << word;
    }
}

// A row that cannot be read at all is not judged, and must not pass for the person before it.
TEST(RowRules, AMalformedRowKeepsNothingOfTheOneBefore) {
    auto reader =
        open_text(R"({"email":"ann@example.com","subscriptionId":1,"status":"no","explanation":"form","change_id":7})"
                  "\n{broken\n",
                  "x.ndjson");
    ASSERT_TRUE(reader);
    reading got;
    read_on(*reader, got, 1);
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_NE(got.fault(1), "");
    EXPECT_EQ(got[1].change.subscriber, "");
    EXPECT_FALSE(got[1].change.explanation);
    EXPECT_EQ(got[1].change_id, 0);
}

TEST(RowRules, ARowKeepsNothingOfTheOneBefore) {
    const std::string start = R"({"email":"ann@example.com","subscriptionId":1,"status":"no")";
    auto reader = open_text(start + R"(,"legalBasis":"NON_GDPR","explanation":"form","change_id":7})" + "\n" + start +
                                R"(,"explanation":""})" + "\n" + start + R"(,"explanation":"again"})" + "\n" + start +
                                R"(,"explanation":17})" + "\n" + "{}\n" + start + "}\n",
                            "x.ndjson");
    ASSERT_TRUE(reader);
    reading got;
    read_on(*reader, got, 1);
    ASSERT_EQ(got.rows.size(), 6U);
    EXPECT_EQ(got[0].change.explanation, "form");
    EXPECT_FALSE(got[1].change.explanation);
    EXPECT_FALSE(got[1].change.basis);
    EXPECT_EQ(got[1].change_id, 0);
    EXPECT_EQ(got[2].change.explanation, "again");
    EXPECT_FALSE(got[3].change.explanation);
    EXPECT_TRUE(got[3].basis_dropped);
    EXPECT_NE(got.fault(4), "");
    EXPECT_EQ(got[4].change.subscriber, "");
    EXPECT_EQ(got.fault(5), "");
    EXPECT_FALSE(got[5].change.explanation);
    EXPECT_FALSE(got[5].basis_dropped);
}

// Words are remembered from row to row.
TEST(RowRules, AWordIsNotTakenForTheLastOne) {
    const std::vector<std::array<std::string, 4>> rows{
        {"yes", "NON_GDPR", "form", "SUBSCRIBED NON_GDPR form"},
        {"yes", "NON_GDPR", "form", "SUBSCRIBED NON_GDPR form"},
        {"no", "because", "form", "UNSUBSCRIBED - form"},
        {"yes", "because", "form", "invalid_legal_basis"},
        {"maybe", "NON_GDPR", "a\\u0000", "invalid_status"},
        {"YES", "non gdpr", "for", "SUBSCRIBED NON_GDPR for"},
        {"yes", "NON_GDPR", "a\\u0000", "invalid_explanation"},
        {"no", "CONSENT_WITH_NOTICE", "a\\u0000", "UNSUBSCRIBED CONSENT_WITH_NOTICE -"},
        {"", "", "", "missing_status"},
        {"unset", "", "for", "NOT_SPECIFIED - for"},
    };
    std::string content;
    for (const auto& [state, basis, explanation, expected] : rows)
        content += R"({"email":"a@b.com","status":")" + state + R"(","legalBasis":")" + basis + R"(","explanation":")" +
                   explanation + "\"}\n";
    const reading got = read_text(content, "x.ndjson", with_subscription());
    ASSERT_EQ(got.rows.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const consent::change& c = got[i].change;
        const std::string read = std::string(consent::name(c.state)) + " " +
                                 (c.basis ? std::string(consent::name(*c.basis)) : "-") + " " +
                                 std::string(c.explanation ? c.explanation->view() : "-");
        EXPECT_EQ(got.fault(i).empty() ? read : got.fault(i), rows[i][3]) << i;
    }
}

TEST(RowRules, NamesTheFieldAndWhatIsAllowed) {
    struct expectation {
        std::string members;
        std::string category;
        std::string words;
    };
    const std::string good = "\"status\":\"yes\",\"subscriptionId\":1";
    const std::vector<expectation> table{
        {"\"subscriptionId\":1", "missing_status", "statusState is missing"},
        {"\"subscriptionId\":1,\"status\":\"\"", "missing_status", "statusState is empty"},
        {"\"subscriptionId\":1,\"status\":null", "missing_status", "statusState is empty"},
        {"\"subscriptionId\":1,\"status\":\"maybe\"", "invalid_status", "SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED"},
        {"\"subscriptionId\":1,\"status\":2", "invalid_status", "statusState"},
        {"\"subscriptionId\":1,\"status\":[\"yes\"]", "invalid_status", "statusState"},
        {"\"subscriptionId\":1,\"opt_out\":\"yes\"", "missing_status", "opposite"},
        {"\"status\":\"yes\"", "missing_subscription", "batch endpoint needs one"},
        {"\"status\":\"yes\",\"subscriptionId\":\" \"", "missing_subscription", "subscriptionId"},
        {"\"status\":\"yes\",\"subscriptionId\":12.0", "invalid_subscription", "no fraction, no exponent"},
        {"\"status\":\"yes\",\"subscriptionId\":1e3", "invalid_subscription", "no fraction, no exponent"},
        {"\"status\":\"yes\",\"subscriptionId\":\"12.0\"", "invalid_subscription", "digits only"},
        {"\"status\":\"yes\",\"subscriptionId\":\"+1\"", "invalid_subscription", "digits only"},
        {"\"status\":\"yes\",\"subscriptionId\":\"0x1\"", "invalid_subscription", "digits only"},
        {"\"status\":\"yes\",\"subscriptionId\":0", "invalid_subscription", "from 1"},
        {"\"status\":\"yes\",\"subscriptionId\":-1", "invalid_subscription", "from 1"},
        {"\"status\":\"yes\",\"subscriptionId\":true", "invalid_subscription", "digits"},
        {"\"status\":\"yes\",\"subscriptionId\":9223372036854775808", "invalid_subscription", "9223372036854775807"},
        {"\"status\":\"yes\",\"subscriptionId\":\"9223372036854775808\"", "invalid_subscription", "digits"},
        {"\"status\":\"yes\",\"subscriptionId\":\"99999999999999999999999\"", "invalid_subscription", "digits"},
        {good + ",\"channel\":\"SMS\"", "invalid_channel", "channel must be EMAIL"},
        {good + ",\"channel\":7", "invalid_channel", "channel must be EMAIL"},
        {good + ",\"legalBasis\":\"GDPR\"", "invalid_legal_basis", "CONSENT_WITH_NOTICE"},
        {good + ",\"legalBasis\":3", "invalid_legal_basis", "legalBasis"},
        {good + ",\"explanation\":\"a\\u0000b\"", "invalid_explanation", "NUL"},
        {good + ",\"explanation\":{}", "invalid_explanation", "text"},
        {good + ",\"explanation\":\"" + std::string(4097, 'x') + "\"", "invalid_explanation", "4096"},
        {good + ",\"change_id\":\"4,29E+09\"", "unknown_change_id", "spreadsheet"},
        {good + ",\"change_id\":-4", "unknown_change_id", "change_id"},
        {good + ",\"change_id\":\"ann@example.com\"", "unknown_change_id", "change_id"},
    };
    for (const expectation& e : table) {
        const reading got = judge(e.members);
        ASSERT_EQ(got.rows.size(), 1U) << e.members;
        EXPECT_EQ(got.fault(0), e.category) << e.members;
        EXPECT_THAT(got.message(0), AllOf(HasSubstr(e.words), Not(HasSubstr("example.com")))) << e.members;
    }
}

TEST(RowRules, AcceptsTheWholeRangeOfASubscription) {
    for (const std::string id : {"1", "\"1\"", "\" 0012 \"", "9223372036854775807", "\"9223372036854775807\""})
        EXPECT_EQ(judge("\"status\":\"yes\",\"subscriptionId\":" + id).message(0), "") << id;
}

TEST(RowRules, TellsAllFaultsOfARowUnderTheFirst) {
    const reading got = read_text("{\"email\":\"nobody\"}", "x.ndjson");
    EXPECT_EQ(got.fault(0), "invalid_address");
    EXPECT_THAT(got.message(0), AllOf(HasSubstr("subscriberIdString must"), HasSubstr("; statusState is missing"),
                                      HasSubstr("; subscriptionId is empty")));
}

TEST(RowRules, DefaultsStandForMissingColumnsAndNeverForEmptyCells) {
    read_settings settings;
    settings.defaults.state = status_state::subscribed;
    settings.defaults.subscription = 5;
    settings.defaults.basis = consent::legal_basis::non_gdpr;
    settings.defaults.explanation = "by default";
    const reading missing = judge("", settings);
    EXPECT_EQ(missing.message(0), "");
    EXPECT_EQ(missing[0].change.state, status_state::subscribed);
    EXPECT_EQ(missing[0].change.subscription, 5);
    EXPECT_EQ(missing[0].change.basis, consent::legal_basis::non_gdpr);
    EXPECT_EQ(missing[0].change.explanation, "by default");

    const reading empty = judge(R"("status":"","subscriptionId":"","legalBasis":"","explanation":"")", settings);
    EXPECT_EQ(empty.fault(0), "missing_status");
    EXPECT_THAT(empty.message(0), HasSubstr("subscriptionId is empty"));
    EXPECT_FALSE(empty[0].change.basis);
    EXPECT_FALSE(empty[0].change.explanation);
}

TEST(RowRules, LegalBasisIsReadWithSpacesAndDashes) {
    const reading got = judge(R"("status":"yes","subscriptionId":1,"lawful_basis":"Legitimate interest-client")");
    EXPECT_EQ(got[0].change.basis, consent::legal_basis::legitimate_interest_client);
}

TEST(RowRules, RequiresALegalBasisOfOptInsOnly) {
    read_settings settings = with_subscription();
    settings.rules.require_legal_basis = true;
    const std::string basis = ",\"legalBasis\":\"NON_GDPR\"";
    const std::string explanation = ",\"explanation\":\"form\"";
    EXPECT_EQ(judge("\"status\":\"yes\"", settings).fault(0), "missing_legal_basis");
    EXPECT_THAT(judge("\"status\":\"yes\"" + explanation, settings).message(0), HasSubstr("legalBasis is required"));
    EXPECT_THAT(judge("\"status\":\"yes\"" + basis, settings).message(0),
                HasSubstr("legalBasisExplanation is required"));
    EXPECT_EQ(judge("\"status\":\"yes\"" + basis + explanation, settings).fault(0), "");
    EXPECT_EQ(judge("\"status\":\"no\"", settings).fault(0), "");
    EXPECT_EQ(judge("\"status\":\"not_specified\"", settings).fault(0), "");
}

TEST(RowRules, ABadLegalBasisNeverStopsAnOptOut) {
    for (const std::string bad :
         {"\"legalBasis\":\"because\"", "\"legalBasis\":[]", "\"explanation\":\"a\\u0000\"", "\"explanation\":7"}) {
        const reading out = judge("\"status\":\"no\",\"subscriptionId\":1," + bad);
        EXPECT_EQ(out.message(0), "") << bad;
        EXPECT_TRUE(out[0].basis_dropped) << bad;
        EXPECT_FALSE(out[0].change.basis);
        EXPECT_FALSE(out[0].change.explanation);
        EXPECT_NE(judge("\"status\":\"not_specified\",\"subscriptionId\":1," + bad).fault(0), "") << bad;
    }
    EXPECT_FALSE(judge(R"("status":"no","subscriptionId":1,"legalBasis":"NON_GDPR")")[0].basis_dropped);
}

TEST(RowRules, AnOptOutWithoutASubscriptionStandsForAllThatAreListed) {
    read_settings settings = with_subscription(5);
    settings.rules.unsubscribe_all = {11, 12, 11, 13};
    const reading out = judge("\"status\":\"no\",\"subscription\":\"\",\"change_id\":9", settings);
    ASSERT_EQ(out.rows.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(out[i].change.subscription, 11 + static_cast<std::int64_t>(i));
        EXPECT_EQ(out[i].number, i + 1);
        EXPECT_EQ(out[i].offset, 0U);
        EXPECT_EQ(out[i].change.subscriber, "ann@example.com");
        EXPECT_EQ(out[i].change_id, 9);
    }
    EXPECT_EQ(judge("\"status\":\"no\"", settings).rows.size(), 3U);
    EXPECT_EQ(judge("\"status\":\"no\",\"subscription\":1", settings).rows.size(), 1U);
    EXPECT_EQ(judge("\"status\":\"yes\"", settings)[0].change.subscription, 5);
    EXPECT_EQ(judge("\"status\":\"yes\",\"subscription\":\"\"", settings).fault(0), "missing_subscription");
    const reading bad = judge("\"status\":\"no\",\"channel\":\"FAX\"", settings);
    ASSERT_EQ(bad.rows.size(), 1U);
    EXPECT_EQ(bad.fault(0), "invalid_channel");
}

TEST(RowRules, InvalidUtf8IsNamedByItsField) {
    const std::string header = "email,status,subscription,explanation,note\n";
    const reading got = read_text(header +
                                      "j\xFCrgen@b.com,yes,1,,\nb@b.com,yes,1,f\xFCr,\nc@b.com,no,1,f\xFCr,\n"
                                      "d@b.com,yes,1,,f\xFCr\ne@b.com,j\xE4,1,,\n",
                                  "x.csv");
    EXPECT_EQ(got.fault(0), "invalid_utf8");
    EXPECT_THAT(got.message(0), HasSubstr("subscriberIdString"));
    EXPECT_EQ(got.fault(1), "invalid_utf8");
    EXPECT_THAT(got.message(1), HasSubstr("legalBasisExplanation"));
    EXPECT_EQ(got.fault(2), "");
    EXPECT_TRUE(got[2].basis_dropped);
    EXPECT_EQ(got.fault(3), "");
    EXPECT_EQ(got.fault(4), "invalid_status");
    for (const row& r : got.rows) EXPECT_EQ(describe(r).find('\xFC'), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::intake
