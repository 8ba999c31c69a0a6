#include "hubspot_sim/fault.hpp"

#include <gtest/gtest.h>

namespace consent_sync::hubspot_sim {
namespace {

TEST(Fault, ReadsStatusBodyAndModifiers) {
    const auto f = parse_fault("502-html+late:2s+delay:30+times:3+retry-after:5");
    ASSERT_TRUE(f);
    EXPECT_EQ(f->kind, fault_kind::answer);
    EXPECT_EQ(f->status_code, 502u);
    EXPECT_EQ(f->body, fault_body::html);
    EXPECT_EQ(f->late, milliseconds(2000));
    EXPECT_EQ(f->delay, milliseconds(30));
    EXPECT_EQ(f->repeat, 3u);
    ASSERT_EQ(f->headers.size(), 1u);
    EXPECT_EQ(f->headers[0].second, "5");
    EXPECT_FALSE(f->apply);
}

TEST(Fault, NamesWhatItReads) {
    for (const char* text : {"503", "404-object", "429-daily", "500-empty", "truncated", "wrong-length", "drip",
                             "hang-up", "strangers", "empty-results", "garbage", "endless-headers", "endless-body",
                             "stall", "stall-before-read", "reset", "close", "stall-handshake", "none"}) {
        const auto f = parse_fault(text);
        ASSERT_TRUE(f) << text;
        EXPECT_EQ(name(*f), text);
    }
}

TEST(Fault, RefusesWhatItDoesNotKnow) {
    for (const char* text :
         {"", "199", "600", "503-", "503-blue", "rest", "reset+applied", "reset+late:x", "503+times:0"}) {
        EXPECT_FALSE(parse_fault(text)) << text;
    }
}

TEST(Fault, RedirectsGoToAnotherHost) {
    const fault f = fault::status(302);
    ASSERT_EQ(f.headers.size(), 1u);
    EXPECT_EQ(f.headers[0].first, "Location");
}

TEST(Fault, ReadsSharesUpToOne) {
    const auto shares = parse_fault_shares("503=0.25,reset+apply=0.75");
    ASSERT_TRUE(shares);
    ASSERT_EQ(shares->size(), 2u);
    EXPECT_TRUE((*shares)[1].what.apply);
    EXPECT_DOUBLE_EQ((*shares)[1].share, 0.75);
    EXPECT_FALSE(parse_fault_shares("503=0.6,500=0.6"));
    EXPECT_FALSE(parse_fault_shares("503"));
    EXPECT_FALSE(parse_fault_shares("503=-0.1"));
}

TEST(Fault, ReadsDurations) {
    EXPECT_EQ(*parse_duration("7"), milliseconds(7));
    EXPECT_EQ(*parse_duration("7ms"), milliseconds(7));
    EXPECT_EQ(*parse_duration("7s"), milliseconds(7000));
    EXPECT_EQ(*parse_duration("7m"), milliseconds(420'000));
    for (const char* text : {"", "s", "-1s", "1h", "1.5s"}) EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
