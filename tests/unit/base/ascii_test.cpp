#include "base/ascii.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace consent_sync::base {
namespace {

TEST(Ascii, FindsAHighByteAtAnyPosition) {
    for (std::size_t size = 0; size < 100; ++size) {
        std::string text(size, '\x7f');
        EXPECT_TRUE(is_ascii(text)) << size;
        for (char& c : text) {
            c = '\x80';
            EXPECT_FALSE(is_ascii(text)) << size;
            c = '\0';
        }
    }
}

// Every byte at every position, in texts of every length up to three vectors, in memory that ends with the text.
TEST(PlainBytes, FindsTheFirstByteThatIsNotPlain) {
    for (std::size_t size = 0; size <= 50; ++size) {
        const auto memory = std::make_unique<char[]>(size);
        const std::string_view text(memory.get(), size);
        std::fill_n(memory.get(), size, 'a');
        EXPECT_EQ(find_plain_bytes(text).size, size);
        EXPECT_FALSE(find_plain_bytes(text).beyond_ascii);
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                memory[at] = static_cast<char>(byte);
                const bool plain = byte >= 0x20 && byte != '"' && byte != '\\';
                const plain_bytes found = find_plain_bytes(text);
                ASSERT_EQ(found.size, plain ? size : at) << size << " " << at << " " << byte;
                ASSERT_EQ(found.beyond_ascii, byte >= 0x80) << size << " " << at << " " << byte;
            }
            memory[at] = 'a';
        }
    }
}

TEST(PlainBytes, FindsTheFirstOfSeveral) {
    for (std::size_t size = 2; size <= 40; ++size)
        for (std::size_t first = 0; first < size; ++first)
            for (std::size_t second = first + 1; second < size; ++second) {
                std::string text(size, 'x');
                text[first] = '"';
                text[second] = '\\';
                ASSERT_EQ(find_plain_bytes(text).size, first) << text;
            }
}

}  // namespace
}  // namespace consent_sync::base
