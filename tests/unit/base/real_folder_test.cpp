#include "base/real_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "unit/base/temp_folder.hpp"

namespace consent_sync::base {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(RealFolder, IsNoLinkInItsLastPart) {
    const temp_folder f;
    fs::create_directory(f / "real");
    fs::create_directory(f / "real/inner");
    fs::create_directory_symlink(f / "real", f / "link");
    fs::create_directory_symlink(f / "nothing", f / "dangling");
    EXPECT_TRUE(open_real_folder(f / "real"));
    EXPECT_TRUE(open_real_folder(f / "link/inner"));
    for (const char* name : {"link", "dangling"}) {
        const auto opened = open_real_folder(f / name);
        ASSERT_FALSE(opened) << name;
        EXPECT_EQ(opened.error().code, errc::io);
        EXPECT_THAT(opened.error().message, HasSubstr("is a link where a folder belongs"));
    }
    EXPECT_EQ(open_real_folder(f / "missing").error().code, errc::not_found);
}

TEST(RealFolder, APathInItOutlivesItsName) {
    const temp_folder f;
    fs::create_directory(f / "folder");
    f.write("folder/name", "ours");
    const auto open = open_real_folder(f / "folder");
    ASSERT_TRUE(open);
    const std::string path = path_in(open->get(), f / "folder", "name");
    EXPECT_EQ(shown_path(path), f / "folder/name");
    fs::rename(f / "folder", f / "away");
    fs::create_directory(f / "other");
    f.write("other/name", "theirs");
    fs::create_directory_symlink(f / "other", f / "folder");
    EXPECT_EQ(*read_small_file(path, 64), "ours");
    EXPECT_EQ(shown_path(path), f / "away/name");
    EXPECT_EQ(shown_path("/plain/path"), "/plain/path");
}

}  // namespace
}  // namespace consent_sync::base
