#include "report/watermark.hpp"

#include <gtest/gtest.h>

namespace consent_sync::report {
namespace {

TEST(Watermark, ReadsWhatItWrote) {
    watermark mark;
    EXPECT_EQ(parse_watermark(format(mark)), mark);
    mark.end_number = 4711;
    mark.set("2026-11-23", 10432);
    mark.set("2026-11-24", 0);
    EXPECT_EQ(format(mark), "4711 2026-11-23=10432 2026-11-24=0");
    EXPECT_EQ(parse_watermark(format(mark)), mark);
    EXPECT_EQ(parse_watermark(""), watermark{});
}

TEST(Watermark, KeepsTheDaysUsedLast) {
    watermark mark;
    for (int day = 10; day < 10 + static_cast<int>(watermark_days_max); ++day)
        mark.set("2026-11-" + std::to_string(day), 1);
    mark.set("2026-11-10", 2);
    mark.set("2026-11-30", 3);
    EXPECT_EQ(mark.days.size(), watermark_days_max);
    EXPECT_EQ(mark.find("2026-11-11"), nullptr);
    ASSERT_NE(mark.find("2026-11-10"), nullptr);
    EXPECT_EQ(*mark.find("2026-11-10"), 2U);
}

}  // namespace
}  // namespace consent_sync::report
