// The monitor of the real daemon: metrics that promtool accepts, health, status, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <regex>

#include "integration/daemon_under_test.hpp"
#include "integration/raw_client.hpp"

namespace consent_sync::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string any_port = R"("monitor": { "listen": "127.0.0.1:0" })";

class watched_daemon : public daemon_under_test {
  public:
    explicit watched_daemon(const std::string& more = any_port, hubspot_sim::options o = {})
        : daemon_under_test(std::move(o), more) {
        start();
        std::smatch found;
        const std::string text = log();
        if (std::regex_search(text, found, std::regex("event=monitor.listening port=([0-9]+)"))) port_ = found[1];
    }
    const std::string& port() const { return port_; }
    static std::string shell(const std::string& line) {
        std::string out;
        FILE* pipe = ::popen((line + " 2>&1").c_str(), "re");
        char piece[4096];
        for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) out.append(piece, n);
        const int status = ::pclose(pipe);
        return out + "\nexit " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }

  private:
    std::string port_ = "0";
};

std::string csv(int rows) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 0; i < rows; ++i) text += "p" + std::to_string(i) + "@example.com,7,subscribed\n";
    return text;
}

TEST(Monitor, MetricsCountWhatWasDoneAndPromtoolFindsNothingToSay) {
    watched_daemon d;
    d.drop("ann@example.com.csv", csv(250) + "nobody,7,subscribed\nreject-1@example.com,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_TRUE(d.wait([&] { return d.get("/metrics").find("files_total{state=\"done\"} 1") != std::string::npos; }));
    const std::string metrics = d.get("/metrics");
    EXPECT_THAT(metrics, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(metrics, HasSubstr("consent_sync_changes_total{verdict=\"confirmed\"} 250"));
    EXPECT_THAT(metrics, HasSubstr("consent_sync_changes_total{verdict=\"rejected\"} 1"));
    EXPECT_THAT(metrics, HasSubstr("consent_sync_changes_total{verdict=\"invalid\"} 1"));
    EXPECT_THAT(metrics, HasSubstr("consent_sync_paused{reason=\"daily limit\"} 0"));
    EXPECT_THAT(metrics, HasSubstr("consent_sync_requests_total{code=\"20"));
    EXPECT_THAT(metrics, Not(HasSubstr("example.com")));
    const std::string checked =
        watched_daemon::shell("curl -s http://127.0.0.1:" + d.port() + "/metrics | promtool check metrics");
    EXPECT_EQ(checked, "\nexit 0");
}

TEST(Monitor, TellsTheIntervalThatIsInEffectNotTheOneThatWasConfigured) {
    hubspot_sim::options o;
    o.limit_interval = std::chrono::seconds(20);
    watched_daemon d(any_port, std::move(o));
    d.drop("a.csv", csv(1));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_TRUE(
        d.wait([&] { return d.get("/metrics").find("rate_limit_interval_seconds 20\n") != std::string::npos; }));
    EXPECT_THAT(d.get("/status"), HasSubstr("\"interval_ms\":20000"));
}

TEST(Monitor, AnswersHealthAndStatusWithoutNamesOfFiles) {
    watched_daemon d;
    EXPECT_THAT(d.get("/healthz"), HasSubstr("200 OK"));
    EXPECT_THAT(d.get("/readyz"), HasSubstr("200 OK"));
    ASSERT_EQ(d.command("pause").status, 0);
    d.drop("a secret name.csv", csv(10));
    ASSERT_TRUE(d.wait([&] { return d.get("/status").find("\"waiting\":10") != std::string::npos; }));
    const std::string status = d.get("/status");
    EXPECT_THAT(status, HasSubstr("Content-Type: application/json"));
    EXPECT_THAT(status, HasSubstr("\"file_id\":\"00000001\",\"name\":null"));
    EXPECT_THAT(status, Not(HasSubstr("secret")));
    EXPECT_THAT(status, Not(HasSubstr(d.state())));
}

