#include "hubspot_sim/options.hpp"

#include <gtest/gtest.h>

#include <set>

namespace consent_sync::hubspot_sim {
namespace {

TEST(Options, AreSetByName) {
    options o;
    EXPECT_TRUE(set_option(o, "limit-requests", "7", true));
    EXPECT_TRUE(set_option(o, "limit-interval", "2s", true));
    EXPECT_TRUE(set_option(o, "echo", "mixed", true));
    EXPECT_TRUE(set_option(o, "known-subscription", "5", true));
    EXPECT_EQ(o.limit_requests, 7u);
    EXPECT_EQ(o.limit_interval, milliseconds(2000));
    EXPECT_EQ(o.echo, echo_case::mixed);
    EXPECT_EQ(o.known_subscriptions, std::vector<std::int64_t>(1, 5));
}

TEST(Options, RefuseWhatTheyCannotRead) {
    options o;
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, const char*>>{{"limit-requests", "-1"},
                                                                    {"limit-requests", "7x"},
                                                                    {"latency", "soon"},
                                                                    {"echo", "loud"},
                                                                    {"null-share", "1.1"},
                                                                    {"rate-headers", "yes"},
                                                                    {"fault", "503"},
                                                                    {"no-such", "1"},
                                                                    {"port", "70000"}}) {
        EXPECT_FALSE(set_option(o, name, value, false)) << name << "=" << value;
    }
}

TEST(Options, ThatAreFixedAtTheStartStayFixed) {
    options o;
    EXPECT_TRUE(set_option(o, "port", "5", false));
    EXPECT_FALSE(set_option(o, "port", "6", true));
    EXPECT_EQ(o.port, 5);
}

TEST(Options, MoveATokenFromOneListToTheOther) {
    options o;
    EXPECT_TRUE(set_option(o, "only-token", "t", true));
    EXPECT_TRUE(set_option(o, "expired-token", "t", true));
    EXPECT_TRUE(o.tokens.empty());
    EXPECT_EQ(o.expired_tokens, std::vector<std::string>(1, "t"));
    EXPECT_TRUE(set_option(o, "drop-token", "t", true));
    EXPECT_TRUE(o.expired_tokens.empty());
}

TEST(Options, OfTheFastModeHaveNoLimitUnlessAsked) {
    options o;
    EXPECT_TRUE(set_option(o, "fast", "true", false));
    EXPECT_EQ(o.limit_requests, 0u);
}

TEST(Options, HaveDifferentNames) {
    std::set<std::string_view> names;
    for (const option_entry& entry : option_entries()) EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
