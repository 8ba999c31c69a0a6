#include "consent/verdict.hpp"

#include <gtest/gtest.h>

#include "consent/change.hpp"

namespace consent_sync::consent {
namespace {

TEST(Verdict, NamesAndReasonsGoBothWays) {
    EXPECT_EQ(name(verdict::superseded), "superseded");
    for (int i = 1; i <= 4; ++i) {
        const auto reason = static_cast<success_reason>(i);
        EXPECT_EQ(parse_success_reason(name(reason)), reason);
    }
    EXPECT_EQ(parse_success_reason(""), success_reason::none);
    EXPECT_EQ(parse_success_reason("A_NEW_WORD"), success_reason::other);
}

TEST(Change, NamesAreHubSpotsAndStrict) {
    EXPECT_EQ(parse_status_state("UNSUBSCRIBED"), status_state::unsubscribed);
    EXPECT_EQ(parse_status_state("unsubscribed"), std::nullopt);
    EXPECT_EQ(name(legal_basis::non_gdpr), "NON_GDPR");
    EXPECT_EQ(parse_legal_basis(name(legal_basis::process_and_store)), legal_basis::process_and_store);
    EXPECT_EQ(parse_channel("SMS"), std::nullopt);
}

}  // namespace
}  // namespace consent_sync::consent
