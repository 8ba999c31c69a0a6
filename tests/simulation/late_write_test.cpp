// Requests that HubSpot leaves unanswered and applies later.
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

// The first request of `file` gets no answer, and is applied `late` after its arrival.
void apply_late(world& w, std::string subscriber, consent::status_state state, base::steady_time::duration late) {
    w.hubspot.script = [&w, subscriber, state, late,
                        done = false](const request& r) mutable -> std::optional<hubspot::answer> {
        const bool meant = std::any_of(r.changes.begin(), r.changes.end(),
                                       [&](const auto& c) { return c.subscriber == subscriber && c.state == state; });
        if (!meant || done) return std::nullopt;
        done = true;
        w.time.after(late, [&w, subscriber, state] { w.hubspot.states[subscriber + "/7"] = state; });
        return http(504, "<html>gateway timeout</html>");
    };
}

TEST(LateWrites, AnOlderOptInThatLandsLateIsUndoneByAnAssertion) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(milliseconds(1'400), {opt_out("ann@x.org")}));
    p.settings.retry.initial = p.settings.retry.max = minutes(30);
    world w(1, p);
    apply_late(w, "ann@x.org", consent::status_state::subscribed, minutes(9));
    run_until_settled(w, minutes(1), 2);
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed") << "the verdict does not wait for the window";
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.watch.asserted, 1u);
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

TEST(LateWrites, TheDutySurvivesAWindowThatPassesWhileTheDaemonIsDown) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(milliseconds(1'400), {opt_out("ann@x.org")}));
    p.settings.retry.initial = p.settings.retry.max = minutes(30);
    world w(1, p);
    apply_late(w, "ann@x.org", consent::status_state::subscribed, minutes(9));
    run_until_settled(w, minutes(1), 2);
    w.crash(minutes(20));
    w.run_for(minutes(21));
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

TEST(LateWrites, A5xxIsNoAnswerAndTheChangeIsSentAgain) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.hubspot.faults.push_back({seconds(0), seconds(2), trouble::unavailable, 1});
    p.hubspot.late_share = 0;
    world w(1, p);
    run_until_settled(w, minutes(2), 1);
    EXPECT_EQ(verdict_of(w, 0, 1), "confirmed");
    EXPECT_GE(row_of(w, 0, 1).sent, 2u);
}

TEST(LateWrites, TheSameOptInIsNotAssertedWithoutNeed) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.hubspot.faults.push_back({seconds(0), seconds(2), trouble::unavailable, 1});
    world w(1, p);
    run_until_settled(w, minutes(2), 1);
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.watch.asserted, 0u);
}

TEST(LateWrites, WhereTheNewerChangeIsRejectedTheOlderIsAsserted) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(seconds(10), {opt_out("ann@x.org")}));
    p.files.push_back(make_file(seconds(20), {opt_in("ann@x.org"), opt_in("bob@x.org")}));
    p.files[2].rows[0].what = nature::error_in_answer;
    world w(1, p);
    apply_late(w, "ann@x.org", consent::status_state::subscribed, minutes(9));
    run_until_settled(w, minutes(2), 4);
    EXPECT_EQ(verdict_of(w, 2, 1), "rejected");
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.watch.asserted, 1u);
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

