// The real binary, over TLS, against answers drawn at random from HubSpot's schema, dying connections, files by all
// kinds of writers, and kills. random_hubspot::trial judges it from the recorded answers, the ledger and the reports;
// it does not know how the daemon reads an answer.
//
//   CONSENT_SYNC_ADVERSARY_RUNS="COUNT SEED"   a campaign (tests/adversary)
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>
#include <unordered_map>

#include "consent/key.hpp"
#include "integration/accounting.hpp"
#include "integration/ledger_rows.hpp"
#include "integration/writers.hpp"
#include "ledger/database.hpp"
#include "random_hubspot/addresses.hpp"
#include "random_hubspot/trial.hpp"

namespace consent_sync::integration {
namespace {

using random_hubspot::chance;
using random_hubspot::trial;
using std::chrono::milliseconds;

constexpr const char* verdicts[] = {"", "confirmed", "rejected", "invalid", "superseded", "unconfirmed"};

struct attack {
    std::uint64_t seed = 1;
    std::size_t files = 12;
    std::int64_t rows_most = 80;  // of a file
    int kills = 1;
    bool spellings = false;  // one person in several spellings
};

class battle {
  public:
    explicit battle(const attack& a)
        : attack_(a),
          luck_(a.seed),
          d_(hubspot_of(a),
             R"("retry": { "initial": "20ms", "max": "500ms", "late_write_window": "1s", "max_attempts": 20 },)"
             R"("rules": { "contradictions": ")" +
                 std::string(a.seed % 3 == 0 ? "last" : "opt_out") + "\" }") {
        d_.replace_in_config("\"ca_file\"", R"("timeouts": { "request": "2s" }, "ca_file")");
    }

    void run() {
        std::filesystem::create_directories(d_.state("/inbox"));
        d_.start();
        for (int kills = attack_.kills; files_ < attack_.files || kills > 0;) {
            for (std::int64_t i = luck_.between(1, 4); i > 0 && files_ < attack_.files; --i) drop();
            std::this_thread::sleep_for(milliseconds(luck_.between(20, 250)));  // random moments are the test
            ASSERT_TRUE(d_.runs()) << "it ended by itself";
            if (kills > 0 && luck_.of(0.5)) {
                --kills;
                d_.kill_hard();
                d_.launch();
            }
        }
        d_.hubspot().change([](auto& o) { o.adversary = 0; });
        settle();
        EXPECT_EQ(d_.stop(), 0);
        judge();
    }

  private:
    static hubspot_sim::options hubspot_of(const attack& a) {
        hubspot_sim::options o;
        o.adversary = a.seed;
        o.keep_answers = true;
        o.limit_requests = 0;
        o.latency = milliseconds(2);
        o.jitter = milliseconds(10);
        return o;
    }

    void drop() {
        std::vector<marked_row> rows;
        for (std::int64_t i = luck_.skewed(1, attack_.rows_most); i > 0; --i) {
            const std::int64_t n = luck_.skewed(1, 60);
            marked_row r;
            r.change.address = luck_.of(0.3) ? random_hubspot::foreign_address(n) : random_hubspot::plain_address(n);
            if (luck_.of(0.03))
                r.change.address = luck_.pick<std::string>({"named-", "unnamed-", "error-"}) + r.change.address;
            // White space around it is removed, except where it separates columns.
            if (attack_.spellings)
                r.change.address = std::string(consent::trim(random_hubspot::respell(r.change.address, luck_)));
            r.change.subscription = luck_.between(7, 8);
            r.change.state = luck_.of(0.4) ? "UNSUBSCRIBED" : "SUBSCRIBED";
            r.mark = "m" + std::to_string(rows_.size() + rows.size() + 1);
            rows.push_back(std::move(r));
        }
        send(rows);
    }

    void send(const std::vector<marked_row>& rows) {
        const written_file file = write_rows(++files_, rows, luck_);
        std::string plain;
        for (const marked_row& r : rows) plain += r.change.address + "\n";
        d_.secrets().add_addresses_of(plain);
        for (const marked_row& r : rows) rows_.push_back(r);
        write_into(d_.state("/inbox"), file, static_cast<way_of_writing>(luck_.between(0, ways_of_writing - 1)), luck_);
    }

    // Bad rows alone cannot be told from an API that refuses everything, so a good row is dropped now and then.
    void settle() {
        const auto all_done = [this] {
            return d_.lines("files.ndjson").size() >= files_ && late_writes_owed(d_) == 0 &&
                   d_.hubspot().counters().late_pending == 0;
        };
        bool done = false;
        for (int i = 0; i < 60 && !done; ++i) {
            done = d_.wait(all_done, std::chrono::seconds(2));
            if (done) break;
            ASSERT_TRUE(d_.runs()) << "it ended by itself";
            send({{{"good" + std::to_string(i) + "@example.org", 7, "SUBSCRIBED"}, "g" + std::to_string(i)}});
        }
        EXPECT_TRUE(done) << "not done in time: " << d_.lines("files.ndjson").size() << " of " << files_ << " files, "
                          << late_writes_owed(d_) << " late writes owed; " << d_.command("status").out;
    }

