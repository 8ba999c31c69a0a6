// The table of answers (lib/delivery/README.md), row by row, in virtual time. An answer about the whole request costs
// no row, however many requests get it.
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

hubspot::answer with_retry_after(hubspot::answer a, std::string value) {
    a.headers.retry_after = std::move(value);
    return a;
}

hubspot::answer rolling_limit() {
    return http(429, error_body("", "You have reached your ten_secondly_rolling limit.",
                                R"(,"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING")"));
}

struct row {
    const char* name;
    std::function<hubspot::answer()> answer;  // to all requests, for a while
    base::steady_time::duration lasts = seconds(20);
    const char* pause = "";              // the reason of the only pause; empty: none
    base::steady_time::duration wait{};  // at least, before HubSpot is asked again
    std::uint64_t requests_most = 60;    // while it lasts
    friend void PrintTo(const row& r, std::ostream* out) { *out << r.name; }
};

class Answer : public testing::TestWithParam<row> {};

TEST_P(Answer, HasItsActionAndCostsNoRow) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files.push_back(many_opt_ins(seconds(10), 300, 1'000));
    world w(1, p);
    w.watch.doubt = true;
    w.run_for(seconds(5));
    std::vector<base::steady_time> asked;
    const auto begin = w.time.now().steady;
    w.hubspot.script = [&](const request&) -> std::optional<hubspot::answer> {
        asked.push_back(w.time.now().steady);
        if (w.time.now().steady - begin > GetParam().lasts) return std::nullopt;
        return GetParam().answer();
    };
    w.run_for(GetParam().lasts);
    EXPECT_LE(asked.size(), GetParam().requests_most);
    w.run_for(hours(3));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 400u);
    const bool pauses = *GetParam().pause != 0;
    const std::vector<std::string> reasons(pauses ? 1 : 0, GetParam().pause);
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), reasons);
    EXPECT_EQ(w.daemon.texts("pause.ended", "reason"), reasons);
    ASSERT_FALSE(asked.empty());
    // Requests right after the first one were already in flight.
    const auto next =
        std::find_if(asked.begin(), asked.end(), [&](auto t) { return t - asked[0] > milliseconds(600); });
    ASSERT_NE(next, asked.end());
    EXPECT_GE(*next - asked[0], GetParam().wait);
}

INSTANTIATE_TEST_SUITE_P(
    To, Answer,
    testing::Values(
        row{"Http200WithStatusPending", [] { return http(200, R"({"status":"PENDING","results":[]})"); }, minutes(5),
            "outage"},
        row{"Http200WithoutABody", [] { return http(200, ""); }, minutes(5), "outage"},
        row{"Http202WithHtml", [] { return http(202, "<html>accepted</html>"); }, minutes(5), "outage"},
        row{"Http200ThatNamesNobody", [] { return http(200, R"({"status":"COMPLETE","results":[]})"); }, minutes(5),
            "outage"},
        row{"Http400ForEverything",
            [] { return http(400, error_body("VALIDATION_ERROR", "no")); },
            hours(1),
            "configuration",
            {},
            1'000},
        row{"Http413", [] { return http(413, ""); }, seconds(7), "", {}, 300},
        row{"Http403ScopeMissing", [] { return http(403, error_body("MISSING_SCOPES", "no")); }, hours(1), "scope",
            seconds(5)},
        row{"Http403OfAnEdge", [] { return http(403, "<html>no</html>"); }, hours(1), "scope", seconds(5)},
        row{"Http301", [] { return http(301, ""); }, hours(1), "configuration", seconds(5)},
        row{"Http404", [] { return http(404, "<html>no</html>"); }, hours(1), "configuration", seconds(5)},
        row{"Http405", [] { return http(405, "<html>no</html>"); }, hours(1), "configuration", seconds(5)},
        row{"Http415", [] { return http(415, "<html>no</html>"); }, hours(1), "configuration", seconds(5)},
        row{"Http423", [] { return http(423, error_body("LOCKED", "locked")); }, seconds(20), "", seconds(2)},
        row{"Http423ForHours", [] { return http(423, error_body("LOCKED", "locked")); }, hours(1), "locked", seconds(2),
            80},
        row{"Http429", rolling_limit, seconds(30), "", seconds(10)},
        row{"Http429WithRetryAfterInSeconds", [] { return with_retry_after(rolling_limit(), "25"); }, seconds(30), "",
            seconds(25)},
        row{"Http429WithRetryAfterAsADate",
            [] { return with_retry_after(rolling_limit(), "Thu, 18 Dec 2025 00:00:31 GMT"); }, seconds(30), "",
            seconds(19)},
        row{"Http477ForHours", [] { return with_retry_after(http(477, ""), "7200"); }, hours(5), "moving", seconds(5),
            35},
        row{"Http500", [] { return http(500, error_body("INTERNAL_ERROR", "oops")); }, hours(1), "outage"},
        row{"Http503WithHtml", [] { return http(503, "<html>busy</html>"); }, hours(1), "outage"},
        row{"Http503WithRetryAfter",
            [] { return with_retry_after(http(503, error_body("SERVICE_UNAVAILABLE", "later")), "40"); }, hours(1),
            "outage", seconds(40)},
        row{"Http524WithHtml", [] { return http(524, "<html>timeout</html>"); }, hours(1), "outage"},
        row{"Http530WithHtml", [] { return http(530, "<html>origin</html>"); }, hours(1), "outage"},
        row{"ATimeout", [] { return failed(hubspot::no_answer::request_timeout, true); }, hours(1), "outage"},
        row{"AReset", [] { return failed(hubspot::no_answer::connection_lost, true); }, hours(1), "outage"},
        row{"NoName", [] { return failed(hubspot::no_answer::name_lookup_failed, false); }, hours(1), "outage"},
        row{"NoTls", [] { return failed(hubspot::no_answer::tls_failed, false); }, hours(1), "outage"}),
    [](const auto& r) { return std::string(r.param.name); });

TEST(Bounds, ABacklogThatMeetsTroubleStaysInTheLedger) {
    world_profile p = calm_profile();
    p.settings.batch.max_changes = 10;
    p.bounds.retrying_max = 200;
    p.files.push_back(many_opt_ins(seconds(0), 20'000));
    world w(1, p);
    w.hubspot.script = [&w,
                        accepted = base::steady_time()](const request& r) mutable -> std::optional<hubspot::answer> {
        const bool accepts = w.time.now().steady - accepted > seconds(10);
        if (accepts) accepted = w.time.now().steady;
        if (accepts || r.changes[0].is_opt_out()) return std::nullopt;
        return http(423, error_body("LOCKED", "locked"));
    };
    w.run_for(minutes(5));
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
    w.intake.drop(make_file(seconds(0), {opt_out("ann@x.org")}));
    w.run_for(seconds(5));
    EXPECT_LE(w.daemon.most_retrying, 400u);
    EXPECT_GE(w.daemon.most_retrying, 200u);
    EXPECT_EQ(verdict_of(w, 1, 1), "confirmed") << "opt-outs go past it";
    w.hubspot.script = nullptr;
    w.run_for(minutes(10));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 20'001u);
}

// A change that no answer names is sent in smaller batches and finally alone, and never counts as done.
TEST(Unresolved, AChangeThatNoAnswerNamesIsUnconfirmedAndHurtsNobody) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files[0].rows[41].what = nature::silent;
    for (int i = 1; i <= 30; ++i) p.files.push_back(many_opt_ins(seconds(i), 1, static_cast<std::size_t>(1'000 + i)));
    world w(1, p);
    w.run_for(minutes(3));
    EXPECT_EQ(verdict_of(w, 0, 42), "unconfirmed");
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 129u);
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
}

TEST(Unresolved, AnotherStatusIsTriedOnceMoreThenRejected) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 100));
    p.files[0].rows[41].what = nature::other_status;
    world w(1, p);
    run_until_settled(w, minutes(1), 100);
    EXPECT_EQ(verdict_of(w, 0, 42), "rejected");
    EXPECT_EQ(row_of(w, 0, 42).sent, 2u);
    const auto first = w.store->attempts().find(1);
    const auto second = w.store->attempts().find(2);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->unsettled, "1:42");
    EXPECT_EQ(second->unsettled, "") << "it has its verdict from this one";
    EXPECT_EQ(second->rejected, 1u);
}

