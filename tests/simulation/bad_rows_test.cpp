// Promises 5 and 12: bad rows, however many, get their verdicts and stop no other row. If HubSpot refuses everything,
// no row is rejected.
#include <bit>
#include <cstdlib>

#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

constexpr std::uint64_t seeds = 400;
constexpr auto opt_out_waits_most = seconds(60);

// The most requests: each batch once, and for each bad row both halves at each step of the bisection, twice alone, and
// once as a row that was kept back. If HubSpot names the row: once with its batch, and twice alone.
std::uint64_t requests_most(const world& w) {
    const std::uint64_t batch = w.profile.settings.batch.max_changes;
    std::uint64_t rows = 0, bad = 0, named = 0;
    for (const planned_file& f : w.profile.files)
        for (const planned_row& r : f.rows) {
            ++rows;
            bad += is_bad(r.what);
            named += r.what == nature::refuses_named || r.what == nature::refuses_each;
        }
    const std::uint64_t steps = static_cast<std::uint64_t>(std::bit_width(batch));
    return rows / batch + 4 * w.profile.files.size() + (bad - named) * (2 * steps + 3) + named * 4 + 40;
}

// Adjacent bad rows.
std::size_t longest_run(const world& w) {
    std::size_t most = 0, in_a_row = 0;
    for (const planned_row& r : w.profile.files[0].rows) {
        in_a_row = is_bad(r.what) ? in_a_row + 1 : 0;
        most = std::max(most, in_a_row);
    }
    return most;
}

// Rows that may wait for a good row: the last ones that were tried.
std::size_t left_most(const world& w) {
    const std::vector<planned_row>& rows = w.profile.files[0].rows;
    const auto bad = std::count_if(rows.begin(), rows.end(), [](const planned_row& r) { return is_bad(r.what); });
    return 3 * longest_run(w) + static_cast<std::size_t>(bad) / 20;
}

void check(world& w, std::uint64_t seed) {
    const bool well = w.profile.hubspot.faults.empty();
    for (const auto& [id, row] : w.watch.rows()) {
        const bool bad = is_bad(row.row.what);
        EXPECT_EQ(row.verdict, bad ? consent::verdict::rejected : consent::verdict::confirmed) << "seed " << seed;
        if (!well || bad || !row.row.change.is_opt_out() || consent::place(id).arrival() == 1) continue;
        EXPECT_LE(row.settled_at - row.appended_at, opt_out_waits_most)
            << "seed " << seed << ": an opt-out of another file";
    }
    if (!well) return;
    // At the end of all work, ten adjacent bad rows look the same as a HubSpot that refuses everything.
    if (longest_run(w) < 10) {
        EXPECT_EQ(w.daemon.count("pause.begun"), 0u) << "seed " << seed;
    }
    EXPECT_LE(w.hubspot.requests, requests_most(w)) << "seed " << seed;
}

TEST(ManyBadRows, StopNobodyAndAllHaveTheirVerdicts) {
    const char* only = std::getenv("CONSENT_SYNC_SEED");
    const std::uint64_t first = only ? std::strtoull(only, nullptr, 10) : 1;
    for (std::uint64_t seed = first; seed < first + (only ? 1 : seeds) && !testing::Test::HasFailure(); ++seed) try {
            world w(seed, many_bad_rows_profile(seed));
            w.run_for(minutes(11));
            const bool well = w.profile.hubspot.faults.empty();
            EXPECT_LE(w.watch.rows().size() - w.watch.settled(), well ? left_most(w) : SIZE_MAX) << "seed " << seed;
            w.run();
            check(w, seed);
        } catch (const broken_promise& broken) {
            ADD_FAILURE() << "CONSENT_SYNC_SEED=" << seed << ": " << broken.what();
        }
}

void spoil(planned_file& file, std::initializer_list<std::size_t> first_rows, std::size_t each, nature what) {
    for (const std::size_t first : first_rows)
        for (std::size_t i = 0; i < each; ++i) file.rows[first - 1 + i].what = what;
}

struct sizes {
    std::uint32_t batch;
    std::size_t rows;
    std::initializer_list<std::size_t> bad;
};

TEST(Clusters, ThatHubSpotNamesCostOneRefusalEachAndNoPause) {
    for (const nature what : {nature::refuses_each, nature::refuses_named})
        for (const sizes& s : {sizes{100, 400, {101, 201, 301}}, sizes{4, 16, {5, 9, 13}}, sizes{4, 16, {2, 6, 10}}}) {
            world_profile p = calm_profile();
            p.settings.batch.max_changes = s.batch;
            p.files.push_back(many_opt_ins(seconds(0), s.rows));
            spoil(p.files[0], s.bad, 3, what);
            p.files.push_back(make_file(milliseconds(1'300), {opt_out("ann@x.org")}));
            world w(1, p);
            run_until_settled(w, seconds(30), s.rows + 1);
            EXPECT_EQ(count_verdicts(w, consent::verdict::rejected), 9u);
            EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), s.rows - 8);
            EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
            EXPECT_LE(w.hubspot.errors, 12u) << "each bad row, and each batch";
        }
}

TEST(Clusters, WithoutANameGoThroughByThemselves) {
    for (const sizes& s : {sizes{100, 400, {101, 201, 301}}, sizes{100, 400, {98, 198, 398}}, sizes{4, 16, {2, 6, 14}},
                           sizes{1, 40, {1, 5, 10}}}) {
        world_profile p = calm_profile();
        p.settings.batch.max_changes = s.batch;
        p.files.push_back(many_opt_ins(seconds(0), s.rows));
        spoil(p.files[0], s.bad, 3, nature::refuses_batch);
        world w(1, p);
        run_until_settled(w, minutes(1), s.rows);
        EXPECT_EQ(count_verdicts(w, consent::verdict::rejected), 9u) << s.rows;
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), s.rows - 9);
        EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
    }
}