TEST(LateWrites, ARefusedAssertionKeepsTheDutyAndNeverGoesBackToAnOlderChange) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(milliseconds(1'400), {opt_out("ann@x.org")}));
    p.settings.retry.initial = minutes(30);
    p.settings.retry.max = minutes(30);
    world w(1, p);
    int sent = 0;
    w.hubspot.script = [&](const request& r) -> std::optional<hubspot::answer> {
        ++sent;
        if (sent == 1) return http(504, "<html>gateway timeout</html>");
        if (sent == 3 && r.changes.size() == 1) return http(400, error_body("VALIDATION_ERROR", "not today"));
        return std::nullopt;
    };
    run_until_settled(w, minutes(1), 2);
    run_until_quiet(w, hours(2));
    EXPECT_EQ(w.watch.asserted, 2u);
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
    const auto refused = w.store->attempts().find(3);
    const auto repeated = w.store->attempts().find(4);
    ASSERT_TRUE(refused && repeated);
    EXPECT_TRUE(refused->assertion);
    EXPECT_EQ(refused->confirmed, 0u) << "HubSpot refused it";
    EXPECT_EQ(refused->unsettled, "2:1");
    EXPECT_EQ(repeated->unsettled, "");
}

TEST(LateWrites, AJumpOfTheWallClockDoesNotEndTheWindow) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(milliseconds(1'400), {opt_out("ann@x.org")}));
    p.settings.retry.initial = p.settings.retry.max = minutes(30);
    p.wall_jumps.push_back({seconds(30), hours(2)});
    world w(1, p);
    apply_late(w, "ann@x.org", consent::status_state::subscribed, minutes(9));
    run_until_settled(w, minutes(1), 2);
    run_until_quiet(w, hours(3));
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

// After the start the clock says that the window has passed long ago.
TEST(LateWrites, TheWindowBeginsAnewAtAStartWhateverTheClockSays) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(milliseconds(1'400), {opt_out("ann@x.org")}));
    p.settings.retry.initial = p.settings.retry.max = minutes(30);
    p.wall_jumps.push_back({seconds(30), hours(2)});
    world w(1, p);
    apply_late(w, "ann@x.org", consent::status_state::subscribed, minutes(9));
    w.run_for(minutes(1));
    w.crash(seconds(1));
    run_until_quiet(w, hours(3));
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

// HubSpot applied a request and then refused it: people who had opted out before must be opted out in the end.
TEST(LateWrites, AnOptInThatWasAppliedAndThenRejectedIsUndoneByTheOptOutBefore) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 1;
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(seconds(10), {opt_out("ann@x.org")}));
    p.files.push_back(make_file(seconds(20), {opt_in("ann@x.org"), opt_in("bob@x.org")}));
    p.files[2].rows[0].what = nature::refuses_named;
    world w(1, p);
    int sent = 0;
    w.hubspot.script = [&](const request& r) -> std::optional<hubspot::answer> {
        if (r.changes[0].id != consent::place(3, 1)) return std::nullopt;
        if (++sent > 1) return http(400, error_body("VALIDATION_ERROR", "Email address ann@x.org is invalid"));
        w.hubspot.touched.insert(r.changes[0].id.id());
        w.hubspot.states["ann@x.org/7"] = consent::status_state::subscribed;
        return http(504, "<html>gateway timeout</html>");
    };
    w.run_until([&] { return w.watch.rows().size() == 4 && w.watch.all_settled(); }, minutes(5));
    EXPECT_EQ(verdict_of(w, 2, 1), "rejected");
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::subscribed);
    w.crash(seconds(1));  // the duty is on disk
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.watch.asserted, 1u);
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
}

TEST(LateWrites, ARequestThatACrashCutIsAssertedOver) {
    world_profile p = calm_profile();
    p.hubspot.latency_least = p.hubspot.latency_most = seconds(5);
    p.files.push_back(make_file(seconds(0), {opt_in("ann@x.org")}));
    p.files.push_back(make_file(seconds(30), {opt_out("ann@x.org")}));
    world w(1, p);
    w.run_until([&] { return w.hubspot.requests == 1; }, minutes(1));
    w.crash(seconds(1));
    run_until_quiet(w, hours(1));
    w.run_until([&] { return w.intake.all_done() && w.watch.rows().size() == 2; }, minutes(5));
    run_until_quiet(w, hours(1));
    EXPECT_EQ(w.hubspot.states["ann@x.org/7"], consent::status_state::unsubscribed);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2u);
}

// HubSpot leaves all requests unanswered: the duties stay within their bound, and an opt-out is still sent.
TEST(LateWrites, TooManyUnansweredKeysHoldFreshOptInsAndNoOptOutUntilTheWindowHasPassed) {
    world_profile p = calm_profile();
    p.bounds.duties_max = 150;
    p.files.push_back(many_opt_ins(seconds(0), 1'000));
    p.files.push_back(make_file(minutes(2), {opt_out("ann@x.org")}));
    p.settings.retry.initial = seconds(1);
    p.settings.retry.max = minutes(30);  // no fresh batch begins before that
    world w(1, p);
    std::size_t unanswered = 0;
    w.hubspot.script = [&unanswered](const request&) -> std::optional<hubspot::answer> {
        if (unanswered == 2) return std::nullopt;
        ++unanswered;
        return http(504, "<html>gateway timeout</html>");
    };
    w.run_for(minutes(3));
    const std::size_t early = count_verdicts(w, consent::verdict::confirmed);
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed") << "an opt-out does not wait";
    EXPECT_LT(early, 700u) << "fresh opt-ins do";
    EXPECT_EQ(w.daemon.count("late_writes.full"), 1u);
    EXPECT_GE(w.daemon.engine().status(w.time.now()).late_write_duties, 150u);
    run_until_settled(w, hours(1), 1'001);
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 1'001u);
    EXPECT_GE(w.passed(), p.settings.retry.late_write_window);
    run_until_quiet(w, hours(1));
}

}  // namespace
}  // namespace consent_sync::simulation
