// Waits: one odd answer costs at most a minute, each longer wait is a named pause that is probed, and a lasting 429 is
// neither hammered nor logged repeatedly.
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

using delivery::pause_reason;

hubspot::answer told(unsigned status, const char* retry_after, std::string body = "<html>later</html>") {
    hubspot::answer a = http(status, std::move(body));
    a.headers.retry_after = retry_after;
    return a;
}
hubspot::answer limit_of(const char* retry_after = nullptr) {
    hubspot::answer a = http(429, error_body("", "You have reached your ten_secondly_rolling limit.",
                                             R"(,"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING")"));
    if (retry_after) a.headers.retry_after = retry_after;
    return a;
}
hubspot::answer daily_limit() {
    return http(
        429, error_body("", "You have reached your daily limit.", R"(,"errorType":"RATE_LIMIT","policyName":"DAILY")"));
}

// Gives this answer once, to request `number`.
std::function<std::optional<hubspot::answer>(const request&)> once(std::uint64_t number, hubspot::answer a) {
    return [number, a, seen = std::uint64_t{0}](const request&) mutable -> std::optional<hubspot::answer> {
        if (++seen == number) return a;
        return std::nullopt;
    };
}

planned_file opt_outs(base::steady_time::duration arrives, std::size_t count, std::size_t from) {
    std::vector<consent::change> changes;
    for (std::size_t i = 0; i < count; ++i) changes.push_back(opt_out(address(from + i)));
    return make_file(arrives, std::move(changes));
}

struct odd_answer {
    const char* name;
    hubspot::answer says;
    friend void PrintTo(const odd_answer& a, std::ostream* out) { *out << a.name; }
};
class OddAnswer : public testing::TestWithParam<odd_answer> {};

// The answer is for the only batch, which has opt-outs.
TEST_P(OddAnswer, CostsALoneOptOutSeconds) {
    world_profile p = calm_profile();
    p.files.push_back(opt_outs(seconds(0), 50, 0));
    world w(1, p);
    w.watch.doubt = true;
    w.hubspot.script = once(1, GetParam().says);
    w.run_for(seconds(15));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 50u);
    EXPECT_FALSE(w.daemon.engine().held().any());
    EXPECT_LE(w.hubspot.requests, 2u);
}

// The answer is for opt-outs, between requests that HubSpot accepts.
TEST_P(OddAnswer, HoldsUpNobodyForLongerThanAMinute) {
    world_profile p = calm_profile();
    for (int i = 0; i < 60; ++i)
        p.files.push_back(many_opt_ins(seconds(2 * i), 100, static_cast<std::size_t>(i) * 100));
    p.files.push_back(opt_outs(seconds(20), 50, 50'000));
    world w(1, p);
    w.watch.doubt = true;
    w.hubspot.script = [says = std::optional<hubspot::answer>(GetParam().says)](
                           const request& r) mutable -> std::optional<hubspot::answer> {
        if (!r.changes[0].is_opt_out()) return std::nullopt;
        return std::exchange(says, std::nullopt);
    };
    w.run_for(seconds(20 + 65));
    for (std::uint64_t row = 1; row <= 50; ++row) EXPECT_EQ(verdict_of(w, 60, row), "confirmed");
    w.run_for(minutes(5));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 6'050u);
}

INSTANTIATE_TEST_SUITE_P(
    Is, OddAnswer,
    testing::Values(odd_answer{"A503OfADay", told(503, "86400")}, odd_answer{"A503OfAnHour", told(503, "3600")},
                    odd_answer{"A500ForEver", told(500, "99999999999999")},
                    odd_answer{"A503UntilADate", told(503, "Fri, 31 Dec 2199 23:59:59 GMT")},
                    odd_answer{"A504OfTwoMinutes", told(504, "120")}, odd_answer{"A423OfADay", told(423, "86400")},
                    odd_answer{"A429OfADay", limit_of("86400")}, odd_answer{"A429OfAnHour", limit_of("3600")},
                    odd_answer{"A429ThatSaysNothing", limit_of()}, odd_answer{"A429OfTheDay", daily_limit()},
                    odd_answer{"A477OfADay", told(477, "86400", "")}, odd_answer{"A477", http(477, "")},
                    odd_answer{"A404", http(404, "<html>not here</html>")},
                    odd_answer{"A301", http(301, "<html>elsewhere</html>")},
                    odd_answer{"A403", http(403, "<html>forbidden</html>")}, odd_answer{"A503Untold", http(503, "")},
                    odd_answer{"A503OfNothing", told(503, "0")}, odd_answer{"A503OfANegativeTime", told(503, "-5")}),
    [](const auto& a) { return std::string(a.param.name); });

TEST(Wait, LongerThanAMinuteIsAPauseWithItsEnd) {
    struct row {
        hubspot::answer says;
        pause_reason reason;
    };
    for (const row& r :
         {row{told(503, "86400"), pause_reason::outage}, row{limit_of("86400"), pause_reason::rate_limit},
          row{told(477, "86400", ""), pause_reason::moving}}) {
        world_profile p = calm_profile();
        p.files.push_back(opt_outs(seconds(0), 5, 0));
        world w(1, p);
        w.hubspot.script = [&](const request&) { return std::optional(r.says); };
        w.run_for(seconds(30));
        const auto* held = w.daemon.engine().held().find(r.reason);
        ASSERT_TRUE(held) << delivery::name(r.reason);
        EXPECT_GT(held->until, w.time.now().wall + hours(23));
        EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{std::string(name(r.reason))});
        EXPECT_EQ(w.daemon.texts("pause.begun", "goes_on").size(), 1u);
        const auto before = w.hubspot.requests;
        w.run_for(hours(6));
        EXPECT_GE(w.hubspot.requests - before, 5u) << "it is probed";
        EXPECT_LE(w.hubspot.requests - before, 30u);
        EXPECT_EQ(w.daemon.count("pause.begun"), 1u);
        w.hubspot.script = nullptr;
        w.run_for(hours(2) + minutes(1));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 5u);
    }
}

