// Promises 1 to 3 as scenarios: which changes overtake others, and which are sent again.
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

TEST(Order, AnOptOutSupersedesTheRetriesOfItsKeysOlderOptIn) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(seconds(3), {opt_out("ann@x.org")}));
    p.hubspot.faults.push_back({seconds(0), seconds(2), trouble::unavailable, 1});
    p.settings.retry.initial = p.settings.retry.max = hours(1);  // so its retry is far in the future
    p.hubspot.late_share = 0;
    world w(1, p);
    run_until_settled(w, seconds(20), 2);
    EXPECT_EQ(verdict_of(w, 0, 1), "superseded");
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
}

TEST(Order, AnOptOutWaitsForARequestOfItsKeyThatIsOnTheWire) {
    world_profile p = calm_profile();
    p.hubspot.latency_least = p.hubspot.latency_most = seconds(5);
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(seconds(3), {opt_out("ann@x.org")}));
    world w(1, p);
    run_until_settled(w, minutes(1), 2);
    EXPECT_EQ(verdict_of(w, 0, 1), "confirmed");
    EXPECT_GT(row_of(w, 1, 1).first_sent_at, row_of(w, 0, 1).settled_at);
    run_until_quiet(w, hours(1));
}

TEST(Order, AnOptOutIsNotOverwrittenByLaterRowsOfALargeFileThatIsStillRead) {
    world_profile p = calm_profile();
    planned_file large = many_opt_ins(seconds(0), 400);
    large.rows.push_back(make_file(seconds(0), {opt_in("ann@x.org")}).rows[0]);
    p.files.push_back(std::move(large));
    p.files.push_back(make_file(seconds(5), {opt_out("ann@x.org")}));
    p.intake.chunk_least = p.intake.chunk_most = 10;
    p.intake.chunk_gap_most = seconds(2);
    world w(1, p);
    run_until_settled(w, minutes(10), 402);
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
    EXPECT_EQ(verdict_of(w, 0, 401), "superseded");
    EXPECT_LT(row_of(w, 1, 1).settled_at, row_of(w, 0, 401).appended_at) << "the opt-out did not go ahead";
    run_until_quiet(w, hours(1));
}

TEST(Order, OvertakesSurviveARestartAfterTheOptOutWasConfirmed) {
    world_profile p = calm_profile();
    planned_file large = many_opt_ins(seconds(0), 400);
    large.rows.push_back(make_file(seconds(0), {opt_in("ann@x.org")}).rows[0]);
    p.files.push_back(std::move(large));
    p.files.push_back(make_file(seconds(5), {opt_out("ann@x.org")}));
    p.intake.chunk_least = p.intake.chunk_most = 10;
    p.intake.chunk_gap_most = seconds(2);
    world w(1, p);
    w.run_until(
        [&] {
            return w.watch.rows().size() > 1 && w.intake.arrival_of(1) != 0 &&
                   w.watch.rows().contains(consent::place(w.intake.arrival_of(1), 1).id()) &&
                   verdict_of(w, 1, 1) == "confirmed";
        },
        minutes(2));
    w.crash(milliseconds(100));
    run_until_settled(w, minutes(10), 402);
    EXPECT_EQ(verdict_of(w, 0, 401), "superseded");
    run_until_quiet(w, hours(1));
}

// Nothing shows which of the two rows came last.
TEST(Order, AnOptOutStandsWhereverItIsInItsFile) {
    for (const std::int64_t chunk : {1, 100}) {
        world_profile p = calm_profile();
        p.files.push_back(make_file(seconds(0), {opt_out("ann@x.org"), opt_in("bob@x.org"), opt_in("Ann@x.org"),
                                                 opt_out("bob@x.org"), opt_in("eve@x.org")}));
        p.intake.chunk_least = p.intake.chunk_most = chunk;
        world w(1, p);
        run_until_settled(w, minutes(1), 5);
        EXPECT_EQ(verdict_of(w, 0, 1), "confirmed");
        EXPECT_EQ(verdict_of(w, 0, 3), "superseded");
        EXPECT_EQ(row_of(w, 0, 3).by, row_of(w, 0, 1).row.change.id);
        EXPECT_EQ(verdict_of(w, 0, 4), "confirmed");
        EXPECT_EQ(verdict_of(w, 0, 5), "confirmed");
        run_until_quiet(w, hours(1));
        EXPECT_EQ(w.hubspot.states.at("ann@x.org/7"), consent::status_state::unsubscribed);
        EXPECT_EQ(w.hubspot.states.at("bob@x.org/7"), consent::status_state::unsubscribed);
    }
}

TEST(Order, TheLastOfOppositeRowsStandsWhereTheRulesSaySo) {
    world_profile p = calm_profile();
    p.settings.rules.contradictions = config::contradiction_rule::last;
    p.files.push_back(make_file(seconds(0), {opt_out("ann@x.org"), opt_in("ann@x.org")}));
    world w(1, p);
    run_until_settled(w, minutes(1), 2);
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.hubspot.states.at("ann@x.org/7"), consent::status_state::subscribed);
}