TEST(Clusters, ThreeLoneRowsBetweenTwoAcceptancesAreNoReasonToPause) {
    world_profile p = calm_profile();
    for (int i = 0; i < 40; ++i) {
        p.files.push_back(many_opt_ins(seconds(2 * i), 1, static_cast<std::size_t>(i)));
        if (i % 4 != 0) p.files.back().rows[0].what = nature::refuses_batch;
    }
    world w(1, p);
    w.run_for(minutes(3));
    EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 10u);
    EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
}

// Every row of a file is bad. Rows of other files do not wait.
TEST(BadFile, OfThousandsOfRowsStopsNobodyElse) {
    for (const nature what : {nature::refuses_batch, nature::refuses_named, nature::error_in_answer}) {
        world_profile p = calm_profile();
        p.files.push_back(many_opt_ins(seconds(0), 3'500));
        spoil(p.files[0], {1}, 3'000, what);
        p.files.push_back(many_opt_ins(seconds(3), 100, 10'000));
        for (int i = 1; i <= 150; ++i)
            p.files.push_back(make_file(seconds(7 * i), {opt_out("ann" + std::to_string(i) + "@x.org")}));
        world w(1, p);
        w.run_for(minutes(3));
        EXPECT_GE(count_verdicts(w, consent::verdict::confirmed), 625u) << "all that is good, but for what just came";
        run_until_settled(w, minutes(17), 3'750);
        EXPECT_EQ(count_verdicts(w, consent::verdict::rejected), 3'000u);
        EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
        for (std::size_t i = 2; i < p.files.size(); ++i) {
            const auto& row = row_of(w, i, 1);
            EXPECT_LE(row.settled_at - row.appended_at, seconds(10)) << i;
        }
    }
}

// Where nearly no batch is without a bad row and nothing fresh is left, single changes show that HubSpot works.
TEST(MostRowsBad, IsNoReasonToPause) {
    for (const std::size_t good_one_in : {2, 4}) {
        world_profile p = calm_profile();
        p.files.push_back(many_opt_ins(seconds(0), 2'000));
        for (std::size_t i = 0; i < 2'000; ++i)
            if (i % good_one_in != 0) p.files[0].rows[i].what = nature::refuses_batch;
        world w(1, p);
        w.run_for(minutes(30));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 2'000u / good_one_in);
        EXPECT_GE(count_verdicts(w, consent::verdict::rejected), 1'960u - 2'000u / good_one_in);
        EXPECT_EQ(w.daemon.count("pause.begun"), 0u);
    }
}

TEST(EverythingRefused, PausesSoonAndTriesNewRowsAtOnce) {
    for (const std::size_t rows : {16, 2'000}) {
        world_profile p = calm_profile();
        p.settings.batch.max_changes = rows == 16 ? 4 : 100;
        p.hubspot.faults.push_back({seconds(0), minutes(90), trouble::refuses_all, 1});
        p.files.push_back(many_opt_ins(seconds(0), rows));
        p.files.push_back(make_file(minutes(91), {opt_out("ann@x.org")}));
        world w(1, p);
        w.watch.doubt = true;
        w.run_for(minutes(1));
        EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"configuration"});
        w.run_for(minutes(88));
        EXPECT_LE(w.hubspot.requests, 200u);
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), 0u);
        w.run_for(minutes(2) + seconds(20));
        EXPECT_EQ(verdict_of(w, 1, 1), "confirmed") << "what comes in is tried, whatever the next probe's time";
        w.run_for(minutes(2));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), rows + 1);
    }
}

// A probe carries changes that have not been refused, if there are any.
TEST(EverythingRefused, AProbeCarriesWhatWasNotRefusedBefore) {
    world_profile p = calm_profile();
    p.files.push_back(many_opt_ins(seconds(0), 20'000));
    world w(1, p);
    std::set<std::int64_t> seen;
    std::uint64_t again = 0, probes = 0;
    w.hubspot.script = [&](const request& r) -> std::optional<hubspot::answer> {
        if (w.daemon.engine().held().any()) {
            ++probes;
            again += std::any_of(r.changes.begin(), r.changes.end(),
                                 [&](const auto& c) { return seen.contains(c.id.id()); });
        }
        for (const auto& c : r.changes) seen.insert(c.id.id());
        return http(400, error_body("VALIDATION_ERROR", "no"));
    };
    w.run_for(hours(2));
    EXPECT_GE(probes, 5u);
    EXPECT_EQ(again, 0u);
}

}  // namespace
}  // namespace consent_sync::simulation
