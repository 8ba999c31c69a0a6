// Promise 7: trouble on HubSpot's or the operator's side. For each pause: its cause, one log line, its probe and its
// end.
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

struct cause {
    const char* name;
    trouble kind;
    const char* reason;
    milliseconds moving_for{0};
    friend void PrintTo(const cause& c, std::ostream* out) { *out << c.name; }
};

class Pauses : public testing::TestWithParam<cause> {};

TEST_P(Pauses, BeginOnceProbeAndEndByThemselvesWithoutAVerdict) {
    world_profile p = calm_profile();
    p.hubspot.faults.push_back({seconds(5), hours(3), GetParam().kind, 1});
    p.hubspot.moving_for = GetParam().moving_for;
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files.push_back(many_opt_ins(seconds(10), 2'000, 1'000));
    p.files.push_back(make_file(minutes(30), {opt_out("ann@x.org")}));
    world w(1, p);
    w.watch.doubt = true;
    w.run_for(hours(2) + minutes(59));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 100u) << "rows stay unsent";
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{GetParam().reason});
    EXPECT_LE(w.hubspot.requests, 800u) << "a pause costs few requests";
    const auto probes = w.daemon.count("pause.probe");
    EXPECT_GE(probes, 2u);
    EXPECT_LE(probes, 40u) << "they grow to 15 minutes";
    w.run_for(minutes(30));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'101u);
    EXPECT_EQ(w.daemon.count("pause.begun"), 1u);
    EXPECT_EQ(w.daemon.texts("pause.ended", "reason"), std::vector<std::string>{GetParam().reason});
    EXPECT_FALSE(w.daemon.engine().held().any());
}

INSTANTIATE_TEST_SUITE_P(
    Of, Pauses,
    testing::Values(cause{"Outage", trouble::unavailable, "outage"}, cause{"Silence", trouble::silence, "outage"},
                    cause{"Reset", trouble::reset, "outage"}, cause{"Unreachable", trouble::unreachable, "outage"},
                    cause{"Unclear", trouble::unclear, "outage"}, cause{"Scope", trouble::scope, "scope"},
                    cause{"WrongPath", trouble::misconfigured, "configuration"},
                    cause{"Moving", trouble::moving, "moving"},
                    cause{"MovingForHours", trouble::moving, "moving", minutes(50)},
                    cause{"EverythingRefused", trouble::refuses_all, "configuration"},
                    cause{"AnErrorForEveryChange", trouble::errors_for_all, "configuration"},
                    cause{"EverythingEmptied", trouble::empties_all, "outage"}),
    [](const auto& c) { return std::string(c.param.name); });

