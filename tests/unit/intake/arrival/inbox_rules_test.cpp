#include "intake/arrival/inbox_rules.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace consent_sync::intake {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t second_ns = 1'000'000'000;
const base::steady_time start = base::steady_time(1'000s);
const base::wall_time wall_start = base::from_unix_ms(1'800'000'000'000);

base::moment at(base::milliseconds passed) { return {start + passed, wall_start + passed}; }
std::int64_t wall_ns(base::milliseconds passed) { return (base::to_unix_ms(wall_start) + passed.count()) * 1'000'000; }
observation file(std::uint64_t size, base::milliseconds changed) {
    return {.size = size, .mtime_ns = wall_ns(changed), .ctime_ns = wall_ns(changed)};
}

TEST(InboxRules, LeavesUnfinishedNamesAlone) {
    for (const char* name :
         {".",          "..",           ".x.csv",          ".hidden",  "x.tmp",      "x.csv.part",   "x.PARTIAL",
          "x.filepart", "x.crdownload", "x.csv.uploading", "x.upload", "x.download", "x.incomplete", "x.temp",
          ".x.csv.swp", "x.swp",        "x.csv~",          "~",        ".tmp",       "x.Tmp"}) {
        EXPECT_TRUE(is_left_alone(name)) << name;
    }
    for (const char* name : {"x.csv", "x", "tmp", "part", "x.tmp.csv", "~x.csv", "-rf", "--help", " ", "x.csv.tmpx",
                             "ann@example.com.csv", "a\nb.csv", "\x1b[2J", "x..", "x.."}) {
        EXPECT_FALSE(is_left_alone(name)) << name;
    }
}

TEST(InboxRules, ShowsNamesWithoutAddressesAndEscapes) {
    EXPECT_EQ(shown_name("consents-2026.csv"), "consents-2026.csv");
    EXPECT_EQ(shown_name("ann@example.com.csv"), "***");
    EXPECT_EQ(shown_name("list of ann%40example.com.csv"), "list of ***");
    EXPECT_EQ(shown_name("a\n\x1b[2Jb.csv"), "a\\n\\x1b[2Jb.csv");
    EXPECT_EQ(shown_name("\xff.csv"), "\\xff.csv");
    EXPECT_EQ(shown_name("-rf"), "-rf");
}

TEST(InboxRules, DecidesWhenAFileIsTaken) {
    struct table_row {
        const char* claim;
        arrival_way way;
        base::milliseconds changed;  // the file's own times
        base::milliseconds still_since;
        base::milliseconds now;
        settle_action action;
        base::milliseconds until = 0ms;
    };
    const std::vector<table_row> rows = {
        {"renamed is complete", arrival_way::renamed, 0ms, 0ms, 0ms, settle_action::take},
        {"written now", arrival_way::written, 0ms, 0ms, 0ms, settle_action::wait, 2s},
        {"just before settle", arrival_way::written, 0ms, 0ms, 1'999ms, settle_action::wait, 2s},
        {"settled", arrival_way::written, 0ms, 0ms, 2s, settle_action::take},
        {"its own times do not count", arrival_way::written, -1h, 0ms, 0ms, settle_action::wait, 2s},
        {"changed meanwhile", arrival_way::written, 0ms, 1s, 2s, settle_action::wait, 3s},
        {"listed and young", arrival_way::listed, -59'999ms, 0ms, 0ms, settle_action::wait, 2s},
        {"listed and old", arrival_way::listed, -60s, 0ms, 0ms, settle_action::take},
        {"listed with a clock ahead", arrival_way::listed, 1h, 0ms, 0ms, settle_action::wait, 2s},
        {"listed with a clock ahead, watched", arrival_way::listed, 1h, 0ms, 2s, settle_action::take},
    };
    for (const table_row& row : rows) {
        const auto decision =
            decide_settle(file(10, row.changed), row.way, {start, start + row.still_since, {}}, at(row.now), {});
        EXPECT_EQ(decision.action, row.action) << row.claim;
        if (row.action == settle_action::wait) {
            EXPECT_EQ(decision.until - start, row.until) << row.claim;
        }
    }
}

TEST(InboxRules, DecidesWhenAFileIsComplete) {
    struct table_row {
        const char* claim;
        arrival_way way;
        writers open_for_writing;
        ending end;
        std::uint64_t size;
        std::optional<base::milliseconds> writer;  // seen last
        base::milliseconds now;
        settle_action action;
        base::milliseconds until = 0ms;
        std::optional<inbox_reason> reason = std::nullopt;
        completeness complete = completeness::still;
    };
    constexpr auto w = arrival_way::written;
    constexpr auto r = arrival_way::renamed;
    constexpr auto take = settle_action::take;
    constexpr auto wait = settle_action::wait;
    const std::vector<table_row> rows = {
        {"closed", w, writers::none, ending::whole, 9, {}, 2s, take, 0ms, {}, completeness::closed},
        {"closed without a line end", w, writers::none, ending::unfinished, 9, {}, 2s, wait, 20s},
        {"closed without a line end for long",
         w,
         writers::none,
         ending::unfinished,
         9,
         {},
         20s,
         take,
         0ms,
         {},
         completeness::closed},
        {"open", w, writers::some, ending::whole, 9, {}, 2s, wait, 4s},
        {"open for long", w, writers::some, ending::whole, 9, {}, 20s, wait, 22s, inbox_reason::open},
        {"open for a day", w, writers::some, ending::whole, 9, {}, 24h, wait, 24h + 2s, inbox_reason::open},
        {"closed a moment ago", w, writers::none, ending::whole, 9, 9s, 10s, wait, 11s},
        {"closed for the settle time",
         w,
         writers::none,
         ending::whole,
         9,
         9s,
         11s,
         take,
         0ms,
         {},
         completeness::closed},
        {"renamed and open", r, writers::some, ending::whole, 9, {}, 0s, wait, 2s},
        {"renamed and closed", r, writers::none, ending::whole, 9, 2s, 3s, take, 0ms, {}, completeness::renamed},
        {"renamed, nobody knows",
         r,
         writers::unknown,
         ending::unfinished,
         9,
         {},
         0s,
         take,
         0ms,
         {},
         completeness::renamed},
        {"renamed and empty", r, writers::none, ending::whole, 0, {}, 0s, take, 0ms, {}, completeness::renamed},
        {"nobody knows, whole", w, writers::unknown, ending::whole, 9, {}, 2s, take},
        {"nobody knows, unfinished", w, writers::unknown, ending::unfinished, 9, {}, 2s, wait, 20s},
        {"nobody knows, unfinished for long", w, writers::unknown, ending::unfinished, 9, {}, 20s, take},
        {"empty", w, writers::none, ending::whole, 0, {}, 2s, wait, 20s},
        {"empty for long", w, writers::none, ending::whole, 0, {}, 20s, settle_action::leave, 0ms, inbox_reason::empty},
        {"empty, nobody knows",
         w,
         writers::unknown,
         ending::unfinished,
         0,
         {},
         20s,
         settle_action::leave,
         0ms,
         inbox_reason::empty},
    };
    for (const table_row& row : rows) {
        observation seen = file(row.size, 0ms);
        seen.open_for_writing = row.open_for_writing;
        seen.end = row.end;
        watched_since since{start, start, {}};
        if (row.writer) since.writer = start + *row.writer;
        const auto decision = decide_settle(seen, row.way, since, at(row.now), {});
        EXPECT_EQ(decision.action, row.action) << row.claim;
        EXPECT_EQ(decision.reason, row.reason) << row.claim;
        if (row.action == wait) {
            EXPECT_EQ(decision.until - start, row.until) << row.claim;
        }
        if (row.action == take) {
            EXPECT_EQ(decision.complete, row.complete) << row.claim;
        }
    }
}

TEST(InboxRules, AListedFileIsOldOnlyByBothTimes) {
    observation seen = file(1, -1h);
    EXPECT_TRUE(is_long_still(seen, wall_start, 2s));
    seen.ctime_ns = wall_ns(-1s);  // cp -p: an old mtime on a new file
    EXPECT_FALSE(is_long_still(seen, wall_start, 2s));
    seen = file(1, -1h);
    seen.mtime_ns += 7'200 * second_ns;  // touched into the future
    EXPECT_FALSE(is_long_still(seen, wall_start, 2s));
    EXPECT_FALSE(is_long_still(file(1, -90s), wall_start, 2min));
    EXPECT_TRUE(is_long_still(file(1, -120s), wall_start, 2min));
}

TEST(InboxRules, LeavesWhatIsNoFile) {
    const std::vector<std::pair<file_kind, inbox_reason>> kinds = {{file_kind::folder, inbox_reason::folder},
                                                                   {file_kind::symlink, inbox_reason::symlink},
                                                                   {file_kind::fifo, inbox_reason::fifo},
                                                                   {file_kind::socket, inbox_reason::socket},
                                                                   {file_kind::device, inbox_reason::device}};
    for (const auto& [kind, reason] : kinds) {
        observation seen = file(1, 0ms);
        seen.kind = kind;
        for (const auto way : {arrival_way::renamed, arrival_way::written, arrival_way::listed}) {
            const auto decision = decide_settle(seen, way, {start, start, {}}, at(0ms), {});
            EXPECT_EQ(decision.action, settle_action::leave);
            EXPECT_EQ(decision.reason, reason) << name(reason);
        }
    }
}

TEST(InboxRules, RefusesByTheBoundAndLeavesTheUnreadable) {
    const inbox_limits limits{.settle = 2s, .max_bytes = 100};
    EXPECT_EQ(decide_settle(file(100, 0ms), arrival_way::renamed, {start, start, {}}, at(0ms), limits).action,
              settle_action::take);
    const auto larger = decide_settle(file(101, 0ms), arrival_way::renamed, {start, start, {}}, at(0ms), limits);
    EXPECT_EQ(larger.action, settle_action::refuse);
    EXPECT_EQ(larger.reason, inbox_reason::too_large);
    // While it grows it is not moved from under its writer.
    EXPECT_EQ(decide_settle(file(101, 0ms), arrival_way::written, {start, start, {}}, at(1s), limits).action,
              settle_action::wait);
    observation secret = file(1, 0ms);
    secret.readable = false;
    const auto unreadable = decide_settle(secret, arrival_way::renamed, {start, start, {}}, at(0ms), limits);
    EXPECT_EQ(unreadable.action, settle_action::leave);
    EXPECT_EQ(unreadable.reason, inbox_reason::unreadable);
}

TEST(InboxRules, EveryChangeOfTheFileEndsStillness) {
    const observation before = file(1, 0ms);
    EXPECT_TRUE(is_still(before, before));
    for (const auto change : {+[](observation& o) { o.size = 2; }, +[](observation& o) { o.mtime_ns += 1; },
                              +[](observation& o) { o.ctime_ns += 1; }, +[](observation& o) { o.identity.inode = 9; },
                              +[](observation& o) { o.kind = file_kind::fifo; }}) {
        observation now = before;
        change(now);
        EXPECT_FALSE(is_still(before, now));
    }
    observation unreadable = before;
    unreadable.readable = false;
    EXPECT_TRUE(is_still(before, unreadable));
}

}  // namespace
}  // namespace consent_sync::intake
