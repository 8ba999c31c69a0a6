#include "observe/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "observe/snapshot_json.hpp"
#include "observe/status_text.hpp"

namespace consent_sync::observe {
namespace {

using testing::HasSubstr;
using testing::Not;

const base::wall_time taken_at = base::from_unix_ms(1'795'435'200'000);

ledger::file_record file_of(consent::arrival_number arrival, ledger::file_state state, std::uint64_t rows,
                            std::uint64_t confirmed) {
    ledger::file_record f;
    f.arrival = arrival;
    f.name = "ann@example.com.csv";
    f.state = state;
    f.rows = rows;
    f.counts[1] = confirmed;
    f.claimed_at = taken_at - std::chrono::seconds(90);
    return f;
}

snapshot busy() {
    ledger::ledger_picture p;
    p.files = {file_of(42, ledger::file_state::read, 1'000, 250), file_of(43, ledger::file_state::reading, 500, 0)};
    p.files[1].size = 4'000;
    p.files[1].read_offset = 1'000;
    p.open_files = 2;
    p.waiting = 1'250;
    p.oldest_opt_out = taken_at - std::chrono::seconds(3);
    p.pauses = {{"outage", taken_at - std::chrono::seconds(60), taken_at + std::chrono::seconds(30),
                 "503 for bob@example.com"}};
    snapshot s = from_ledger(p, taken_at);
    s.running = true;
    s.account = "acme";
    s.state_dir = "/var/lib/acme";
    s.started = taken_at - std::chrono::hours(2);
    s.pace = 125.0;
    s.limit = limit_view{190, base::milliseconds(10'000), 120, 10, 100};
    s.settled_since_start = ledger::verdict_counts{0, 250, 1, 0, 0, 0};
    s.daily = daily_view{1'000, 400, taken_at + std::chrono::hours(5), true};
    s.inbox_files = 1;
    return s;
}

TEST(Snapshot, EstimatesRowsOfAFileThatIsBeingRead) {
    const snapshot s = busy();
    EXPECT_EQ(s.files[1].rows_expected, 2'000u);
    EXPECT_EQ(s.waiting, 1'250u + 1'500u);
    EXPECT_EQ(s.files[1].activity, file_activity::reading);
    EXPECT_DOUBLE_EQ(s.files[0].progress(), 0.25);
}

TEST(Snapshot, TellsTimeLeftAtThePaceUnlessItIsPausedAndAtTheLimit) {
    snapshot s = busy();
    EXPECT_FALSE(s.seconds_left());
    s.pauses.clear();
    EXPECT_DOUBLE_EQ(*s.seconds_left(), 2'750 / 125.0);
    EXPECT_DOUBLE_EQ(*s.seconds_left_at_limit(), 2'750 / 1'800.0);
    s.pace = 0;
    EXPECT_FALSE(s.seconds_left());
}

TEST(Snapshot, StateIsOneWord) {
    snapshot s = busy();
    EXPECT_EQ(state_of(s), "paused");
    s.pauses.clear();
    EXPECT_EQ(state_of(s), "sending");
    s.waiting = 0;
    EXPECT_EQ(state_of(s), "idle");
    s.held_files = 1;
    EXPECT_EQ(state_of(s), "waiting");
    s.running = false;
    EXPECT_EQ(state_of(s), "down");
}

TEST(Snapshot, HoldsNoAddress) {
    const std::string text = boost::json::serialize(to_json(busy(), file_names::shown));
    EXPECT_THAT(text, Not(HasSubstr("example.com")));
    EXPECT_THAT(text, HasSubstr("***"));
}

TEST(Snapshot, ADayThatIsOverIsNotShown) {
    ledger::ledger_picture p;
    p.meta = {{"daily_limit", 100}, {"daily_remaining", 5}, {"day_end", base::to_unix_ms(taken_at) - 1}};
    EXPECT_FALSE(from_ledger(p, taken_at).daily);
    p.meta[2].second += 2;
    EXPECT_EQ(from_ledger(p, taken_at).daily->remaining, 5);
}

TEST(SnapshotJson, ComesBackAsItWas) {
    const snapshot s = busy();
    const auto json = to_json(s, file_names::shown);
    const auto back = from_json(boost::json::parse(boost::json::serialize(json)));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_json(*back, file_names::shown), json);
    EXPECT_EQ(format_status(*back, {}), format_status(s, {}));
}

TEST(SnapshotJson, WhatActsOnATerminalIsReadAsText) {
    auto json = to_json(busy(), file_names::shown);
    json["pauses"].as_array()[0].as_object()["words"] = "a\x1b[31mb\x7f";
    json["account"] = "ac\nme";
    const auto read = from_json(json);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pauses[0].words, "a\\x1b[31mb\\x7f");
    EXPECT_EQ(read->account, "ac\\nme");
    EXPECT_EQ(to_json(*from_json(to_json(*read, file_names::shown)), file_names::shown),
              to_json(*read, file_names::shown));
}

TEST(SnapshotJson, RefusesWhatItDoesNotKnow) {
    auto json = to_json(busy(), file_names::shown);
    json["schema"] = 2;
    EXPECT_FALSE(from_json(json));
    EXPECT_FALSE(from_json(boost::json::parse("[]")));
    auto cut = to_json(busy(), file_names::shown);
    cut.erase("files");
    EXPECT_FALSE(from_json(cut));
}

TEST(StatusText, SaysWhatHappens) {
    const std::string text = format_status(busy(), {});
    EXPECT_THAT(text, HasSubstr("consent-sync acme · paused · runs for 2 h 0 min"));
    EXPECT_THAT(text, HasSubstr("PAUSED (outage) since 2026-11-23T11:59:00Z, for 1 min 0 s"));
    EXPECT_THAT(text, HasSubstr("looks again at 2026-11-23T12:00:30Z, in 30 s"));
    EXPECT_THAT(text, HasSubstr("00000042"));
    EXPECT_THAT(text, HasSubstr("[#####...............]   25 %"));
    EXPECT_THAT(text, HasSubstr("250 of 1,000"));
    EXPECT_THAT(text, HasSubstr("the oldest unsent one waits for 3.0 s"));
    EXPECT_THAT(text, HasSubstr("120 of 190 requests in 10s used, 10 left to others"));
    EXPECT_THAT(text, HasSubstr("600 of 1,000 requests used"));
    EXPECT_THAT(text, HasSubstr("only opt-outs go until then"));
}

TEST(StatusText, KeepsToTheWidthAndTheNumberOfFiles) {
    text_style narrow;
    narrow.width = 40;
    narrow.rows = 26;
    const std::string text = format_status(busy(), narrow);
    EXPECT_THAT(text, HasSubstr("… and 1 more"));
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        std::size_t columns = 0;
        for (std::size_t i = at; i < end; ++i) columns += (text[i] & '\xc0') != '\x80';
        EXPECT_LE(columns, 40u);
        at = end + 1;
    }
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 27);
    narrow.rows = 0;
    EXPECT_THAT(format_status(busy(), narrow), Not(HasSubstr("more")));
}

TEST(StatusText, SaysWhenTheInboxIsNotThere) {
    snapshot s = busy();
    EXPECT_THAT(format_status(s, {}), HasSubstr("inbox       1 file\n"));
    s.inbox_files.reset();
    EXPECT_THAT(format_status(s, {}), HasSubstr("inbox       not there, or not readable"));
}

TEST(StatusText, AStandardTerminalShowsTheCountsOfEveryFile) {
    text_style standard;
    standard.width = 80;
    standard.rows = 23;
    snapshot s = busy();
    s.files[0].counts = {0, 57'700, 12, 3, 4, 5};
    s.files[0].name = "a name that is a good deal longer than there is room for.csv";
    const std::string text = format_status(s, standard);
    EXPECT_THAT(text, HasSubstr("250 of 1,000: 57,700 confirmed, 12 rejected, 3 invalid, 4 superseded,"));
    EXPECT_THAT(text, HasSubstr("5 unconfirmed"));
    EXPECT_THAT(text, HasSubstr("ledger"));
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 23);
}

TEST(StatusText, WhatHubSpotSaidIsNotCutOff) {
    snapshot s = busy();
    s.pauses[0].words =
        "HubSpot refuses everything, and says so at such a length that no terminal has a line for it: END";
    text_style narrow;
    narrow.width = 50;
    EXPECT_THAT(format_status(s, narrow), HasSubstr("END\n"));
}

TEST(StatusText, AHeldFileNamesTheWayOut) {
    ledger::ledger_picture p;
    p.files = {file_of(7, ledger::file_state::read, 10, 0)};
    p.files[0].gate = ledger::file_gate::held;
    p.open_files = p.held_files = 1;
    snapshot s = from_ledger(p, taken_at);
    s.running = true;
    EXPECT_THAT(format_status(s, {}), HasSubstr("consent-sync release 00000007, or: consent-sync refuse 00000007"));
}

TEST(StatusText, NumbersAreEasyToRead) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1'234'567), "1,234,567");
    EXPECT_EQ(format_bytes(1'023), "1023 B");
    EXPECT_EQ(format_bytes(1'288'490'189), "1.2 GiB");
    EXPECT_EQ(format_seconds(0.42), "0.4 s");
    EXPECT_EQ(format_seconds(260), "4 min 20 s");
    EXPECT_EQ(format_seconds(11'100), "3 h 5 min");
    EXPECT_EQ(format_seconds(187'200), "2 d 4 h");
    EXPECT_EQ(format_bar(0.5, 4, true), "[██░░]");
    EXPECT_EQ(format_bar(7, 4, false), "[####]");
}

}  // namespace
}  // namespace consent_sync::observe