// Each used connection is dead when it is used again; new ones work. No change waits because of that.
TEST(IdleConnections, ThatAllDieAreNoOutage) {
    for (const double share : {1.0, 0.5, 0.05}) {
        world_profile p = calm_profile();
        p.hubspot.faults.push_back({seconds(0), hours(3), trouble::idle_dies, share});
        p.files.push_back(many_opt_ins(seconds(0), 2'000));
        p.files.push_back(make_file(minutes(1), {opt_out("ann@x.org"), opt_out("bob@x.org")}));
        world w(1, p);
        w.run_for(seconds(30));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'000u) << share;
        w.run_for(seconds(33));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'002u) << share;
        w.run_for(hours(1));
        EXPECT_EQ(w.daemon.count("pause.begun"), 0u) << share;
        EXPECT_EQ(w.hubspot.over_limit, 0u) << "both requests pay the limiter";
        EXPECT_EQ(w.daemon.engine().status(w.time.now()).late_write_duties, 0u) << "what may have arrived is asserted";
    }
}

// Idle connections die because HubSpot is down; new ones detect it.
TEST(IdleConnections, ThatDieInAnOutageHideNothing) {
    world_profile p = calm_profile();
    p.hubspot.faults.push_back({seconds(5), hours(1), trouble::idle_dies, 1});
    p.hubspot.faults.push_back({seconds(5), hours(1), trouble::unavailable, 1});
    p.files.push_back(many_opt_ins(seconds(10), 2'000));
    world w(1, p);
    w.watch.doubt = true;
    w.run_for(minutes(30));
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"outage"});
    EXPECT_LE(w.hubspot.requests, 200u);
    w.run_for(hours(2));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'000u);
}

// A newer opt-out arrives while the opt-in is on the dead connection: the opt-in is not sent again.
TEST(IdleConnections, ThatDieLetNoOptInPassANewerOptOut) {
    world_profile p = calm_profile();
    p.hubspot.latency_least = p.hubspot.latency_most = seconds(2);
    p.hubspot.faults.push_back({seconds(0), seconds(3), trouble::idle_dies, 1});
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(milliseconds(1'500), {opt_out("ann@x.org")}));
    world w(1, p);
    w.run_for(seconds(20));
    EXPECT_EQ(verdict_of(w, 0, 1), "superseded");
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
}

TEST(Pause, APauseOverARestartEndsByItselfToo) {
    world_profile p = calm_profile();
    p.hubspot.faults.push_back({seconds(0), hours(3), trouble::moving, 1});
    p.hubspot.moving_for = hours(1);
    p.files.push_back(many_opt_ins(seconds(0), 100));
    world w(1, p);
    w.run_for(minutes(10));
    const auto before = w.hubspot.requests;
    w.crash(seconds(5));
    w.run_for(minutes(40));
    EXPECT_LE(w.hubspot.requests, before + 10) << "a restart only asks as seldom as any pause does";
    w.run_for(hours(4));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 100u);
}

TEST(Pause, ADeadTokenPausesAndAReplacedOneEndsThePause) {
    world_profile p = calm_profile();
    p.token_changes.push_back({seconds(3), hours(2)});
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files.push_back(many_opt_ins(seconds(10), 500, 1'000));
    world w(1, p);
    w.watch.doubt = true;
    w.run_for(hours(2));
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"auth"});
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 100u);
    w.run_for(minutes(1));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 600u) << "a new token is tried at once";
    EXPECT_EQ(w.daemon.count("pause.ended"), 1u);
}

TEST(Pause, ATokenThatWasReplacedMeanwhileCausesNoPause) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 5;
    p.files.push_back(many_opt_ins(seconds(0), 2'000));
    world w(1, p);
    w.run_for(seconds(4));
    ++w.hubspot.valid_token;
    w.daemon.token_file = w.hubspot.valid_token;  // already on disk; the daemon has not read it yet
    const auto before = w.hubspot.errors;
    w.run_for(minutes(2));
    EXPECT_GT(w.hubspot.errors, before) << "the old one was refused";
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'000u);
}

TEST(Pause, TokensThatAreRenewedButRefusedPauseToo) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 300));
    world w(1, p);
    w.watch.doubt = true;
    w.hubspot.script = [&](const request&) -> std::optional<hubspot::answer> {
        w.daemon.token_file = w.daemon.token_file + 1;  // each refresh gives a new token
        return http(401, error_body("EXPIRED_AUTHENTICATION", "expired"));
    };
    w.run_for(hours(1));
    EXPECT_EQ(w.daemon.count("pause.begun"), 1u);
    EXPECT_LE(w.hubspot.requests, 60u);
    w.hubspot.script = nullptr;
    w.hubspot.valid_token = w.daemon.token_file;
    w.run_for(hours(1));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 300u);
}

TEST(Pause, AnOperatorsPauseHoldsUntilItIsEndedAlsoOverARestart) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(10), 100));
    world w(1, p);
    w.daemon.engine().pause(delivery::pause_reason::operator_, "maintenance", w.time.now());
    w.daemon.drive();
    w.run_for(hours(5));
    w.crash(seconds(1));
    w.run_for(hours(5));
    EXPECT_EQ(w.hubspot.requests, 0u);
    w.daemon.engine().resume(delivery::pause_reason::operator_, w.time.now());
    w.daemon.drive();
    w.run_for(minutes(1));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 100u);
}

TEST(Pause, NoLoneRowIsBurntWhenHubSpotRefusesEverything) {
    world_profile p = calm_profile();
    p.hubspot.faults.push_back({seconds(0), hours(3), trouble::refuses_all, 1});
    for (int i = 0; i < 40; ++i) p.files.push_back(many_opt_ins(minutes(i), 1, static_cast<std::size_t>(i)));
    world w(1, p);
    w.run_for(hours(5));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 40u);
}

