// Tokens while the daemon runs: replaced, refreshed, rotated, denied.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

using hubspot_sim::fault;
using std::chrono::milliseconds;

constexpr const char* quick = R"("retry": { "initial": "20ms", "max": "1s" })";

std::string csv(const std::string& who, int count) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 0; i < count; ++i) text += who + std::to_string(i) + "@example.com,7,subscribed\n";
    return text;
}

std::string read_text(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

// A daemon that uses OAuth.
struct oauth_daemon : daemon_under_test {
    explicit oauth_daemon(hubspot_sim::options o) : daemon_under_test(o, quick) {
        write_secret("client-secret", o.client_secret);
        write_secret("refresh-token", o.refresh_token);
        replace_in_config("\"token_file\": \"" + file("token") + "\"",
                          R"("oauth": { "client_id": "sim-client", "client_secret_file": ")" + file("client-secret") +
                              R"(", "refresh_token_file": ")" + file("refresh-token") + "\" }");
        hubspot().change([](hubspot_sim::options& now) { now.tokens.clear(); });
    }
    void write_secret(const std::string& name, const std::string& text) {
        secrets().add_secret(text);
        const std::string path = file(name + ".new");
        std::ofstream(path) << text << "\n";
        ::chmod(path.c_str(), 0600);
        std::rename(path.c_str(), file(name).c_str());
    }
};

TEST(Tokens, ATokenThatWasMissingEndsThePauseThoughNothingWaits) {
    daemon_under_test d({}, quick);
    ASSERT_EQ(std::remove(d.file("token").c_str()), 0);
    d.start();
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=auth") != std::string::npos; }));
    d.write_token(daemon_under_test::token);
    EXPECT_TRUE(d.wait([&] { return d.log().find("event=pause.ended reason=auth") != std::string::npos; }));
    EXPECT_EQ(d.stop(), 0);
}

TEST(Tokens, AFileThatWasReplacedMeanwhileCausesNoPause) {
    daemon_under_test d({}, quick);
    d.start();
    d.drop("a.csv", csv("a", 20));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.hubspot().change([](hubspot_sim::options& o) { o.tokens = {"pat-test-the-next-one"}; });
    d.write_token("pat-test-the-next-one");
    d.drop("b.csv", csv("b", 20));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 20u);
    EXPECT_GE(d.hubspot().counters().statuses[401], 1u) << "the token that was read at the start was refused";
    EXPECT_EQ(d.log().find("event=pause.begun"), std::string::npos);
}

TEST(Tokens, OAuthIsRefreshedAheadOfItsEndAndARotatedRefreshTokenSurvivesARestart) {
    hubspot_sim::options o;
    o.rotate_refresh_token = true;
    o.expires_in = milliseconds(10'000);
    oauth_daemon d(std::move(o));
    d.start();
    d.drop("a.csv", csv("a", 20));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    const std::string stored = d.state("/oauth-refresh-token.json");
    struct stat s {};
    ASSERT_EQ(::stat(stored.c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777u, 0600u);
    const std::string first = read_text(stored);
    EXPECT_EQ(first.find("sim-refresh-token"), std::string::npos) << "it holds the rotated one";
    // Each grant invalidates the previous refresh token, so only the stored one is valid now.
    d.kill_hard();
    d.start();
    d.drop("b.csv", csv("b", 20));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 20u);
    EXPECT_NE(read_text(stored), first);
    const auto refreshes = d.hubspot().counters().token_refreshes;
    EXPECT_TRUE(d.wait([&] { return d.hubspot().counters().token_refreshes > refreshes; }, 15s)) << "ahead of its end";
    EXPECT_EQ(d.hubspot().counters().statuses[401], 0u);
    EXPECT_EQ(d.log().find("event=pause.begun"), std::string::npos);
}

TEST(Tokens, OneRefreshServesAllRequestsThatWereRefusedTogether) {
    hubspot_sim::options o;
    o.latency = milliseconds(300);
    oauth_daemon d(std::move(o));
    d.start();
    d.drop("a.csv", csv("a", 200));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_EQ(d.hubspot().counters().token_refreshes, 1u);
    d.hubspot().next({fault::status(401).times(3)});
    d.drop("b.csv", csv("b", 2'000));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 2'000u);
    EXPECT_EQ(d.hubspot().counters().statuses[401], 3u);
    EXPECT_EQ(d.hubspot().counters().token_refreshes, 2u);
    EXPECT_EQ(d.log().find("event=pause.begun"), std::string::npos);
}

TEST(Tokens, InvalidGrantPausesWithHubSpotsWordsUntilAnotherRefreshTokenIsThere) {
    hubspot_sim::options o;
    oauth_daemon d(o);
    d.hubspot().change([](hubspot_sim::options& now) { now.refresh_token = "sim-refresh-new"; });
    d.start();
    d.drop("a.csv", csv("a", 20));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=auth") != std::string::npos; }));
    EXPECT_NE(d.log().find("the refresh token is invalid or revoked"), std::string::npos);
    EXPECT_NE(d.log().find("BAD_REFRESH_TOKEN"), std::string::npos);
    EXPECT_EQ(d.hubspot().counters().requests, 0u);
    d.write_secret("refresh-token", "sim-refresh-new");
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 20u);
    EXPECT_EQ(count_of(d.log(), "event=pause.begun"), 1u);
    EXPECT_EQ(count_of(d.log(), "event=pause.ended reason=auth"), 1u);
}

TEST(Tokens, TroubleOfTheTokenEndpointBacksOffByItself) {
    oauth_daemon d({});
    d.hubspot().next_token({fault::status(503), fault::html(502), fault::status(429).with_header("Retry-After", "1")});
    d.start();
    d.drop("a.csv", csv("a", 20));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 20u);
    EXPECT_EQ(count_of(d.log(), "event=token.refresh_failed"), 3u);
    EXPECT_EQ(d.hubspot().counters().token_refreshes, 1u) << "one for all requests";
    EXPECT_EQ(d.hubspot().counters().requests, 1u) << "no batch is sent without a token";
}

}  // namespace
}  // namespace consent_sync::integration
