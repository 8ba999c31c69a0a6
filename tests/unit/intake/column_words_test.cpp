#include "intake/column_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::intake {
namespace {

using testing::ElementsAre;

TEST(ColumnWords, AreTheSameHoweverTheirAccentsAreWritten) {
    for (const char* name : {"D\u00E9sinscrit Le", "De\u0301sinscrit_le", "d\u00C9SINSCRIT-LE", "desinscritLe"})
        EXPECT_THAT(split_words(name), ElementsAre("desinscrit", "le")) << name;
    EXPECT_EQ(split_words("Odbe\u030Cr"), split_words("odb\u011Br"));
    EXPECT_TRUE(smells_of_consent("Abme\u0301ldung"));
    EXPECT_TRUE(names_opt_outs("De\u0301sabonne\u0301s.csv"));
}

}  // namespace
}  // namespace consent_sync::intake