// A moment of refusals, at any time and of any length, while a small file is sent: no row is rejected.
TEST(Moment, InWhichEverythingIsRefusedCostsNoRow) {
    for (const trouble kind : {trouble::refuses_all, trouble::errors_for_all})
        for (int from = 900; from < 2'600; from += 100)
            for (const int lasts : {100, 300, 700, 1'500, 3'000, 8'000}) {
                world_profile p = calm_profile();
                p.settings.batch.max_changes = 5;
                p.hubspot.faults.push_back({milliseconds(from), milliseconds(from + lasts), kind, 1});
                p.files.push_back(many_opt_ins(seconds(0), 15));
                p.files.push_back(many_opt_ins(milliseconds(1'300), 7, 100));
                world w(static_cast<std::uint64_t>(from + lasts), p);
                w.run_for(minutes(30));
                ASSERT_EQ(count_verdicts(w, consent::verdict::confirmed), 22u) << "from " << from << " for " << lasts;
            }
}

TEST(Moment, ABadRowInItIsFoundAllTheSame) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 5;
    p.hubspot.faults.push_back({milliseconds(1'200), milliseconds(2'500), trouble::refuses_all, 1});
    p.files.push_back(many_opt_ins(seconds(0), 15));
    p.files[0].rows[7].what = nature::refuses_batch;
    world w(1, p);
    w.run_for(minutes(5));
    EXPECT_EQ(verdict_of(w, 0, 8), "rejected");
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 14u);
}

// One bad row and nothing else to send: HubSpot's message is believed when it is repeated.
TEST(LoneRow, ThatHubSpotNamesTwiceIsRejected) {
    for (const nature bad : {nature::refuses_named, nature::error_in_answer}) {
        world_profile p = calm_profile();
        p.files.push_back(many_opt_ins(seconds(0), 1));
        p.files[0].rows[0].what = bad;
        world w(1, p);
        w.run_for(minutes(1));
        EXPECT_EQ(verdict_of(w, 0, 1), "rejected");
        EXPECT_EQ(row_of(w, 0, 1).sent, 2u);
        const auto first = w.store->attempts().find(1);
        ASSERT_TRUE(first);
        EXPECT_EQ(first->unsettled, "1:1") << "it had no verdict yet";
        EXPECT_FALSE(first->message.empty()) << "HubSpot's words are told";
        const auto second = w.store->attempts().find(2);
        ASSERT_TRUE(second);
        EXPECT_EQ(second->unsettled, "") << "it rejected it";
    }
}

TEST(LoneRow, ThatHubSpotDoesNotNameWaitsUntilSomethingIsAccepted) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 1));
    p.files[0].rows[0].what = nature::refuses_batch;
    p.files.push_back(many_opt_ins(hours(3), 1, 100));
    world w(1, p);
    w.run_for(hours(2));
    EXPECT_EQ(w.watch.settled(), 0u);
    EXPECT_LE(w.hubspot.requests, 15u) << "it is tried again now and then";
    EXPECT_EQ(w.daemon.count("refusals.undecided"), 1u);
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u) << "a fresh change must not wait for a probe";
    w.run_for(hours(1) + seconds(30));
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
    EXPECT_EQ(verdict_of(w, 0, 1), "rejected");
}

TEST(LoneRow, ThatIsRefusedForADayIsRejected) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 1));
    p.files[0].rows[0].what = nature::refuses_batch;
    world w(1, p);
    w.run_for(hours(25));
    EXPECT_EQ(verdict_of(w, 0, 1), "rejected");
    EXPECT_LE(w.hubspot.requests, 110u);
}

// --- one bad row

class BadRow : public testing::TestWithParam<nature> {};

TEST_P(BadRow, GetsItsOwnVerdictAndHurtsNobody) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files.push_back(many_opt_ins(seconds(10), 100, 1'000));
    p.files[1].rows[41].what = GetParam();
    p.files.push_back(many_opt_ins(minutes(2), 100, 2'000));
    p.files.push_back(many_opt_ins(minutes(4), 100, 3'000));
    world w(1, p);
    w.run_for(minutes(3));
    w.run_for(minutes(30));
    EXPECT_EQ(verdict_of(w, 1, 42), "rejected");
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 399u);
    // A 403 of an edge may be about the token, so the row is tried again before it counts as refused.
    EXPECT_LE(w.hubspot.errors, GetParam() == nature::edge_forbids ? 16u : 8u);
}

INSTANTIATE_TEST_SUITE_P(Of, BadRow,
                         testing::Values(nature::error_in_answer, nature::refuses_batch, nature::refuses_named,
                                         nature::not_found, nature::other_status, nature::edge_forbids),
                         [](const auto& n) { return testing::PrintToString(n.param); });

TEST(Bisect, AHundredWithOneBadCostAtMostEightErrors) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files[0].rows[99].what = nature::refuses_batch;
    world w(1, p);
    run_until_settled(w, minutes(5), 100);
    EXPECT_EQ(verdict_of(w, 0, 100), "rejected");
    EXPECT_LE(w.hubspot.errors, 8u);
}

TEST(Bisect, ANamedCulpritCostsNoSearch) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files[0].rows[42].what = nature::refuses_named;
    world w(1, p);
    run_until_settled(w, minutes(5), 100);
    EXPECT_EQ(verdict_of(w, 0, 43), "rejected");
    EXPECT_EQ(w.hubspot.errors, 1u) << "the rest is accepted without it: that is proof enough";
}

TEST(Bisect, AnOptOutThatIsNamedWaitsForNobody) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 99));
    p.files[0].rows.push_back(make_file(seconds(0), {opt_out("ann@x.org")}).rows[0]);
    p.files[0].rows[99].what = nature::refuses_named;
    world w(1, p);
    run_until_settled(w, minutes(5), 100);
    EXPECT_EQ(verdict_of(w, 0, 100), "rejected");
    EXPECT_EQ(w.hubspot.errors, 2u) << "the batch, and the opt-out alone";
    EXPECT_EQ(row_of(w, 0, 100).sent, 2u);
}

