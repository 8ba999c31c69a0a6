#include "base/ascii.hpp"

#include <gtest/gtest.h>

#include <string>

namespace consent_sync::base {
namespace {

TEST(Ascii, FindsAHighByteAtAnyPlace) {
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

}  // namespace
}  // namespace consent_sync::base
