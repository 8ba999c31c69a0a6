#include "observe/status_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::observe {
namespace {

using testing::ElementsAre;

TEST(TextColumns, CountsWhatATerminalShows) {
    EXPECT_EQ(columns_of("abc"), 3u);
    EXPECT_EQ(columns_of("größe"), 5u);
    EXPECT_EQ(columns_of("名簿"), 4u);
    EXPECT_EQ(columns_of("e\xcc\x81"), 1u);         // e and a combining accent
    EXPECT_EQ(columns_of("\xf0\x9f\x93\xa7"), 2u);  // an emoji
    EXPECT_EQ(columns_of("\xff\xfe"), 2u);          // no UTF-8
}

TEST(TextColumns, CutsAndPadsWholeCharacters) {
    EXPECT_EQ(cut_columns("名簿", 3), "名");
    EXPECT_EQ(pad_columns("名簿", 3), "名 ");
    EXPECT_EQ(pad_columns("ab", 4), "ab  ");
    EXPECT_EQ(cut_columns("größe", 4), "größ");
    EXPECT_EQ(cut_columns("abc", 0), "");
}

TEST(TextColumns, WrapsAtSpacesAndBreaksLongWords) {
    EXPECT_THAT(wrap_columns("one two three", 8, 2), ElementsAre("one two", "  three"));
    EXPECT_THAT(wrap_columns("one two three", 7, 0), ElementsAre("one two", "three"));
    EXPECT_THAT(wrap_columns("  indented words go on", 12, 4), ElementsAre("  indented", "    words go", "    on"));
    EXPECT_THAT(wrap_columns("abcdefghij", 4, 1), ElementsAre("abcd", " efg", " hij"));
    EXPECT_THAT(wrap_columns("", 10, 2), ElementsAre(""));
    EXPECT_THAT(wrap_columns("名簿名簿", 5, 0), ElementsAre("名簿", "名簿"));
    EXPECT_THAT(wrap_columns("名", 1, 0), ElementsAre("名"));  // there is no room for it anywhere
}

}  // namespace
}  // namespace consent_sync::observe
