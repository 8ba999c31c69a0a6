#include "consent/change.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace consent_sync::consent {
namespace {

// Sizes around the room inside, and one far beyond it.
class Text : public testing::TestWithParam<std::size_t> {
  protected:
    std::string bytes() const {
        std::string all(GetParam(), '\0');
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i * 7);
        return all;
    }
};

TEST_P(Text, HoldsItsBytes) {
    const text t(bytes());
    EXPECT_EQ(t.view(), bytes());
    EXPECT_EQ(t.size(), GetParam());
    EXPECT_EQ(t.empty(), GetParam() == 0);
    EXPECT_TRUE(t == bytes());
    EXPECT_FALSE(t == bytes() + "x");
}

TEST_P(Text, ACopyIsItsOwn) {
    text t(bytes());
    const text copy = t;
    t = "another";
    EXPECT_EQ(copy.view(), bytes());
    EXPECT_EQ(t.view(), "another");
    t = copy;
    EXPECT_EQ(t.view(), bytes());
}

TEST_P(Text, OneThatWasMovedFromIsEmpty) {
    text t(bytes());
    text moved = std::move(t);
    EXPECT_EQ(moved.view(), bytes());
    EXPECT_TRUE(t.empty());  // NOLINT: what it is then is promised
    text other(std::string(100, 'o'));
    other = std::move(moved);
    EXPECT_EQ(other.view(), bytes());
    EXPECT_TRUE(moved.empty());  // NOLINT
}

TEST_P(Text, AssignedToItselfItStays) {
    text t(bytes());
    text& same = t;
    t = same;
    EXPECT_EQ(t.view(), bytes());
    t = std::move(same);
    EXPECT_EQ(t.view(), bytes());
}

TEST_P(Text, Cleared) {
    text t(bytes());
    t.clear();
    EXPECT_TRUE(t.empty());
    EXPECT_EQ(t.view(), "");
}

INSTANTIATE_TEST_SUITE_P(Sizes, Text,
                         testing::Values(0, 1, 7, 8, text::inside_max - 1, text::inside_max, text::inside_max + 1,
                                         1'048'576));

}  // namespace
}  // namespace consent_sync::consent
