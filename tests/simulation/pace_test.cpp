// Promise 6: the rolling limit, the day's budget, and how many requests are in flight.
#include "base/time_zone.hpp"
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

// The requests of a period at full speed, after the limit was learnt.
std::uint64_t requests_in(world& w, base::steady_time::duration warm_up, base::steady_time::duration span) {
    w.run_for(warm_up);
    const std::uint64_t before = w.hubspot.requests;
    w.run_for(span);
    return w.hubspot.requests - before;
}

class Pace : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Pace, UsesTheLimitAndNeverExceedsIt) {
    const std::uint32_t limit = GetParam();
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 2;
    p.hubspot.limit = limit;
    p.hubspot.latency_least = milliseconds(100);
    p.hubspot.latency_most = milliseconds(300);
    p.files.push_back(many_opt_ins(seconds(0), 10'000));
    world w(limit, p);
    const auto sent = requests_in(w, seconds(30), seconds(100));
    EXPECT_GE(sent, static_cast<std::uint64_t>(limit) * 10 * 97 / 100);
    EXPECT_EQ(w.hubspot.over_limit, 0u);
}

INSTANTIATE_TEST_SUITE_P(OfEveryTier, Pace, testing::Values(100u, 110u, 190u, 250u));

struct constant_server {
    std::uint32_t limit;
    milliseconds latency;
    double most;  // times the least
    friend void PrintTo(const constant_server& s, std::ostream* out) {
        *out << "limit " << s.limit << ", latency " << s.latency.count() << " ms";
    }
};

class LimitUsed : public testing::TestWithParam<constant_server> {};

// The requests of 1,000 that were not sent when the limit became known, compared with the time in which HubSpot grants
// as many slots, plus the time of the last request and its answer. The margin of a slot costs two per cent.
TEST_P(LimitUsed, AtConstantLatencies) {
    constexpr std::uint64_t all = 1'000;
    const auto [limit, latency, most] = GetParam();
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 2;
    p.hubspot.limit = limit;
    p.hubspot.latency_least = p.hubspot.latency_most = latency;
    p.hubspot.way_is_constant = true;
    p.files.push_back(many_opt_ins(seconds(0), 2 * all));
    world w(limit, p);
    for (int i = 0; i < 1'000 && w.hubspot.requests == 0; ++i) w.run_for(milliseconds(10));
    w.run_for(latency + milliseconds(20));
    const base::steady_time known = w.time.now().steady;
    const double left = static_cast<double>(all - w.hubspot.requests);
    for (int i = 0; i < 20'000 && w.hubspot.requests < all; ++i) w.run_for(milliseconds(10));
    w.run_for(latency);
    const double took = std::chrono::duration<double>(w.time.now().steady - known).count();
    const auto way = latency / 3;  // of a request to HubSpot; its answer takes the latency
    const double least = left * 10 / limit + std::chrono::duration<double>(way + latency).count();
    RecordProperty("ratio", std::to_string(took / least));
    EXPECT_LE(took, least * most) << "least " << least << " s, took " << took << " s";
    w.run_for(seconds(2));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2 * all);
    EXPECT_EQ(w.hubspot.requests, all);
    EXPECT_EQ(w.hubspot.over_limit, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Servers, LimitUsed,
    testing::Values(constant_server{100, milliseconds(50), 1.025}, constant_server{100, milliseconds(200), 1.025},
                    constant_server{100, milliseconds(1'000), 1.025}, constant_server{100, milliseconds(5'000), 1.025},
                    constant_server{190, milliseconds(50), 1.025}, constant_server{190, milliseconds(200), 1.025},
                    constant_server{190, milliseconds(1'000), 1.025}, constant_server{190, milliseconds(5'000), 1.025}),
    [](const auto& s) {
        return "Limit" + std::to_string(s.param.limit) + "Latency" + std::to_string(s.param.latency.count());
    });

TEST(Rate, UsesTheLimitAlsoWhenHubSpotIsSlow) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 2;
    p.hubspot.latency_least = p.hubspot.latency_most = seconds(5);
    p.files.push_back(many_opt_ins(seconds(0), 20'000));
    world w(1, p);
    EXPECT_GE(requests_in(w, minutes(5), seconds(100)), 1'900u * 80 / 100);
    EXPECT_LE(w.hubspot.over_limit, 5u) << "ways that differ by a second are more than the margin at first";
}

TEST(Rate, LeavesRoomToOthersWithTheSameToken) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 2;
    p.hubspot.others_per_second = 9;  // of 19
    p.files.push_back(many_opt_ins(seconds(0), 6'000));
    world w(1, p);
    w.run_for(seconds(30));
    const std::uint64_t before = w.hubspot.over_limit;
    const auto sent = requests_in(w, seconds(0), seconds(100));
    EXPECT_LE(w.hubspot.over_limit - before, sent / 50);
    EXPECT_GE(sent, 600u);
}

TEST(Rate, NoBurstAfterIdleness) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 1;
    p.files.push_back(many_opt_ins(seconds(0), 400));
    p.files.push_back(many_opt_ins(minutes(10), 600, 1'000));
    world w(1, p);
    w.run_for(minutes(12));
    EXPECT_EQ(w.hubspot.over_limit, 0u);
    EXPECT_LE(w.hubspot.most_in_window, 190u);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 1'000u);
}

world_profile two_thousand_requests() {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 1;
    p.files.push_back(many_opt_ins(seconds(0), 2'000));
    return p;
}

TEST(Rate, NoBurstAfterARestart) {
    world w(1, two_thousand_requests());
    for (int i = 0; i < 5; ++i) {
        w.run_for(seconds(7));
        w.crash(milliseconds(50));
        w.run_for(seconds(1));
    }
    EXPECT_EQ(w.hubspot.over_limit, 0u);
}

// If HubSpot tells what is left of the limit, the first answer corrects the daemon. Otherwise everything depends on the
// restored times.
TEST(Rate, NoBurstAfterARestartWhereTheClockJumped) {
    for (const auto by : {hours(3), -hours(3)})
        for (const auto& [before, headers] :  // before the crash: while the daemon runs; else while it is down
             {std::pair(false, false), std::pair(false, true), std::pair(true, false), std::pair(true, true)}) {
            world_profile p = two_thousand_requests();
            p.hubspot.headers = headers;
            world w(1, p);
            for (int i = 0; i < 5; ++i) {
                w.run_for(seconds(7));
                if (before) {
                    w.time.jump_wall(by);
                    w.run_for(milliseconds(500));
                }
                w.crash(milliseconds(50));
                if (!before) w.time.jump_wall(by);
                w.run_for(seconds(1));
            }
            EXPECT_EQ(w.hubspot.over_limit, 0u)
                << "jump by " << by.count() << " h, before the crash: " << before << ", headers: " << headers;
            w.run_for(minutes(5));
            EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'000u);
        }
}

TEST(Rate, AnUnexpected429StopsEverythingForItsTime) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 10;
    p.files.push_back(many_opt_ins(seconds(0), 5'000));
    world w(1, p);
    w.run_for(seconds(3));
    base::steady_time refused_at{};
    int after = 0;
    w.hubspot.script = [&](const request&) -> std::optional<hubspot::answer> {
        if (refused_at == base::steady_time{}) {
            refused_at = w.time.now().steady;
            auto a = http(429, error_body("", "limit", R"(,"policyName":"TEN_SECONDLY_ROLLING")"));
            a.headers.retry_after = "7";
            return a;
        }
        const auto since = w.time.now().steady - refused_at;
        if (since > milliseconds(600) && since < seconds(7)) ++after;  // earlier requests were already in flight
        return std::nullopt;
    };
    w.run_for(seconds(20));
    EXPECT_EQ(after, 0);
}

// --- the day

world_profile day_profile(std::int64_t daily) {
    world_profile p = calm_profile();
    p.hubspot.daily = daily;
    p.settings.batch.max_changes = 1;
    return p;
}

TEST(Day, BulkStopsAtTheReserveAndOptOutsGoOn) {
    world_profile p = day_profile(1'000);
    p.files.push_back(many_opt_ins(seconds(0), 3'000));
    p.files.push_back(make_file(hours(1), {opt_out("ann@x.org")}));
    world w(1, p);
    w.run_for(hours(2));
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
    const auto confirmed = count_verdicts(w, consent::verdict::confirmed);
    EXPECT_GE(confirmed, 880u);
    EXPECT_LE(confirmed, 901u + 6u) << "a batch asks after 1, 2, 4, 8, 16 and 32 minutes";
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"daily reserve"});
    ASSERT_EQ(w.daemon.texts("pause.begun", "goes_on").size(), 1u);
    EXPECT_NE(w.daemon.texts("pause.begun", "goes_on")[0].find("T00:00:00"), std::string::npos) << "its end";
    w.run_for(hours(24));
    EXPECT_GE(count_verdicts(w, consent::verdict::confirmed), 1'750u);
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>(2, "daily reserve"));
}

// With and without waiting changes.
TEST(Day, TheReserveEndsWithTheDayAndOutlastsARestart) {
    world_profile p = day_profile(1'000);
    p.files.push_back(many_opt_ins(seconds(0), 900));
    world w(1, p);
    w.run_for(hours(12));
    EXPECT_EQ(w.daemon.count("pause.begun"), 1u);
    w.crash(seconds(5));
    w.run_for(hours(1));
    EXPECT_EQ(w.daemon.texts("pause.goes_on", "reason"), std::vector<std::string>{"daily reserve"});
    EXPECT_TRUE(w.daemon.engine().status(w.time.now()).bulk_at_reserve);
    w.run_for(hours(11) + minutes(1));
    EXPECT_FALSE(w.daemon.engine().status(w.time.now()).bulk_at_reserve);
    EXPECT_EQ(w.daemon.texts("pause.ended", "reason"), std::vector<std::string>{"daily reserve"});
}

// One strange header must not cost a day: a batch probes, and its answer counts.
TEST(Day, AnOddHeaderCostsBulkAMinute) {
    world_profile p = day_profile(100'000);
    p.files.push_back(many_opt_ins(seconds(0), 10));
    p.files.push_back(many_opt_ins(minutes(1), 1, 100));
    p.files.push_back(many_opt_ins(minutes(2), 50, 1'000));
    world w(1, p);
    w.run_for(seconds(30));
    w.hubspot.script = [first = true](const request& r) mutable -> std::optional<hubspot::answer> {
        if (!std::exchange(first, false)) return std::nullopt;
        std::vector<line> lines;
        for (const consent::change& c : r.changes) lines.push_back({&c, line::word::nothing});
        hubspot::answer a = http(200, complete_body(lines));
        a.headers.daily_max = 100'000;
        a.headers.daily_remaining = 0;
        return a;
    };
    w.run_for(minutes(5));
    EXPECT_EQ(w.daemon.count("pause.begun"), 1u);
    EXPECT_EQ(w.daemon.count("pause.ended"), 1u);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 61u);
}

// Nothing else is accepted while opt-ins wait for midnight. An opt-out that was refused once does not wait.
TEST(Day, AnOptOutThatWasRefusedOnceDoesNotWaitForMidnight) {
    world_profile p = day_profile(100);
    p.files.push_back(many_opt_ins(seconds(0), 300));
    p.files.push_back(make_file(hours(2), {opt_out("ann@x.org")}));
    world w(1, p);
    w.run_for(hours(2) - seconds(1));
    ASSERT_TRUE(w.daemon.engine().status(w.time.now()).bulk_at_reserve);
    w.hubspot.script = [refused = 0](const request& r) mutable -> std::optional<hubspot::answer> {
        if (!r.changes[0].is_opt_out() || ++refused > 1) return std::nullopt;
        return http(400, error_body("VALIDATION_ERROR", "not at present"));
    };
    w.run_for(minutes(3));
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
}

// A duty whose key has a change that waits until midnight does not cause a busy loop.
TEST(Day, ADutyBehindAChangeThatWaitsForMidnightCostsNothing) {
    world_profile p = day_profile(1'000);
    p.settings.retry.initial = p.settings.retry.max = hours(1);
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(seconds(3), {opt_out("ann@x.org")}));
    p.files.push_back(many_opt_ins(minutes(1), 1'000));
    p.files.push_back(make_file(minutes(5), {opt_in("ann@x.org")}));
    world w(1, p);
    w.hubspot.script = [first = true](const request&) mutable -> std::optional<hubspot::answer> {
        if (!std::exchange(first, false)) return std::nullopt;
        return http(504, "<html>gateway timeout</html>");
    };
    w.run_for(minutes(20));
    ASSERT_TRUE(w.daemon.engine().status(w.time.now()).bulk_at_reserve);
    ASSERT_EQ(w.daemon.engine().status(w.time.now()).late_write_duties, 1u);
    const auto before = w.time.steps();
    w.run_for(hours(20));
    EXPECT_LE(w.time.steps() - before, 200u);
    w.run_for(hours(8));
    EXPECT_EQ(verdict_of(w, 3, 1), "confirmed");
    EXPECT_EQ(w.daemon.engine().status(w.time.now()).late_write_duties, 0u);
}

world_profile exhausted_day(std::size_t outs) {
    world_profile p = day_profile(100);
    std::vector<consent::change> changes;
    for (std::size_t i = 0; i < outs; ++i) changes.push_back(opt_out(address(i)));
    p.files.push_back(make_file(seconds(0), std::move(changes)));
    return p;
}

TEST(Day, AnExhaustedDayPausesUntilMidnightAndRejectsNobody) {
    world w(1, exhausted_day(250));
    w.watch.doubt = true;
    w.run_for(hours(23));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 100u);
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), (std::vector<std::string>{"daily reserve", "daily limit"}));
    EXPECT_LE(w.hubspot.errors, 25u) << "it looks ever more rarely";
    w.run_for(minutes(61));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 200u);
    w.run_for(hours(24));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 250u);
}

TEST(Day, ADailyPauseSurvivesARestart) {
    world w(1, exhausted_day(150));
    w.run_for(hours(1));
    const auto before = w.hubspot.requests;
    w.crash(seconds(5));
    w.run_for(hours(1));
    EXPECT_EQ(w.daemon.texts("pause.goes_on", "reason"), (std::vector<std::string>{"daily limit", "daily reserve"}));
    EXPECT_LE(w.hubspot.requests, before + 10);
    w.run_for(hours(23));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 150u);
}

TEST(Day, MidnightIsTheAccountsAlsoWhenDaylightSavingChanges) {
    const auto next = [](base::wall_time t) { return base::next_midnight("Europe/Berlin", t); };
    delivery::budget spring_day(std::nullopt, 0.1, next);
    const base::wall_time spring = base::wall_time(seconds(1'774'738'800));  // 2026-03-29T00:00+01:00
    EXPECT_EQ(spring_day.day_end(spring) - spring, hours(23));
    delivery::budget autumn_day(std::nullopt, 0.1, next);
    const base::wall_time autumn = base::wall_time(seconds(1'792'879'200));  // 2026-10-25T00:00+02:00
    EXPECT_EQ(autumn_day.day_end(autumn) - autumn, hours(25));
}

// --- in flight

struct server {
    const char* name;
    milliseconds least, most;
    double grows;
    std::uint32_t refuses_above;
    double stalls;  // share of the requests
    // Bounds in the steady state: requests in flight, requests per minute, errors among them.
    std::uint32_t window_least, window_most;
    std::uint64_t rate_least, rate_most;
    double errors_most;
    std::uint64_t over_limit_most;  // transit times that differ by more than the margin cause a 429 or two
    friend void PrintTo(const server& s, std::ostream* out) { *out << s.name; }
};

class InFlight : public testing::TestWithParam<server> {};

TEST_P(InFlight, FindsWhatTheServerBears) {
    const server& s = GetParam();
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 1;
    p.hubspot.limit = 250;
    p.hubspot.latency_least = s.least;
    p.hubspot.latency_most = s.most;
    p.hubspot.latency_grows = s.grows;
    if (s.refuses_above > 0) p.hubspot.refuses_above = s.refuses_above;
    if (s.stalls > 0) p.hubspot.faults.push_back({seconds(0), hours(1), trouble::silence, s.stalls});
    p.hubspot.late_share = 0;
    p.files.push_back(many_opt_ins(seconds(0), 20'000));
    world w(1, p);
    w.run_for(minutes(3));
    const auto errors = w.hubspot.errors;
    const auto before = w.hubspot.requests;
    w.hubspot.most_in_flight = 0;
    w.run_for(minutes(3));
    const std::uint64_t rate = (w.hubspot.requests - before) / 3;
    const double share =
        static_cast<double>(w.hubspot.errors - errors) / static_cast<double>(w.hubspot.requests - before);
    RecordProperty("in_flight", static_cast<int>(w.hubspot.most_in_flight));
    RecordProperty("requests_a_minute", static_cast<int>(rate));
    RecordProperty("errors", std::to_string(share));
    RecordProperty("own_429", static_cast<int>(w.hubspot.over_limit));
    EXPECT_GE(w.hubspot.most_in_flight, s.window_least);
    EXPECT_LE(w.hubspot.most_in_flight, s.window_most);
    EXPECT_GE(rate, s.rate_least);
    EXPECT_LE(rate, s.rate_most);
    EXPECT_LE(share, s.errors_most);
    EXPECT_LE(w.hubspot.over_limit, s.over_limit_most);
}

// At 250 in 10 s, 1,500 a minute are allowed.
INSTANTIATE_TEST_SUITE_P(
    Servers, InFlight,
    testing::Values(server{"constant", milliseconds(200), milliseconds(200), 0, 0, 0, 5, 10, 1'460, 1'480, 0, 0},
                    server{"jittery", milliseconds(50), milliseconds(900), 0, 0, 0, 12, 30, 1'430, 1'480, 0, 5},
                    server{"slow", seconds(4), seconds(4), 0, 0, 0, 95, 130, 1'425, 1'480, 0, 5},
                    server{"slow_under_load", milliseconds(100), milliseconds(120), 0.3, 0, 0, 5, 24, 1'455, 1'480, 0,
                           0},
                    server{"refusing", seconds(1), seconds(1), 0, 10, 0, 8, 13, 350, 500, 0.1, 0},
                    server{"stalling", milliseconds(200), milliseconds(200), 0, 0, 0.02, 20, 100, 500, 1'500, 0, 0}),
    [](const auto& s) { return std::string(s.param.name); });

TEST(Stall, RequestsThatHangDoNotStopTheRest) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 10;
    p.hubspot.faults.push_back({seconds(0), hours(1), trouble::silence, 0.02});
    p.files.push_back(many_opt_ins(seconds(0), 5'000));
    world w(1, p);
    w.run_for(minutes(30));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 5'000u);
}

}  // namespace
}  // namespace consent_sync::simulation
