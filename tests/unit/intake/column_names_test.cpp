// Every name of a column that the README lists means what the page says, in each format.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "source_paths.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using consent::status_state;

const std::vector<std::string> subscribers{
    "subscriberIdString", "subscriber_id", "subscriber",   "subscriber_email", "email",
    "email_address",      "mail",          "contact_email"};
const std::vector<std::string> states{"statusState",         "status", "state",    "consent",   "consent_status",
                                      "subscription_status", "opt_in", "opted_in", "subscribed"};
const std::vector<std::string> subscriptions{"subscriptionId", "subscription", "subscription_type_id"};
const std::vector<std::string> bases{"legalBasis", "lawful_basis", "basis"};
const std::vector<std::string> explanations{"legalBasisExplanation", "lawful_basis_explanation", "basis_explanation",
                                            "explanation"};
// "Yes" in one of these says UNSUBSCRIBED.
const std::vector<std::string> inverted{"opt_out",      "opted_out",      "unsubscribe", "unsubscribed",
                                        "do_not_email", "do_not_contact", "suppressed",  "hs_email_optout"};

struct cell {
    std::string column, value;
};

// One row of these cells, once as CSV, as NDJSON and as JSON.
std::vector<reading> read_everywhere(const std::vector<cell>& cells, const read_settings& settings) {
    std::string header, row, object;
    for (const cell& c : cells) {
        const bool first = header.empty();
        header += (first ? "" : ",") + c.column;
        row += (first ? "" : ",") + c.value;
        object += (first ? "\"" : ",\"") + c.column + "\":\"" + c.value + "\"";
    }
    return {read_text(header + "\n" + row + "\n", "a.csv", settings),
            read_text("{" + object + "}\n", "a.ndjson", settings), read_text("[{" + object + "}]", "a.json", settings)};
}

// Whatever else is said of it: nobody is subscribed.
void expect_nobody_is_subscribed(const reading& got, const std::string& what) {
    for (const row& each : got.rows)
        EXPECT_TRUE(each.fault || each.change.state != status_state::subscribed) << what << " subscribes";
}

TEST(ColumnNames, OfAFieldMeanThatField) {
    for (const std::string& who : subscribers)
        for (const std::string& state : states)
            for (const reading& got :
                 read_everywhere({{who, "ann@example.com"}, {state, "unsubscribed"}, {"subscription_id", "7"}}, {})) {
                ASSERT_EQ(got.rows.size(), 1U) << who << " " << state << " " << got.refused;
                EXPECT_EQ(got.message(0), "") << who << " " << state;
                EXPECT_EQ(std::string(got[0].change.subscriber.view()), "ann@example.com") << who;
                EXPECT_EQ(got[0].change.state, status_state::unsubscribed) << state;
            }
    for (const std::string& id : subscriptions)
        for (const std::string& basis : bases)
            for (const std::string& why : explanations)
                for (const reading& got : read_everywhere({{"email", "ann@example.com"},
                                                           {"status", "subscribed"},
                                                           {id, "7"},
                                                           {basis, "CONSENT_WITH_NOTICE"},
                                                           {why, "at the fair"}},
                                                          {})) {
                    ASSERT_EQ(got.rows.size(), 1U) << id << " " << basis << " " << why << " " << got.refused;
                    EXPECT_EQ(got.message(0), "") << id << " " << basis << " " << why;
                    EXPECT_EQ(got[0].change.subscription, 7) << id;
                    EXPECT_TRUE(got[0].change.basis) << basis;
                    EXPECT_EQ(std::string(got[0].change.explanation ? got[0].change.explanation->view() : ""),
                              "at the fair")
                        << why;
                }
}

// What says "yes, leave me alone" never subscribes: alone, under a default, or beside a status that says the same.
TEST(ColumnNames, OfAnOptOutNeverMeanAnOptIn) {
    read_settings settings;
    settings.defaults.state = status_state::subscribed;
    settings.defaults.subscription = 7;
    for (const std::string& name : inverted)
        for (const std::string yes : {"yes", "true", "1", "SUBSCRIBED", "opted in", "no", "0", "false", ""}) {
            for (const reading& got : read_everywhere({{"email", "ann@example.com"}, {name, yes}}, settings))
                if (yes != "no" && yes != "0" && yes != "false") expect_nobody_is_subscribed(got, name + " " + yes);
            for (const reading& got :
                 read_everywhere({{"email", "ann@example.com"}, {name, yes}, {"status", "unsubscribed"}}, settings))
                expect_nobody_is_subscribed(got, name + " " + yes + " beside UNSUBSCRIBED");
        }
}

// The lists above are those of the page.
TEST(ColumnNames, AreThoseOfThePage) {
    std::ifstream in(CONSENT_SYNC_SOURCE_DIR "/lib/intake/README.md");
    std::ostringstream text;
    text << in.rdbuf();
    std::string page = text.str();
    for (const auto* names : {&subscribers, &states, &subscriptions, &bases, &explanations, &inverted})
        for (const std::string& name : *names) EXPECT_NE(page.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace consent_sync::intake