TEST(Bisect, WhoIsNamedForNothingIsSentAlone) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 10));
    world w(1, p);
    int sent = 0;
    w.hubspot.script = [&](const request&) -> std::optional<hubspot::answer> {
        if (++sent > 2) return std::nullopt;  // the batch, then the rest without the named row
        return http(400, error_body("VALIDATION_ERROR", "Email address " + address(4) + " is invalid"));
    };
    run_until_settled(w, minutes(5), 10);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 10u);
}

TEST(Bisect, ANewerOptOutSupersedesWhoIsNamed) {
    world_profile p = calm_profile();
    p.hubspot.latency_least = p.hubspot.latency_most = seconds(5);
    p.files.push_back(many_opt_ins(seconds(0), 10));
    p.files[0].rows[4].what = nature::refuses_named;
    p.files.push_back(make_file(seconds(12), {opt_out(address(4))}));  // while the rest is in flight
    world w(1, p);
    run_until_settled(w, minutes(5), 11);
    EXPECT_EQ(verdict_of(w, 0, 5), "superseded");
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
    run_until_quiet(w, hours(1));
}

TEST(Bisect, OptOutsAreCutFromTheRestFirst) {
    world_profile p = calm_profile();
    planned_file file = many_opt_ins(seconds(0), 99);
    file.rows[5].what = nature::refuses_batch;
    file.rows.push_back(make_file(seconds(0), {opt_out("ann@x.org")}).rows[0]);
    p.files.push_back(std::move(file));
    world w(1, p);
    w.run_until([&] { return !w.watch.rows().empty() && verdict_of(w, 0, 100) == "confirmed"; }, minutes(1));
    EXPECT_LE(w.hubspot.requests, 3u);
}

TEST(Bisect, AMomentOfRefusalsDoesNotMakeBatchesSmallThatHubSpotTookBefore) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 10;
    p.files.push_back(many_opt_ins(seconds(0), 10));
    p.files.push_back(many_opt_ins(seconds(10), 2, 100));
    world w(1, p);
    w.run_for(seconds(9));
    w.hubspot.script = [refused = false](const request&) mutable -> std::optional<hubspot::answer> {
        if (std::exchange(refused, true)) return std::nullopt;
        return http(400, error_body("VALIDATION_ERROR", "not now"));
    };
    w.run_for(minutes(1));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 12u);
    EXPECT_EQ(w.daemon.count("batch.limit_halved"), 0u);
}

TEST(Bisect, ABatchThatIsTooLargeHalvesTheLimit) {
    world_profile p = calm_profile();
    p.hubspot.batch_most = 30;
    p.files.push_back(many_opt_ins(seconds(0), 1'000));
    world w(1, p);
    run_until_settled(w, minutes(5), 1'000);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 1'000u);
    EXPECT_LE(w.hubspot.errors, 20u);
}

TEST(Bisect, BatchesGrowAgainWhenHubSpotTakesLargerOnes) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 20;
    p.hubspot.batch_most = 12;
    p.files.push_back(many_opt_ins(seconds(0), 6'000));
    world w(1, p);
    w.run_until([&] { return count_verdicts(w, consent::verdict::confirmed) >= 2'500; }, minutes(10));
    EXPECT_LE(w.hubspot.errors, 20u);
    EXPECT_EQ(w.daemon.count("batch.limit_halved"), 1u);
    EXPECT_EQ(w.daemon.count("batch.limit_raised"), 0u);
    w.hubspot.profile().batch_most = 1'000;
    run_until_settled(w, minutes(20), 6'000);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 6'000u);
    EXPECT_EQ(w.daemon.count("batch.limit_raised"), 1u);
}

}  // namespace
}  // namespace consent_sync::simulation