// While an opt-out waits, all outputs show how long. Rows that are held for another reason do not count as opt-outs.
TEST(Monitor, TellsTheAgeOfTheOldestUnsentOptOut) {
    watched_daemon d;
    const auto age = [&d] {
        std::smatch found;
        const std::string text = d.get("/metrics");
        if (!std::regex_search(text, found, std::regex("\nconsent_sync_oldest_unsent_opt_out_seconds ([0-9.e+-]+)")))
            return -1.0;
        return std::stod(found[1]);
    };
    const std::string none = "\"oldest_unsent_opt_out_seconds\":null";
    ASSERT_EQ(d.command("pause").status, 0);
    d.drop("in.csv", csv(10));
    ASSERT_TRUE(d.wait([&] { return d.get("/status").find("\"waiting\":10") != std::string::npos; }));
    EXPECT_EQ(age(), 0);
    EXPECT_THAT(d.get("/status"), HasSubstr(none));
    d.drop("out.csv", "email,subscription_id,status\nann@example.com,7,unsubscribed\n");
    ASSERT_TRUE(d.wait([&] { return age() > 0; }));
    const double first = age();
    EXPECT_TRUE(d.wait([&] { return age() > first; })) << "it grows";
    EXPECT_THAT(d.get("/status"), Not(HasSubstr(none)));
    EXPECT_THAT(d.command("status").out, HasSubstr("the oldest unsent one waits for "));
    ASSERT_EQ(d.command("resume").status, 0);
    ASSERT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_TRUE(d.wait([&] { return age() == 0; }));
    EXPECT_THAT(d.get("/status"), HasSubstr(none));
}

TEST(Monitor, RefusesForeignHostsOtherMethodsAndOtherPaths) {
    watched_daemon d;
    EXPECT_THAT(d.get("/metrics", "-H 'Host: evil.example'"), HasSubstr("421 "));
    EXPECT_THAT(d.get("/metrics", "-H 'Host:'"), HasSubstr("400 "));
    EXPECT_THAT(d.get("/metrics", "-X POST -d x=1"), HasSubstr("405 "));
    EXPECT_THAT(d.get("/metrics", "-X DELETE"), HasSubstr("Allow: GET, HEAD"));
    EXPECT_THAT(d.get("/pause"), HasSubstr("404 "));
    EXPECT_THAT(d.get("/metrics", "-I"), HasSubstr("Content-Length: "));
    EXPECT_THAT(d.get("/metrics", "-H 'Host: localhost:1'"), HasSubstr("200 OK"));
    EXPECT_THAT(d.get("/healthz", "-H 'X: " + std::string(9000, 'x') + "'"), Not(HasSubstr("200 OK")));
    EXPECT_TRUE(d.runs());
}

TEST(Monitor, AnswersWhatIsNoRequestAndWhatIsSmuggled) {
    watched_daemon d;
    const auto said = [&d](const std::string& text) { return raw_client(d.port(), text).first_line(); };
    EXPECT_THAT(said("nonsense\r\n\r\n"), HasSubstr(" 400 "));
    EXPECT_THAT(said("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr(" 431 "));
    EXPECT_THAT(said("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"), HasSubstr(" 400 "));
    EXPECT_THAT(said("GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr(" 404 "));
    EXPECT_THAT(said("CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr(" 404 "));
    EXPECT_THAT(said("GET /metrics HTTP/1.1\r\nHost: a.monitor.example\r\n\r\n"), HasSubstr(" 421 "));
}

TEST(Monitor, ConnectionsThatSayNothingKeepNobodyOut) {
    watched_daemon d;
    std::vector<raw_client> silent;
    for (int i = 0; i < 100; ++i) silent.emplace_back(d.port(), "GET /metrics HTTP/1.1\r\nHost: loc");
    for (int i = 0; i < 3; ++i) EXPECT_THAT(d.get("/healthz"), HasSubstr("200 OK"));
    EXPECT_TRUE(d.runs());
}

TEST(Monitor, MayBeAskedByTheNamesOfItsConfiguration) {
    watched_daemon d(R"("monitor": { "listen": "127.0.0.1:0", "hosts": ["a.monitor.example"] })");
    EXPECT_THAT(d.get("/healthz", "-H 'Host: A.monitor.example:9464'"), HasSubstr("200 OK"));
    EXPECT_THAT(d.get("/healthz", "-H 'Host: b.monitor.example'"), HasSubstr("421 "));
}

TEST(Monitor, ABusyPortIsAWarningAndTheDaemonWorks) {
    watched_daemon first;
    watched_daemon second(R"("monitor": { "listen": "127.0.0.1:)" + first.port() + "\" }");
    EXPECT_THAT(second.log(), HasSubstr("WARN event=monitor.not_listening"));
    second.drop("a.csv", csv(3));
    EXPECT_EQ(second.wait_for_files(1).size(), 1u);
}

}  // namespace
}  // namespace consent_sync::integration