// Changes that one answer leaves open get an answer of another kind. Each change still gets exactly one verdict.
TEST(Unresolved, ARejectedChangeDoesNotGoOnWithTheOthersOfItsAnswer) {
    world_profile p = calm_profile();
    p.files.push_back(make_file(seconds(0), {opt_in(address(1)), opt_in(address(2)), opt_in(address(3))}));
    p.files.push_back(make_file(milliseconds(1'100), {opt_in(address(1))}));  // a newer change of a key in it
    world w(1, p);
    w.hubspot.words = [sent = 0](const request& r) mutable -> std::vector<line::word> {
        using word = line::word;
        ++sent;
        if (sent == 1) return {word::other_status, word::nothing, word::as_asked};
        if (sent == 2) return {word::other_status, word::error};
        return std::vector<word>(r.changes.size(), word::as_asked);
    };
    w.run_for(minutes(5));
    EXPECT_EQ(w.watch.settled(), 4u);
    EXPECT_EQ(row_of(w, 0, 1).sent, 2u);
}

// A bug that settles a row twice, or a row that does not exist, stops nothing else.
TEST(BrokenStep, CostsNoneOfTheOthersTheirVerdict) {
    world_profile p = calm_profile();
    for (int i = 0; i < 5; ++i) p.files.push_back(many_opt_ins(seconds(2 * i), 150, static_cast<std::size_t>(200 * i)));
    world w(1, p);
    std::optional<ledger::settled_change> earlier;
    std::size_t spoilt = 0;
    w.daemon.spoil = [&](ledger::ledger_change& step) {
        if (step.settled.empty()) return;
        if (earlier) {
            step.settled.push_back(*earlier);
            step.settled.back().verdict = consent::verdict::rejected;
            step.settled.push_back(*earlier);
            step.settled.back().id = consent::place(earlier->id.arrival(), 9'999);
            spoilt += 2;
        }
        earlier = step.settled.front();
    };
    run_until_settled(w, minutes(1), 750);
    w.run_for(seconds(1));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 750u);
    EXPECT_GT(spoilt, 4u);
    EXPECT_EQ(w.daemon.verdicts_refused, spoilt);
    EXPECT_TRUE(w.intake.all_done());
    w.check_end();
}

}  // namespace
}  // namespace consent_sync::simulation