// The large file is still being read long after the small one, which arrived together with it, is in the ledger.
TEST(Order, AnOptOutStandsAgainstFilesThatArrivedTogetherWithIts) {
    for (const bool opt_out_first : {true, false}) {
        world_profile p = calm_profile();
        planned_file large = many_opt_ins(seconds(0), 200);
        large.rows.push_back(make_file(seconds(0), {opt_out("ann@x.org"), opt_in("bob@x.org")}).rows[0]);
        planned_file small = make_file(seconds(0), {opt_in("ann@x.org")});
        (opt_out_first ? small : large).with_previous = true;
        p.files = opt_out_first ? std::vector{large, small} : std::vector{small, large};
        p.intake.chunk_least = p.intake.chunk_most = 10;
        p.intake.chunk_gap_most = seconds(2);
        world w(1, p);
        w.run_until([&] { return w.intake.all_done(); }, minutes(10));
        run_until_quiet(w, hours(1));
        EXPECT_EQ(w.hubspot.states.at("ann@x.org/7"), consent::status_state::unsubscribed) << opt_out_first;
        if (opt_out_first) {
            EXPECT_EQ(row_of(w, 1, 1).sent, 0u);
        }
    }
}

TEST(Order, ARedroppedRowIsSupersededByANewerChangeOfItsKey) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org"), opt_in("bob@x.org")}));
    p.files.push_back(make_file(seconds(10), {opt_out("ann@x.org")}));
    planned_file again = make_file(seconds(20), {opt_in("ann@x.org"), opt_in("bob@x.org")});
    again.rows[0].original = consent::place(1, 1);
    again.rows[1].original = consent::place(1, 2);
    p.files.push_back(std::move(again));
    world w(1, p);
    w.run_until([&] { return w.intake.all_done(); }, minutes(5));
    run_until_quiet(w, hours(1));
    EXPECT_EQ(row_of(w, 2, 1).sent, 0u);
    EXPECT_EQ(verdict_of(w, 2, 2), "confirmed");
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

TEST(Order, AReleasedFilesRowsAreSentUnlessANewerChangeOfTheirKeyIsThere) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org"), opt_in("bob@x.org"), opt_out("cid@x.org")}));
    p.files[0].held = true;
    p.files[0].released_after = seconds(60);
    p.files.push_back(make_file(seconds(10), {opt_in("dan@x.org"), opt_out("ann@x.org")}));
    world w(1, p);
    w.run_for(seconds(50));
    EXPECT_EQ(row_of(w, 0, 2).sent, 0u) << "it is held";
    EXPECT_EQ(verdict_of(w, 0, 3), "confirmed") << "opt-outs of a held file are sent";
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed") << "newer files go past it";
    w.run_until([&] { return w.intake.all_done(); }, minutes(5));
    run_until_quiet(w, hours(1));
    EXPECT_EQ(row_of(w, 0, 1).sent, 0u);
    EXPECT_EQ(verdict_of(w, 0, 2), "confirmed");
}

TEST(Order, AReleaseSurvivesACrashBeforeItsRowsAreFetched) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 50));
    p.files[0].held = true;
    p.files[0].released_after = hours(10);
    p.files.push_back(many_opt_ins(seconds(5), 300, 1'000));
    world w(1, p);
    run_until_settled(w, minutes(1), 0);
    w.run_for(minutes(1));
    w.intake.release(0);
    w.run_for(milliseconds(5));
    w.crash(seconds(1));
    w.run_for(minutes(1));
    w.intake.release(0);
    w.run_until([&] { return w.intake.all_done(); }, hours(1));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 350u);
}

TEST(Order, OneKeyWithManyChangesStopsNobody) {
    constexpr std::size_t changes = 100'000;
    world_profile p = calm_profile();
    std::vector<consent::change> rows;
    for (std::size_t i = 0; i < changes; ++i) rows.push_back(opt_in("ann@x.org"));
    p.files.push_back(make_file(seconds(0), std::move(rows)));
    p.files.push_back(many_opt_ins(seconds(1), 500));
    world w(1, p);
    w.run_until(
        [&] {
            return w.intake.arrival_of(1) != 0 && w.watch.rows().size() == changes + 500 &&
                   verdict_of(w, 1, 500) == "confirmed";
        },
        minutes(3));
    EXPECT_LE(w.daemon.most_waiting, 30'000u);
    EXPECT_GT(count_verdicts(w, consent::verdict::confirmed), 500u) << "and the key itself goes on";
}

TEST(Order, AnOptOutEndsTheQueueOfItsKey) {
    constexpr std::size_t changes = 30'000;
    world_profile p = calm_profile();
    std::vector<consent::change> rows;
    for (std::size_t i = 0; i < changes; ++i) rows.push_back(opt_in("ann@x.org"));
    p.files.push_back(make_file(seconds(0), std::move(rows)));
    p.files.push_back(make_file(seconds(30), {opt_out("ann@x.org")}));
    world w(1, p);
    w.run_until([&] { return w.intake.all_done(); }, minutes(5));
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
    EXPECT_GT(count_verdicts(w, consent::verdict::superseded), changes - 1'000);
    run_until_quiet(w, hours(1));
}

TEST(Order, OptOutsGoBeforeAMillionWaitingOptIns) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 60'000));
    p.files.push_back(make_file(seconds(8), {opt_out("ann@x.org")}));
    world w(1, p);
    w.run_until(
        [&] {
            return w.intake.arrival_of(1) != 0 && w.watch.rows().size() == 60'001 && verdict_of(w, 1, 1) == "confirmed";
        },
        minutes(1));
    const auto waited = row_of(w, 1, 1).first_sent_at - row_of(w, 1, 1).appended_at;
    EXPECT_LT(waited, seconds(3)) << "a slot comes free every few moments";
    EXPECT_LT(count_verdicts(w, consent::verdict::confirmed), 45'000u);
}

}  // namespace
}  // namespace consent_sync::simulation
