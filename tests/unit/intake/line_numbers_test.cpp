#include "intake/line_numbers.hpp"

#include <gtest/gtest.h>

#include "unit/base/temp_folder.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

constexpr std::uint64_t bytes_max = 1 << 20;
using numbers = std::vector<std::uint64_t>;

TEST(LineNumbers, CountFromOneAndTellBytesOfOneLineAlike) {
    const base::temp_folder folder;
    folder.write("a.csv", "head\nsecond\n\nfourth");
    const numbers offsets{0, 4, 5, 11, 12, 13, 18};
    EXPECT_EQ(find_lines(folder / "a.csv", "a.csv", bytes_max, offsets).value(), (numbers{1, 1, 2, 2, 3, 4, 4}));
}

TEST(LineNumbers, HoldOverBlocksAndInCompressedContent) {
    const base::temp_folder folder;
    std::string content;
    numbers offsets;
    numbers lines;
    for (std::uint64_t line = 1; line <= 100'000; ++line) {
        if (line % 9'999 == 0) {
            offsets.push_back(content.size());
            lines.push_back(line);
        }
        content += "line " + std::to_string(line) + '\n';
    }
    folder.write("a.csv", content);
    folder.write("a.csv.gz", gzip(content));
    EXPECT_EQ(find_lines(folder / "a.csv", "a.csv", bytes_max, offsets).value(), lines);
    EXPECT_EQ(find_lines(folder / "a.csv.gz", "a.csv.gz", bytes_max, offsets).value(), lines);
}

TEST(LineNumbers, OffsetBehindTheEndIsAnError) {
    const base::temp_folder folder;
    folder.write("a.csv", "short\n");
    const numbers offsets{1, 100};
    EXPECT_EQ(find_lines(folder / "a.csv", "a.csv", bytes_max, offsets).error().code, base::errc::corrupt);
}

}  // namespace
}  // namespace consent_sync::intake