TEST(Wait, ALimitOfOneAnHourThatIsToldOnceStopsNothing) {
    world_profile p = calm_profile();
    p.hubspot.headers = false;
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files.push_back(opt_outs(seconds(5), 300, 1'000));
    world w(1, p);
    w.watch.doubt = true;
    hubspot::answer odd = http(503, "");
    odd.headers.limit_max = 1;
    odd.headers.limit_remaining = 0;
    odd.headers.limit_interval_ms = 3'600'000;
    w.hubspot.script = once(1, odd);
    w.run_for(seconds(15));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 400u);
    EXPECT_EQ(w.daemon.count("limit.not_believed"), 1u);
}

TEST(Wait, ALockThatLastsIsAPauseThatIsLookedAtOnceAMinute) {
    for (const char* retry_after : {"", "2", "86400"}) {
        world_profile p = calm_profile();
        p.files.push_back(opt_outs(seconds(0), 5, 0));
        p.files.push_back(many_opt_ins(minutes(10), 1'000, 1'000));
        world w(1, p);
        w.hubspot.script = [&](const request&) { return std::optional(told(423, retry_after)); };
        w.run_for(seconds(61));
        EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"locked"});
        w.run_for(minutes(29));
        EXPECT_EQ(w.daemon.count("pause.begun"), 1u);
        w.intake.drop(opt_outs(seconds(0), 5, 5'000));
        EXPECT_GE(w.hubspot.requests, 25u);
        EXPECT_LE(w.hubspot.requests, 45u);
        w.hubspot.script = nullptr;
        w.run_for(seconds(65));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 1'010u);
        EXPECT_EQ(w.daemon.count("pause.ended"), 1u);
    }
}

// They are others than those that are locked.
TEST(Wait, NewOptOutsWaitForNoLock) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 20'000));
    p.files.push_back(opt_outs(minutes(20), 5, 50'000));
    world w(1, p);
    w.hubspot.script = [](const request& r) -> std::optional<hubspot::answer> {
        for (const consent::change& c : r.changes)
            if (!c.is_opt_out()) return told(423, "2");
        return std::nullopt;
    };
    w.run_for(minutes(20) + seconds(15));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 5u);
}

// Meanwhile HubSpot accepts other changes, also of the same batch.
TEST(Wait, OneChangeThatStaysLockedHoldsUpNoOther) {
    world_profile p = calm_profile();
    p.files.push_back(opt_outs(seconds(1), 100, 0));
    for (int i = 0; i < 200; ++i)
        p.files.push_back(many_opt_ins(seconds(10 * i), 1, 1'000 + static_cast<std::size_t>(i)));
    world w(1, p);
    w.hubspot.script = [](const request& r) -> std::optional<hubspot::answer> {
        for (const consent::change& c : r.changes)
            if (c.subscriber.view() == address(41)) return told(423, "2");
        return std::nullopt;
    };
    w.run_for(minutes(2));
    for (std::uint64_t row = 1; row <= 100; ++row) EXPECT_EQ(verdict_of(w, 0, row) == "confirmed", row != 42) << row;
    w.run_for(minutes(20));
    EXPECT_EQ(w.daemon.count("changes.locked"), 1u);
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
    EXPECT_LE(w.hubspot.errors, 45u) << "once a minute";
    w.hubspot.script = nullptr;
    w.run_for(seconds(65));
    EXPECT_EQ(verdict_of(w, 0, 42), "confirmed");
}

TEST(Wait, OneChangeThatIsLockedForADayIsUnconfirmed) {
    world_profile p = calm_profile();
    p.files.push_back(opt_outs(seconds(1), 1, 0));
    for (int i = 0; i < 25 * 60; ++i)
        p.files.push_back(many_opt_ins(minutes(i), 1, 1'000 + static_cast<std::size_t>(i)));
    world w(1, p);
    w.hubspot.script = [](const request& r) -> std::optional<hubspot::answer> {
        if (r.changes[0].is_opt_out()) return told(423, "2");
        return std::nullopt;
    };
    w.run_for(hours(23));
    EXPECT_EQ(verdict_of(w, 0, 1), "");
    w.run_for(hours(2));
    EXPECT_EQ(verdict_of(w, 0, 1), "unconfirmed");
}

TEST(Wait, ForATokenIsAPauseAfterAMinute) {
    world_profile p = calm_profile();
    p.files.push_back(opt_outs(seconds(0), 5, 0));
    world w(1, p);
    w.daemon.engine().wait_for_token();
    w.daemon.drive();
    w.run_for(seconds(65));
    EXPECT_TRUE(w.daemon.engine().held().find(pause_reason::auth));
    w.daemon.engine().on_token(w.time.now());
    w.daemon.drive();
    w.run_for(seconds(5));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 5u);
}

// A probe does not wait for a request that has been hanging since before the pause.
TEST(Wait, ARequestThatHangsHoldsUpNoProbe) {
    world_profile p = calm_profile();
    p.settings.retry.max = seconds(10);
    p.settings.retry.late_write_window = milliseconds(0);
    p.hubspot.late_window = milliseconds(0);
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files.push_back(opt_outs(seconds(3), 5, 1'000));
    world w(1, p);
    w.hubspot.script = [n = 0](const request&) mutable -> std::optional<hubspot::answer> {
        ++n;
        if (n == 1) return failed(hubspot::no_answer::request_timeout, true);  // reported after 105 s
        if (n == 2) return limit_of("20");
        return std::nullopt;
    };
    w.run_for(seconds(40));
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
}

// --- a lasting 429

TEST(Lasting429, IsLookedAtByOneRequestAtATimeAndToldOnce) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 5'000));
    p.files.push_back(opt_outs(seconds(30), 500, 10'000));
    world w(1, p);
    w.watch.doubt = true;
    w.run_for(seconds(2));
    w.hubspot.script = [](const request&) { return std::optional(limit_of()); };
    const auto before = w.hubspot.requests;
    const auto window = w.daemon.engine().status(w.time.now()).window;
    w.run_for(seconds(45));
    EXPECT_LE(w.hubspot.requests - before, 30u) << "those on the wire, and three looks";
    EXPECT_LE(w.daemon.engine().status(w.time.now()).window, window) << "a 429 is no reason to send more at a time";
    EXPECT_EQ(w.daemon.count("limit.refused"), 1u);
    const auto in_flight = w.hubspot.requests;
    w.run_for(minutes(30));
    EXPECT_LE(w.hubspot.requests - in_flight, 32u) << "one look a minute";
    EXPECT_GE(w.hubspot.requests - in_flight, 28u);
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"rate limit"});
    EXPECT_LE(w.daemon.count("limit.refused"), 32u);
    EXPECT_TRUE(w.daemon.engine().held().find(pause_reason::rate_limit));
    w.hubspot.script = nullptr;
    w.run_for(seconds(65));
    EXPECT_FALSE(w.daemon.engine().held().any());
    for (std::uint64_t row = 1; row <= 500; ++row) EXPECT_EQ(verdict_of(w, 1, row), "confirmed");
    EXPECT_EQ(w.hubspot.over_limit, 0u);
}

// Other programs use up the limit, so that every second request gets a 429.
TEST(Lasting429, OfEveryOtherRequestIsALineAMinute) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 10;
    p.files.push_back(many_opt_ins(seconds(0), 20'000));
    world w(1, p);
    w.hubspot.script = [n = 0](const request&) mutable -> std::optional<hubspot::answer> {
        if (++n % 2 == 0) return limit_of("1");
        return std::nullopt;
    };
    w.run_for(minutes(10));
    EXPECT_LE(w.daemon.count("limit.refused"), 11u);
    EXPECT_GE(w.daemon.count("limit.refused"), 9u);
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u) << "a second is no pause that anybody need know of";
    EXPECT_GE(count_verdicts(w, consent::verdict::confirmed), 4'000u);
}

}  // namespace
}  // namespace consent_sync::simulation
