// SIGHUP: keys that may change at run time change, the others are named, and a bad file changes nothing. Nothing is
// lost or reordered.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

std::string csv(int rows, const std::string& columns, const std::string& rest, const std::string& who = "p") {
    std::string text = columns + "\n";
    for (int i = 1; i <= rows; ++i) text += who + std::to_string(i) + "@example.com" + rest + "\n";
    return text;
}

bool logged(const daemon_under_test& d, const std::string& part) { return d.log().find(part) != std::string::npos; }

TEST(Reload, AppliesWhatMayChangeAndNamesWhatNeedsARestart) {
    daemon_under_test d;
    d.start();
    d.drop("before.csv", csv(3, "email,subscription_id", ",7"));
    auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "invalid"), 3u);  // no status
    d.write_config(
        R"("defaults": { "statusState": "UNSUBSCRIBED" }, "limits": { "requests": 40 }, "keep": { "done": "2d" },
                      "stop_grace": "3s", "retry": { "max": "9s" })");
    d.reload();
    EXPECT_TRUE(logged(d, R"(event=config.changed key=defaults.statusState before=null after="\"UNSUBSCRIBED\"")"));
    EXPECT_TRUE(logged(d, "event=config.reloaded changed=5 waiting_for_restart=0"));
    d.drop("after.csv", csv(3, "email,subscription_id", ",8"));
    files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 3u);
    EXPECT_EQ(d.hubspot().state("p1@example.com", 8)->status, "UNSUBSCRIBED");

    d.write_config(R"("account_of_another": 1)");
    d.reload();
    EXPECT_TRUE(logged(d, "event=config.refused"));
    d.write_config(R"("hubspot_": 1, "defaults": { "statusState": "SUBSCRIBED" })");
    d.reload();
    d.drop("refused.csv", csv(3, "email,subscription_id", ",9"));
    files = d.wait_for_files(3);
    ASSERT_EQ(files.size(), 3u);
    EXPECT_EQ(d.hubspot().state("p1@example.com", 9)->status, "UNSUBSCRIBED") << "a bad file must change nothing";

    d.write_config(R"("defaults": { "statusState": "SUBSCRIBED" })");
    d.replace_in_config(R"("account": "test")", R"("account": "other")");
    d.reload();
    EXPECT_TRUE(logged(d, R"(event=config.needs_restart key=account before="\"test\"" after="\"other\"")"));
    d.drop("still-here.csv", csv(3, "email,subscription_id", ",10"));
    files = d.wait_for_files(4);
    ASSERT_EQ(files.size(), 4u);
    EXPECT_EQ(d.hubspot().state("p1@example.com", 10)->status, "SUBSCRIBED");
    EXPECT_EQ(d.stop(), 0);
}

