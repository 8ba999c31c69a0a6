#include "hubspot/token_keeper.hpp"

#include <gmock/gmock.h>

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TokenKeeper : public testing::Test {
  protected:
    static token_grant grant(std::string token, std::chrono::seconds life = 1800s) {
        return {std::move(token), life, {}};
    }
    static token_failure trouble(token_trouble kind, std::optional<base::milliseconds> retry_after = {}) {
        return {kind, {"X", "words"}, retry_after};
    }
    // A keeper that has a token, and has just got it.
    token_keeper with_token(token_source source) {
        token_keeper keeper(source);
        EXPECT_TRUE(keeper.advise(now_).renew);
        keeper.renewed(grant("one", source == token_source::file ? 0s : 1800s), now_);
        EXPECT_TRUE(keeper.advise(now_).usable);
        return keeper;
    }
    base::steady_time now_ = base::steady_time(1'000h);
    base::random_engine random_{7};
};

TEST_F(TokenKeeper, StartsWithARenewalAndAsksForItOnce) {
    token_keeper keeper(token_source::oauth);
    const auto first = keeper.advise(now_);
    EXPECT_TRUE(first.renew);
    EXPECT_FALSE(first.usable);
    EXPECT_FALSE(first.paused) << "it only just starts";
    EXPECT_FALSE(keeper.advise(now_ + 1h).renew) << "one at a time";
    keeper.renewed(grant("one"), now_);
    EXPECT_EQ(keeper.token(), "one");
    EXPECT_EQ(keeper.generation(), 1U);
}

TEST_F(TokenKeeper, RenewsAheadWhileTheOldTokenIsUsed) {
    auto keeper = with_token(token_source::oauth);
    EXPECT_EQ(keeper.advise(now_).wake, now_ + 1440s);
    EXPECT_FALSE(keeper.advise(now_ + 1439s).renew);
    const auto due = keeper.advise(now_ + 1440s);
    EXPECT_TRUE(due.renew);
    EXPECT_TRUE(due.usable);
    EXPECT_EQ(due.wake, now_ + 1800s);
    EXPECT_TRUE(keeper.advise(now_ + 1799s).usable);
    EXPECT_FALSE(keeper.advise(now_ + 1800s).usable);
    EXPECT_FALSE(keeper.advise(now_ + 1800s).paused) << "a renewal is under way";
    keeper.renewed(grant("two"), now_ + 1801s);
    EXPECT_TRUE(keeper.advise(now_ + 1801s).usable);
    EXPECT_EQ(keeper.generation(), 2U);
}

TEST_F(TokenKeeper, ATokenOfAFileIsNeverDue) {
    auto keeper = with_token(token_source::file);
    const auto later = keeper.advise(now_ + 10'000h);
    EXPECT_TRUE(later.usable);
    EXPECT_FALSE(later.renew);
    EXPECT_EQ(later.wake, std::nullopt);
}

TEST_F(TokenKeeper, ManyRefusalsOfOneTokenCostOneRenewal) {
    auto keeper = with_token(token_source::oauth);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(keeper.unauthorized(1, now_), unauthorized_action::wait);
    EXPECT_TRUE(keeper.advise(now_).renew);
    EXPECT_FALSE(keeper.advise(now_).usable);
    EXPECT_FALSE(keeper.advise(now_).renew);
    EXPECT_EQ(keeper.unauthorized(1, now_), unauthorized_action::wait);
    keeper.renewed(grant("two"), now_);
    EXPECT_TRUE(keeper.advise(now_).usable);
    EXPECT_EQ(keeper.unauthorized(1, now_), unauthorized_action::send_again) << "of the replaced token";
    EXPECT_TRUE(keeper.advise(now_).usable) << "which says nothing of the new one";
    EXPECT_FALSE(keeper.advise(now_).renew);
}

TEST_F(TokenKeeper, AFreshTokenThatIsRefusedTooPauses) {
    auto keeper = with_token(token_source::oauth);
    keeper.unauthorized(1, now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.renewed(grant("two"), now_);
    EXPECT_EQ(keeper.unauthorized(2, now_), unauthorized_action::wait);
    const auto pause = keeper.advise(now_);
    EXPECT_TRUE(pause.paused);
    EXPECT_FALSE(pause.renew);
    EXPECT_EQ(pause.wake, now_ + 60s);
    EXPECT_THAT(keeper.why(), HasSubstr("only just renewed"));
    // Looked at again after 1 minute, then 2, growing to 15.
    base::steady_time t = now_;
    for (const auto wait : {60s, 120s, 240s, 480s, 900s, 900s}) {
        EXPECT_FALSE(keeper.advise(t + wait - 1s).renew) << wait.count();
        t += wait;
        ASSERT_TRUE(keeper.advise(t).renew) << wait.count();
        keeper.renewed(grant("again"), t);
        EXPECT_TRUE(keeper.advise(t).usable);
        keeper.unauthorized(keeper.generation(), t);
        EXPECT_TRUE(keeper.advise(t).paused);
    }
}

TEST_F(TokenKeeper, ARefusalDuringARenewalWaitsForItsEnd) {
    auto keeper = with_token(token_source::oauth);
    keeper.unauthorized(1, now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.renewed(grant("two"), now_);
    keeper.source_changed(now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    EXPECT_EQ(keeper.unauthorized(2, now_), unauthorized_action::wait);
    EXPECT_FALSE(keeper.advise(now_).paused) << "the next token may be the good one";
    keeper.renewed(grant("three"), now_);
    EXPECT_TRUE(keeper.advise(now_).usable);
    EXPECT_FALSE(keeper.advise(now_).renew) << "one renewal was enough";
}

TEST_F(TokenKeeper, AnAcceptedTokenMayBeRenewedAtItsNextRefusal) {
    auto keeper = with_token(token_source::oauth);
    for (token_generation g = 1; g < 5; ++g) {
        keeper.unauthorized(g, now_);
        ASSERT_TRUE(keeper.advise(now_).renew) << g;
        keeper.renewed(grant("next"), now_);
        keeper.accepted(g + 1);
    }
    EXPECT_FALSE(keeper.advise(now_).paused);
}

TEST_F(TokenKeeper, AnUnchangedFilePausesUntilItChanges) {
    auto keeper = with_token(token_source::file);
    keeper.unauthorized(1, now_);
    ASSERT_TRUE(keeper.advise(now_).renew) << "the file is read again once";
    keeper.renewed(grant("one", 0s), now_);
    EXPECT_EQ(keeper.generation(), 1U);
    EXPECT_TRUE(keeper.advise(now_).paused);
    EXPECT_FALSE(keeper.advise(now_).renew);
    EXPECT_EQ(keeper.advise(now_).wake, now_ + 60s);
    EXPECT_THAT(keeper.why(), HasSubstr("put a valid token into hubspot.token_file; it is read again by itself"));
    keeper.source_changed(now_ + 5s);
    ASSERT_TRUE(keeper.advise(now_ + 5s).renew);
    keeper.renewed(grant("two", 0s), now_ + 5s);
    EXPECT_TRUE(keeper.advise(now_ + 5s).usable);
    EXPECT_EQ(keeper.token(), "two");
    EXPECT_EQ(keeper.why(), "");
}

TEST_F(TokenKeeper, LooksAtAnUnchangedFileEverMoreSeldom) {
    auto keeper = with_token(token_source::file);
    keeper.unauthorized(1, now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.renewed(grant("one", 0s), now_);
    base::steady_time t = now_;
    for (const auto wait : {60s, 120s, 240s, 480s, 900s, 900s}) {
        EXPECT_FALSE(keeper.advise(t + wait - 1ms).renew);
        t += wait;
        ASSERT_TRUE(keeper.advise(t).renew) << wait.count();
        keeper.renewed(grant("one", 0s), t);
        EXPECT_TRUE(keeper.advise(t).paused);
    }
}

TEST_F(TokenKeeper, AProbeThatGetsThroughEndsThePause) {
    auto keeper = with_token(token_source::file);
    keeper.unauthorized(1, now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.renewed(grant("one", 0s), now_);
    ASSERT_TRUE(keeper.advise(now_).paused);
    keeper.accepted(0);
    EXPECT_TRUE(keeper.advise(now_).paused) << "of no token";
    keeper.accepted(1);
    EXPECT_TRUE(keeper.advise(now_).usable);
    EXPECT_EQ(keeper.why(), "");
}

TEST_F(TokenKeeper, AReloadOfTheSameFileChangesNothing) {
    auto keeper = with_token(token_source::file);
    keeper.source_changed(now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    EXPECT_TRUE(keeper.advise(now_).usable);
    keeper.renewed(grant("one", 0s), now_);
    EXPECT_EQ(keeper.generation(), 1U);
    EXPECT_TRUE(keeper.advise(now_).usable);
}

TEST_F(TokenKeeper, AChangeDuringARenewalIsNotMissed) {
    auto keeper = with_token(token_source::file);
    keeper.unauthorized(1, now_);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.source_changed(now_);
    EXPECT_FALSE(keeper.advise(now_).renew);
    keeper.renewed(grant("one", 0s), now_);
    EXPECT_TRUE(keeper.advise(now_).renew) << "at once";
    keeper.source_changed(now_);
    keeper.failed(trouble(token_trouble::denied), now_, random_);
    EXPECT_TRUE(keeper.advise(now_).renew) << "at once";
}

TEST_F(TokenKeeper, BacksOffWithFullJitter) {
    base::milliseconds longest{0};
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        base::random_engine random(seed);
        token_keeper keeper(token_source::oauth);
        base::steady_time t = now_;
        for (const auto most : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
            ASSERT_TRUE(keeper.advise(t).renew);
            keeper.failed(trouble(token_trouble::unavailable), t, random);
            const auto advice = keeper.advise(t);
            if (advice.renew) {  // a wait of nothing: the renewal has started
                keeper.failed(trouble(token_trouble::unavailable), t, random);
                break;
            }
            ASSERT_TRUE(advice.wake);
            const auto wait = std::chrono::duration_cast<base::milliseconds>(*advice.wake - t);
            EXPECT_LE(wait, most);
            longest = std::max(longest, wait);
            t = *advice.wake;
        }
    }
    EXPECT_GT(longest, 50s);
}

TEST_F(TokenKeeper, WaitsAtLeastRetryAfter) {
    token_keeper keeper(token_source::oauth);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.failed(trouble(token_trouble::rate_limited, 300s), now_, random_);
    EXPECT_EQ(keeper.advise(now_).wake, now_ + 300s);
    EXPECT_TRUE(keeper.advise(now_).paused) << "there is no token at all";
    EXPECT_THAT(keeper.why(), HasSubstr("words"));
    ASSERT_TRUE(keeper.advise(now_ + 300s).renew);
    keeper.renewed(grant("one"), now_ + 300s);
    EXPECT_FALSE(keeper.advise(now_ + 300s).paused);
}

TEST_F(TokenKeeper, WaitsAtMostAQuarterOfAnHourWhateverRetryAfterSays) {
    token_keeper keeper(token_source::oauth);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.failed(trouble(token_trouble::rate_limited, 86'400s), now_, random_);
    EXPECT_EQ(keeper.advise(now_).wake, now_ + 900s);
}

TEST_F(TokenKeeper, ADeniedRenewalPausesOnlyWhenTheTokenIsUsedUp) {
    auto keeper = with_token(token_source::oauth);
    ASSERT_TRUE(keeper.advise(now_ + 1440s).renew);
    keeper.failed(trouble(token_trouble::denied), now_ + 1440s, random_);
    EXPECT_TRUE(keeper.advise(now_ + 1440s).usable);
    EXPECT_FALSE(keeper.advise(now_ + 1440s).paused);
    EXPECT_NE(keeper.why(), "");
    EXPECT_EQ(keeper.advise(now_ + 1440s).wake, now_ + 1500s);
    ASSERT_TRUE(keeper.advise(now_ + 1500s).renew);
    keeper.failed(trouble(token_trouble::denied), now_ + 1500s, random_);
    EXPECT_TRUE(keeper.advise(now_ + 1799s).renew);
    keeper.failed(trouble(token_trouble::denied), now_ + 1799s, random_);
    const auto end = keeper.advise(now_ + 1800s);
    EXPECT_FALSE(end.usable);
    EXPECT_TRUE(end.paused);
    keeper.source_changed(now_ + 1801s);
    EXPECT_TRUE(keeper.advise(now_ + 1801s).renew) << "new credentials are tried at once";
}

TEST_F(TokenKeeper, AFileThatCannotBeReadIsNamed) {
    token_keeper keeper(token_source::file);
    ASSERT_TRUE(keeper.advise(now_).renew);
    keeper.unreadable({base::errc::not_found, "hubspot.token_file: /x cannot be read"}, now_);
    EXPECT_TRUE(keeper.advise(now_).paused);
    EXPECT_EQ(keeper.why(), "hubspot.token_file: /x cannot be read");
    EXPECT_EQ(keeper.advise(now_).wake, now_ + 60s);
}

}  // namespace
}  // namespace consent_sync::hubspot
