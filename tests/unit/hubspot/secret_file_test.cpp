#include "hubspot/secret_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/log.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::hubspot {
namespace {

using testing::HasSubstr;
using testing::Not;

class SecretFile : public testing::Test {
  protected:
    std::string put(std::string_view bytes, mode_t mode = 0640) {
        folder_.write("token", bytes);
        EXPECT_EQ(::chmod((folder_ / "token").c_str(), mode), 0);
        return folder_ / "token";
    }
    base::error fault(std::string_view bytes, mode_t mode = 0640) {
        const auto read = read_secret_file(put(bytes, mode), "hubspot.token_file");
        EXPECT_FALSE(read) << bytes;
        return read ? base::error{} : read.error();
    }
    base::temp_folder folder_;
};

TEST_F(SecretFile, IsReadWithoutTheWhiteSpaceAround) {
    for (const char* bytes : {"pat-na1-0123-4567", "pat-na1-0123-4567\n", " \tpat-na1-0123-4567\r\n\n"}) {
        const auto read = read_secret_file(put(bytes), "hubspot.token_file");
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->text, "pat-na1-0123-4567");
    }
}

TEST_F(SecretFile, IsKeptOutOfTheLog) {
    ASSERT_TRUE(read_secret_file(put("seldom-seen-secret-8471"), "hubspot.token_file"));
    EXPECT_THAT(base::redact("x seldom-seen-secret-8471 y"), Not(HasSubstr("8471")));
}

TEST_F(SecretFile, WhatIsNoSecretIsRefused) {
    EXPECT_THAT(fault("").message, HasSubstr("is empty"));
    EXPECT_THAT(fault(" \n\t ").message, HasSubstr("is empty"));
    for (const std::string& bytes :
         std::vector<std::string>{"two words-of-it", "line1\nline2", std::string("a\0b", 3), "a\x1b[0mb",
                                  "t\xc3\xb6ken", "\xef\xbb\xbftoken", "a\x7f"}) {
        const auto e = fault(bytes);
        EXPECT_EQ(e.code, base::errc::invalid_input);
        EXPECT_THAT(e.message, HasSubstr("hubspot.token_file"));
        EXPECT_THAT(e.message, Not(HasSubstr("words-of-it"))) << "an error shows nothing of a secret";
    }
}

TEST_F(SecretFile, HasALargestSize) {
    EXPECT_TRUE(read_secret_file(put(std::string(secret_bytes_max, 'x')), "o"));
    EXPECT_THAT(fault(std::string(secret_bytes_max + 1, 'x')).message, HasSubstr("4096"));
}

TEST_F(SecretFile, MayBeReadByItsGroupButNotByOthers) {
    for (const mode_t mode : {0400, 0600, 0640, 0660, 0750, 0701})
        EXPECT_TRUE(read_secret_file(put("token-1", mode), "o")) << mode;
    for (const mode_t mode : {0644, 0604, 0602, 0666, 0777})
        EXPECT_THAT(fault("token-1", mode).message, HasSubstr("chmod o-rw")) << mode;
}

TEST_F(SecretFile, IsARegularFile) {
    EXPECT_EQ(read_secret_file(folder_ / "none", "o").error().code, base::errc::not_found);
    EXPECT_THAT(read_secret_file(folder_.path(), "o").error().message, HasSubstr("is not a regular file"));
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    EXPECT_THAT(read_secret_file(folder_ / "pipe", "o").error().message, HasSubstr("is not a regular file"));
}

TEST_F(SecretFile, MayBeALink) {
    put("token-of-the-link");
    ASSERT_EQ(::symlink("token", (folder_ / "link").c_str()), 0);
    EXPECT_EQ(read_secret_file(folder_ / "link", "o")->text, "token-of-the-link");
}

TEST_F(SecretFile, ItsStampTellsAChange) {
    const std::string path = put("token-1");
    const auto before = read_secret_file(path, "o")->stamp;
    EXPECT_EQ(stamp_file(path), before);
    // A new file of the same size in its place, as editors and systemd do it.
    folder_.write("new", "token-2");
    ASSERT_EQ(::rename((folder_ / "new").c_str(), path.c_str()), 0);
    EXPECT_NE(stamp_file(path), before);
    EXPECT_EQ(stamp_file(folder_ / "none"), std::nullopt);
}

}  // namespace
}  // namespace consent_sync::hubspot
