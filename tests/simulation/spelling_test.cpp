// Addresses with more than one spelling, and addresses that HubSpot's answers never name: they affect no other change.
#include "simulation/scenario.hpp"

namespace consent_sync::simulation {
namespace {

std::string with(std::string_view who, std::size_t spelling) {
    return std::string(who) + "@" + std::string(domain_spellings[spelling]);
}

TEST(Spelling, OfOneMailboxTheLastRowStandsWhateverHubSpotAnswersWith) {
    world_profile p = calm_profile();
    p.settings.rules.contradictions = config::contradiction_rule::last;
    std::vector<consent::change> changes;
    for (std::size_t i = 0; i < 40; ++i)
        changes.push_back(i % 2 == 0 ? opt_out(with("ann", i % 4)) : opt_in(with("ann", (i + i / 4) % 4)));
    changes.push_back(opt_in(with("bob", 0)));
    changes.push_back(opt_in(with("bob", 2)));
    p.files.push_back(make_file(seconds(0), changes));
    p.files.push_back(many_opt_ins(seconds(0), 200));
    world w(1, p);
    run_until_settled(w, minutes(2), 242);
    EXPECT_EQ(w.watch.rows().size(), 242u);
    EXPECT_TRUE(w.watch.all_settled());
    EXPECT_EQ(count_verdicts(w, consent::verdict::unconfirmed), 0u);
    EXPECT_EQ(verdict_of(w, 0, 40), "confirmed");
    EXPECT_EQ(w.hubspot.states.at(key_of(changes[39])), consent::status_state::subscribed);
    EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>());
}

// First alone, then beside others.
TEST(Spelling, OneThatIsNeverNamedIsUnconfirmedAndStopsNobody) {
    for (const nature what : {nature::misnamed, nature::silent})
        for (const std::string& who : {std::string("odd@example.org"), with("odd", 0)})
            for (const bool company : {false, true}) {
                world_profile p = calm_profile();
                planned_file odd = make_file(seconds(0), {opt_in(who)});
                odd.rows[0].what = what;
                if (company) odd.rows.push_back({opt_in(address(1)), nature::good, false, {}});
                p.files.push_back(odd);
                p.files.push_back(make_file(minutes(40), {opt_out(address(7))}));
                world w(1, p);
                w.run_for(minutes(40));
                const bool alone_and_silent = what == nature::silent && !company;
                EXPECT_EQ(verdict_of(w, 0, 1), alone_and_silent ? "" : "unconfirmed") << who;
                EXPECT_EQ(w.daemon.texts("changes.unnamed", "file").size(), alone_and_silent ? 1u : 0u) << who;
                w.run_for(seconds(10));
                EXPECT_EQ(verdict_of(w, 1, 1), "confirmed") << "at once";
                w.run_for(minutes(30));
                EXPECT_EQ(verdict_of(w, 0, 1), "unconfirmed") << who;
                EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>()) << who;
            }
}

// A few of any kind, or many with several spellings.
TEST(Spelling, SeveralThatAreNeverNamedStopNobody) {
    for (const auto& [count, plain] : {std::pair(4u, true), std::pair(30u, false)}) {
        world_profile p = calm_profile();
        std::vector<consent::change> changes;
        for (unsigned i = 0; i < count; ++i)
            changes.push_back(opt_in(plain ? address(i) : with("odd" + std::to_string(i), 0)));
        p.files.push_back(make_file(seconds(0), changes));
        for (planned_row& row : p.files[0].rows) row.what = nature::misnamed;
        p.files.push_back(make_file(seconds(30), {opt_out(address(77))}));
        world w(1, p);
        w.run_for(seconds(40));
        EXPECT_EQ(verdict_of(w, 1, 1), "confirmed");
        w.run_for(hours(1));
        EXPECT_EQ(count_verdicts(w, consent::verdict::unconfirmed), count);
        EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>());
    }
}

// The same unrelated answer for every request: no change gets a verdict.
TEST(Spelling, AHubSpotThatNamesNothingOfAnythingPauses) {
    for (const bool one_file : {true, false}) {
        world_profile p = calm_profile();
        if (one_file)
            p.files.push_back(many_opt_ins(seconds(0), 300));
        else
            for (std::size_t i = 0; i < 8; ++i) p.files.push_back(many_opt_ins(seconds(5 * i), 1, i));
        world w(1, p);
        w.watch.doubt = true;
        bool well = false;
        w.hubspot.script = [&](const request&) -> std::optional<hubspot::answer> {
            if (well) return std::nullopt;
            const consent::change stranger = opt_in("test@husbpot.com");
            const std::vector<line> lines{{&stranger, line::word::as_asked, {}}};
            return http(200, complete_body(lines));
        };
        w.run_for(hours(2));
        EXPECT_EQ(count_verdicts(w, consent::verdict::unconfirmed), 0u);
        EXPECT_EQ(w.daemon.texts("pause.begun", "reason"), std::vector<std::string>{"outage"});
        well = true;
        w.run_for(hours(2));
        EXPECT_EQ(count_verdicts(w, consent::verdict::confirmed), one_file ? 300u : 8u);
    }
}

}  // namespace
}  // namespace consent_sync::simulation