TEST(Reload, UnderLoadLosesNothingAndKeepsTheOrder) {
    hubspot_sim::options o;
    o.limit_requests = 0;
    o.latency = std::chrono::milliseconds(30);
    daemon_under_test d(std::move(o));
    d.start();
    for (int round = 0; round < 6; ++round) {
        const bool last = round == 5;
        d.drop("f" + std::to_string(round) + ".csv",
               csv(3'000, "email,subscription_id,status,legal_basis_explanation",
                   std::string(",7,") + (last ? "unsubscribed" : "subscribed") + ",round " + std::to_string(round)));
        d.write_config(R"("batch": { "max_changes": )" + std::to_string(20 + 13 * round) +
                       R"( }, "limits": { "requests": )" + std::to_string(200 + round) + R"(, "max_connections": )" +
                       std::to_string(3 + round) + " }");
        d.reload();
    }
    const auto files = d.wait_for_files(6, 120s);
    ASSERT_EQ(files.size(), 6u);
    for (const auto& file : files) EXPECT_EQ(count(file, "confirmed") + count(file, "superseded"), 3'000u);
    for (int i = 1; i <= 3'000; ++i)
        ASSERT_EQ(d.hubspot().state("p" + std::to_string(i) + "@example.com", 7)->status, "UNSUBSCRIBED") << i;
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    EXPECT_EQ(d.stop(), 0);
}

// After a reload HubSpot gets at most the new number of requests in any interval.
TEST(Reload, OfTheLimitIsKeptFromThenOn) {
    hubspot_sim::options o;
    o.limit_requests = 0;  // announces no limit
    daemon_under_test d(std::move(o), R"("limits": { "requests": 100, "interval": "1s" })");
    d.replace_in_config("\"max_wait\": \"100ms\"", "\"max_wait\": \"100ms\", \"max_changes\": 5");
    d.start();
    d.drop("a.csv", csv(3'000, "email,subscription_id,status", ",7,subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().requests >= 60; }));
    d.replace_in_config(R"("requests": 100)", R"("requests": 5)");
    ASSERT_EQ(d.command("reload").status, 0);
    EXPECT_TRUE(logged(d, "event=config.changed key=limits.requests before=100 after=5"));
    // Earlier requests leave the window after one interval, plus their time in flight.
    const auto before = d.hubspot().requests().size();
    ASSERT_TRUE(d.wait([&] { return d.hubspot().requests().size() >= before + 25; }));
    std::vector<std::int64_t> arrived;
    for (const auto& r : d.hubspot().requests()) arrived.push_back(r.arrived_ms);
    std::sort(arrived.begin(), arrived.end());
    const std::int64_t since = arrived[before - 1] + 1'500;
    std::size_t most = 0, seen = 0;
    for (auto first = std::lower_bound(arrived.begin(), arrived.end(), since); first != arrived.end(); ++first) {
        const auto end = std::lower_bound(first, arrived.end(), *first + 1'000);
        most = std::max(most, static_cast<std::size_t>(end - first));
        ++seen;
    }
    EXPECT_LE(most, 5u);
    EXPECT_GE(most, 3u) << "it uses what it may";
    EXPECT_GE(seen, 10u);
    EXPECT_EQ(d.stop(), 0);
}

// ExecReload= runs this command: when it exits, the reload is finished.
TEST(Reload, TheCommandEndsWithTheReloadAndFailsWhenItIsRefused) {
    daemon_under_test d;
    EXPECT_EQ(d.command("reload").status, 1) << "no daemon runs";
    d.start();
    for (int i = 1; i <= 20; ++i) {
        d.write_config(R"("limits": { "requests": )" + std::to_string(200 + i) + " }");
        const auto done = d.command("reload");
        EXPECT_EQ(done.status, 0) << done.out;
        EXPECT_NE(done.out.find("in effect: limits.requests"), std::string::npos) << done.out;
        EXPECT_TRUE(logged(d, "after=" + std::to_string(200 + i)));
    }
    d.write_config(R"("limits": { "requests": "many" })");
    const auto refused = d.command("reload");
    EXPECT_EQ(refused.status, 3);
    EXPECT_NE(refused.out.find("limits.requests"), std::string::npos) << refused.out;
    EXPECT_NE(refused.out.find("nothing is changed"), std::string::npos) << refused.out;
    d.write_config(R"("limits": { "requests": 220 })");
    d.replace_in_config(R"("account": "test")", R"("account": "other")");
    const auto later = d.command("reload");
    EXPECT_EQ(later.status, 0) << later.out;
    EXPECT_NE(later.out.find("nothing has changed; needs a restart: account"), std::string::npos) << later.out;
    EXPECT_EQ(d.stop(), 0);
}

TEST(Reload, ReadsTheTokenAgain) {
    daemon_under_test d({}, R"("retry": { "initial": "50ms", "max": "1h" })");
    d.start();
    const auto reads = [&] {
        const std::string all = d.log();
        std::size_t n = 0;
        for (auto at = all.find("event=token.read"); at != std::string::npos; at = all.find("event=token.read", at + 1))
            ++n;
        return n;
    };
    ASSERT_TRUE(d.wait([&] { return reads() == 1; }));
    d.reload();
    EXPECT_TRUE(d.wait([&] { return reads() == 2; }));
}

TEST(Reload, TakesAnotherTokenFileAndRefusesOneThatCannotBeRead) {
    const std::string other = "pat-test-of-another-file";
    daemon_under_test d;
    d.secrets().add_secret(other);
    d.start();
    d.drop("first.csv", csv(3, "email,subscription_id,status", ",7,unsubscribed"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);

    d.replace_in_config("/token\"", "/absent\"");
    d.replace_in_config(R"("account": "test")", R"("account": "test", "stop_grace": "3s")");
    d.reload();
    EXPECT_TRUE(logged(d, "event=config.refused words=")) << d.log();
    EXPECT_TRUE(logged(d, "hubspot.token_file")) << d.log();
    EXPECT_FALSE(logged(d, "event=config.changed")) << "refused as a whole";
    d.drop("second.csv", csv(3, "email,subscription_id,status", ",8,unsubscribed"));
    ASSERT_EQ(d.wait_for_files(2).size(), 2u) << "the token before is still used";

    std::ofstream(d.file("other-token")) << other;
    ASSERT_EQ(::chmod(d.file("other-token").c_str(), 0600), 0);
    d.hubspot().change([&](hubspot_sim::options& o) { o.tokens = {other}; });
    d.replace_in_config("/absent\"", "/other-token\"");
    d.reload();
    EXPECT_TRUE(logged(d, "event=config.changed key=hubspot.token_file")) << d.log();
    d.drop("third.csv", csv(3, "email,subscription_id,status", ",9,unsubscribed"));
    const auto files = d.wait_for_files(3);
    ASSERT_EQ(files.size(), 3u);
    EXPECT_EQ(count(files[2], "confirmed"), 3u);
    EXPECT_EQ(d.stop(), 0);
}

}  // namespace
}  // namespace consent_sync::integration
