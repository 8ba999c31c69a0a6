#include "intake/readers.hpp"

#include <gtest/gtest.h>

#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

base::result<survey> look(const std::string& text, layout rows, std::optional<std::size_t> fails_at = std::nullopt) {
    return look_through(std::make_unique<memory_source>(text, 64, true, fails_at), rows, column_rules());
}

// Read as 1, as 0, or as neither: of a whole column one such number says that it is not about yes and no.
TEST(Survey, OfNumbersOnlyNoughtAndOneAreYesAndNo) {
    for (const char* number : {"0", "1"}) {
        const auto seen = look(std::string("{\"email\":\"a@b.org\",\"status\":") + number + "}\n", layout::ndjson);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_FALSE(seen->other_numbers) << number;
    }
    for (const char* number : {"-1", "2", "-9", "0.5", "1.5", "18446744073709551615", "\"-1\"", "\"2\""}) {
        const auto seen = look(std::string("{\"email\":\"a@b.org\",\"status\":") + number + "}\n", layout::ndjson);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_TRUE(seen->other_numbers) << number;
    }
}

TEST(Survey, SeesTheLastRow) {
    std::string text = "email,status\n";
    for (int i = 0; i < 1'000; ++i) text += "p" + std::to_string(i) + "@example.org,1\n";
    EXPECT_FALSE(look(text, layout::csv)->other_numbers);
    EXPECT_TRUE(look(text + "q@example.org,3\n", layout::csv)->other_numbers);
}

// Half a look would find nothing odd in the half that it did not see.
TEST(Survey, ADiskThatFailsIsAnErrorAndNotTheEnd) {
    std::string text = "email,status\n";
    for (int i = 0; i < 1'000; ++i) text += "p" + std::to_string(i) + "@example.org,1\n";
    const auto seen = look(text, layout::csv, 10'000);
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, base::errc::io);
}

}  // namespace
}  // namespace consent_sync::intake