    void judge() {
        trial record;
        record.opt_outs_stand = attack_.seed % 3 != 0;
        std::unordered_map<std::string, std::int64_t> place_of;
        std::unordered_map<std::string, const marked_row*> dropped;
        for (const marked_row& r : rows_) dropped[r.mark] = &r;
        ledger::database db(d_.state("/ledger.db"), ledger::database::access::read_only);
        for (const ledger_row& row : read_rows(db)) {
            const std::int64_t id = row.change.id.id();
            const std::string mark = row.mark();
            const random_hubspot::asked change{row.address(), row.change.subscription,
                                               row.change.is_opt_out() ? "UNSUBSCRIBED" : "SUBSCRIBED"};
            const auto planned = dropped.find(mark);
            record.add(id, change, 0);
            if (!place_of.emplace(mark, id).second) record.note("promise 1: row " + mark + " is there twice");
            if (planned == dropped.end())
                record.note("promise 1: nobody dropped " + mark);
            else if (trial::key_of(planned->second->change) != trial::key_of(change) ||
                     planned->second->change.state != change.state)
                record.note("promise 11: " + mark + " was read as something else");
            if (row.verdict > 0) record.settle(id, verdicts[row.verdict], row.superseded_by, 0);
        }
        if (place_of.size() != rows_.size())
            record.note("promise 1: " + std::to_string(rows_.size()) + " rows were dropped, " +
                        std::to_string(place_of.size()) + " are in the ledger");
        read_answers(record, place_of);
        std::map<std::string, std::string> states;
        std::set<std::int64_t> touched;
        for (const auto& got : d_.hubspot().applied()) {
            const auto at = place_of.find(got.explanation.value_or(""));
            if (at == place_of.end()) continue;
            const auto& change = record.rows().at(at->second).change;
            states[trial::key_of(change)] = change.state;
            touched.insert(at->second);
        }
        std::vector<std::string> wrong = record.judge(false);
        for (std::string& each : record.judge_states(
                 states, [&](auto p) { return touched.contains(p); },
                 [](const auto& c) { return random_hubspot::nature_of(c.address) == random_hubspot::nature::good; }))
            wrong.push_back(std::move(each));
        if (wrong.size() > 10) wrong.resize(10);
        EXPECT_EQ(wrong, std::vector<std::string>()) << "seed " << attack_.seed;
        if (d_.hubspot().counters().violations.twice_in_request > 0) ADD_FAILURE() << "one key twice in a request";
        compare_reports();
    }

    void read_answers(trial& record, const std::unordered_map<std::string, std::int64_t>& place_of) {
        for (const hubspot_sim::answer_record& a : d_.hubspot().answers()) {
            std::vector<std::int64_t> places;
            for (const hubspot_sim::input& in : a.inputs) {
                const auto at = place_of.find(in.explanation.value_or(""));
                if (at == place_of.end()) {
                    record.note("promise 1: HubSpot got a change that nobody dropped");
                    continue;
                }
                const auto& change = record.rows().at(at->second).change;
                if (change.subscription != in.subscription || change.state != in.status ||
                    !random_hubspot::same_address(change.address, in.subscriber))
                    record.note("promise 11: HubSpot got something else than " + in.explanation.value_or(""));
                places.push_back(at->second);
            }
            const auto number = static_cast<std::int64_t>(a.request);
            record.begin(number, std::move(places), true, 0);
            if (!a.whole) continue;
            record.answer(number, a.status, a.body);
            record.delivered(number);
        }
    }

    // Each file is reported once, with all its rows.
    void compare_reports() {
        std::set<std::string> names;
        std::uint64_t reported = 0;
        for (const auto& line : d_.lines("files.ndjson")) {
            const std::string name(line.at("name").as_string());
            if (!names.insert(name).second) ADD_FAILURE() << name << " is reported twice";
            reported += count(line, "rows");
        }
        EXPECT_EQ(names.size(), files_);
        EXPECT_EQ(reported, rows_.size());
    }

    attack attack_;
    chance luck_;
    daemon_under_test d_;
    std::vector<marked_row> rows_;
    std::size_t files_ = 0;
};

class Adversary : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Adversary, MeetsTheRealBinary) {
    attack a;
    a.seed = GetParam();
    a.kills = static_cast<int>(GetParam() % 3);
    a.spellings = GetParam() % 2 == 0;
    battle(a).run();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Adversary, testing::Range<std::uint64_t>(1, 5));

TEST(AdversaryCampaign, MeetsTheRealBinary) {
    const char* const wanted = std::getenv("CONSENT_SYNC_ADVERSARY_RUNS");
    if (wanted == nullptr) GTEST_SKIP() << "a campaign: tests/adversary [MINUTES [SEED]]";
    std::uint64_t count = 0, seed = 1;
    std::istringstream(wanted) >> count >> seed;
    for (std::uint64_t i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
        attack a;
        a.seed = seed + i;
        a.files = 10 + a.seed % 40;
        a.rows_most = a.seed % 5 == 0 ? 1'500 : 200;
        a.kills = static_cast<int>(a.seed % 5);
        a.spellings = a.seed % 2 == 0;
        std::cout << "seed " << a.seed << std::endl;
        battle(a).run();
    }
}

}  // namespace
}  // namespace consent_sync::integration
