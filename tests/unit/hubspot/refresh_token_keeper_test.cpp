#include "hubspot/refresh_token_keeper.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/log.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::hubspot {
namespace {

using testing::HasSubstr;
using testing::Not;

struct fake_store {
    std::string document;
    bool works = true;
    int writes = 0;
    store_document function() {
        return [this](std::string_view bytes) -> base::result<void> {
            ++writes;
            if (!works) return base::error{base::errc::no_space, "the disk is full"};
            document = bytes;
            return {};
        };
    }
};

TEST(RefreshTokenKeeper, StartsWithTheConfiguredToken) {
    fake_store store;
    refresh_token_keeper keeper("configured-1", "", store.function());
    EXPECT_EQ(keeper.current(), "configured-1");
    ASSERT_TRUE(keeper.rotated("configured-1"));
    EXPECT_EQ(store.writes, 0) << "the same token is no rotation";
}

TEST(RefreshTokenKeeper, ARotatedTokenOutlivesARestart) {
    fake_store store;
    refresh_token_keeper keeper("configured-1", "", store.function());
    ASSERT_TRUE(keeper.rotated("rotated-0002"));
    EXPECT_EQ(keeper.current(), "rotated-0002");
    EXPECT_EQ(refresh_token_keeper("configured-1", store.document, store.function()).current(), "rotated-0002");
    EXPECT_THAT(base::redact("rotated-0002"), Not(HasSubstr("0002")));
}

TEST(RefreshTokenKeeper, ANewConfiguredTokenWins) {
    fake_store store;
    refresh_token_keeper keeper("configured-1", "", store.function());
    ASSERT_TRUE(keeper.rotated("rotated-0002"));
    EXPECT_EQ(refresh_token_keeper("configured-3", store.document, store.function()).current(), "configured-3");
    EXPECT_FALSE(keeper.configured_again("configured-1"));
    EXPECT_EQ(keeper.current(), "rotated-0002");
    EXPECT_TRUE(keeper.configured_again("configured-3"));
    EXPECT_EQ(keeper.current(), "configured-3");
}

TEST(RefreshTokenKeeper, ADamagedDocumentIsLeftOutOfAccount) {
    fake_store store;
    refresh_token_keeper keeper("configured-1", "", store.function());
    ASSERT_TRUE(keeper.rotated("rotated-0002"));
    for (std::size_t length = 0; length + 2 < store.document.size(); ++length)
        EXPECT_EQ(refresh_token_keeper("configured-1", store.document.substr(0, length), store.function()).current(),
                  "configured-1");
}

TEST(RefreshTokenKeeper, AFailedStoreKeepsTheNewTokenAndIsTriedAgain) {
    fake_store store;
    store.works = false;
    refresh_token_keeper keeper("configured-1", "", store.function());
    const auto stored = keeper.rotated("rotated-0002");
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, base::errc::no_space);
    EXPECT_THAT(stored.error().message, HasSubstr("the disk is full"));
    EXPECT_EQ(keeper.current(), "rotated-0002");
    EXPECT_FALSE(keeper.is_stored());
    EXPECT_FALSE(keeper.rotated("rotated-0002")) << "named again by the next grant: stored again";
    store.works = true;
    EXPECT_TRUE(keeper.store_again());
    EXPECT_TRUE(keeper.is_stored());
    const int writes = store.writes;
    EXPECT_TRUE(keeper.store_again());
    EXPECT_EQ(store.writes, writes);
    EXPECT_EQ(refresh_token_keeper("configured-1", store.document, store.function()).current(), "rotated-0002");
}

TEST(RefreshTokenKeeper, TheRealStoreIsForTheServiceAlone) {
    const base::temp_folder folder;
    refresh_token_keeper keeper("configured-1", "", make_refresh_token_store(folder.path()));
    ASSERT_TRUE(keeper.rotated("rotated-0002"));
    ASSERT_TRUE(keeper.rotated("rotated-0003"));
    struct stat s {};
    ASSERT_EQ(::stat((folder / refresh_token_file_name).c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 07777, 0600U);
    const auto document = folder.read(refresh_token_file_name);
    EXPECT_THAT(document, Not(HasSubstr("configured-1")));
    EXPECT_EQ(refresh_token_keeper("configured-1", document, nullptr).current(), "rotated-0003");
    EXPECT_FALSE(refresh_token_keeper("c", "", make_refresh_token_store(folder / "none")).rotated("rotated-0004"));
}

}  // namespace
}  // namespace consent_sync::hubspot
