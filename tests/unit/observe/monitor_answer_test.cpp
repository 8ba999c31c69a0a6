#include "observe/monitor_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/metrics.hpp"

namespace consent_sync::observe {
namespace {

using testing::HasSubstr;

const std::vector<std::string> names{"box.internal", "box"};

unsigned status(std::string_view method, std::string_view target, std::string_view host) {
    const routed r = route({method, target, host}, names);
    return r.page ? 200 : r.refusal.status;
}

TEST(MonitorRoute, KnowsItsOwnHosts) {
    for (const char* host : {"127.0.0.1:9464", "[::1]:9464", "[::1]", "localhost:", "10.0.0.7", "localhost",
                             "LOCALHOST:1", "box", "Box:9464", "box.internal", "localhost.", "box.internal.:9464"})
        EXPECT_EQ(status("GET", "/metrics", host), 200u) << host;
    for (const char* host : {"evil.example",
                             "127.0.0.1.evil.example",
                             "box.evil.example",
                             "box.internal.evil.example",
                             "boxer",
                             "localhost.evil.example",
                             "[::1",
                             ":9464",
                             "evil.example:9464",
                             "localhost:80@evil.example",
                             "localhost@evil.example",
                             "localhost:@evil.example",
                             "localhost:80:80",
                             "localhost:8o",
                             "localhost:-1",
                             "localhost:999999",
                             "localhost: 80",
                             "[::1]evil.example",
                             "[::1]:80@evil.example",
                             "[::1]@evil.example",
                             "[localhost]",
                             "[127.0.0.1]",
                             "::1",
                             "localhost/evil.example",
                             "localhost,evil.example",
                             "http://localhost",
                             "localhost..",
                             "local host"})
        EXPECT_EQ(status("GET", "/metrics", host), 421u) << host;
    EXPECT_EQ(status("GET", "/metrics", ""), 400u);
    EXPECT_EQ(route({"GET", "/metrics", "localhost", 2}, names).refusal.status, 400u);
}

TEST(MonitorRoute, OnlyReads) {
    EXPECT_EQ(status("HEAD", "/status?x=1", "localhost"), 200u);
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"})
        EXPECT_EQ(status(method, "/status", "localhost"), 405u) << method;
    EXPECT_EQ(status("GET", "/", "localhost"), 404u);
    EXPECT_EQ(status("GET", "/metrics/", "localhost"), 404u);
}

TEST(MonitorAnswer, IsNotReadyWhileItStopsOrTheDiskRefuses) {
    snapshot s;
    s.running = true;
    const counters c;
    EXPECT_EQ(answer(monitor_page::readyz, s, c).status, 200u);
    s.pauses.push_back({"outage", {}, {}, ""});
    EXPECT_EQ(answer(monitor_page::readyz, s, c).status, 200u);  // it takes files
    s.pauses.push_back({"disk", {}, {}, ""});
    EXPECT_EQ(answer(monitor_page::readyz, s, c).status, 503u);
    s.pauses.clear();
    s.stopping = true;
    EXPECT_EQ(answer(monitor_page::readyz, s, c).status, 503u);
    EXPECT_EQ(answer(monitor_page::healthz, s, c).status, 200u);
}

TEST(Counters, CountWhatIsOnDisk) {
    counters c;
    const base::steady_time t0{};
    ledger::ledger_change step;
    step.begins.resize(2);
    step.begins[0].changes.resize(100);
    step.begins[1].changes.resize(1);
    step.begins[1].assertion = true;
    step.ends.resize(2);
    step.ends[0].status = 200;
    step.ends[0].duration = base::milliseconds(250);
    step.settled.resize(60);
    step.settled[0].verdict = consent::verdict::rejected;
    c.committed(step, {}, t0 + std::chrono::seconds(100));
    EXPECT_EQ(c.verdicts()[1], 59u);
    EXPECT_EQ(c.verdicts()[2], 1u);
    EXPECT_EQ(c.requests().at(200), 1u);
    EXPECT_EQ(c.requests().at(0), 1u);
    EXPECT_EQ(c.assertions(), 1u);
    EXPECT_EQ(c.batch_size().count(), 2u);
    EXPECT_DOUBLE_EQ(c.batch_size().sum(), 101);
    EXPECT_EQ(c.latency().below(3), 2u);  // at most 0.3 s
    EXPECT_EQ(c.latency().below(2), 1u);  // at most 0.2 s
}

TEST(Counters, PaceIsOfTheLastMinute) {
    pace_meter pace;
    const base::steady_time t0{std::chrono::seconds(1'000)};
    pace.add(600, t0);
    EXPECT_DOUBLE_EQ(pace.per_second(t0 + std::chrono::seconds(10), t0), 60);
    EXPECT_DOUBLE_EQ(pace.per_second(t0 + std::chrono::seconds(59), t0 - std::chrono::hours(1)), 10);
    EXPECT_DOUBLE_EQ(pace.per_second(t0 + std::chrono::seconds(60), t0 - std::chrono::hours(1)), 0);
    pace.add(60, t0 + std::chrono::seconds(60));  // the same slot as the first
    EXPECT_DOUBLE_EQ(pace.per_second(t0 + std::chrono::seconds(61), t0 - std::chrono::hours(1)), 1);
}

TEST(Metrics, NameEveryPauseAndVerdict) {
    snapshot s;
    s.account = "acme";
    s.pauses.push_back({"daily limit", {}, {}, ""});
    const std::string text = format_metrics(s, counters());
    EXPECT_THAT(text, HasSubstr("consent_sync_paused{reason=\"daily limit\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("consent_sync_paused{reason=\"outage\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("consent_sync_changes_total{verdict=\"unconfirmed\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("consent_sync_request_duration_seconds_bucket{le=\"+Inf\"} 0\n"));
    EXPECT_THAT(text, testing::Not(HasSubstr("daily_limit_requests")));  // not known
    EXPECT_THAT(text, testing::Not(HasSubstr("process_cpu_seconds_total")));
    s.process = look_at_process();
    ASSERT_TRUE(s.process);
    EXPECT_GT(s.process->resident_bytes, 1'000'000u);
    EXPECT_GE(s.process->open_fds, 3u);
    EXPECT_GE(s.process->max_fds, s.process->open_fds);
    EXPECT_THAT(format_metrics(s, counters()), HasSubstr("\nprocess_resident_memory_bytes "));
}

}  // namespace
}  // namespace consent_sync::observe
