#include "intake/arrival/claim_refuse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <filesystem>

#include "base/file.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::intake {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::ElementsAre;

class Refuse : public testing::Test {
  protected:
    Refuse() {
        for (const char* name : {"inbox", "processing", "refused"}) fs::create_directory(dir / name);
        inbox = base::open_folder(dir / "inbox").value();
        processing = base::open_folder(dir / "processing").value();
        refused = base::open_folder(dir / "refused").value();
    }
    static refusal why(const std::string& name, std::optional<consent::arrival_number> file = {}) {
        return {.name = name,
                .file = file,
                .reason = "The file has no header.",
                .how_to_fix = "Add a first line that names the columns.",
                .refused_at = base::from_unix_ms(1'795'424'400'123)};
    }
    base::result<std::string> refuse_dropped(const std::string& name) {
        return refuse_file(inbox.get(), why(name), refused.get());
    }
    std::vector<std::string> in(const std::string& folder) {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(dir / folder))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    base::temp_folder dir;
    base::unique_fd inbox, processing, refused;
};

TEST_F(Refuse, PutsTheReasonBesideTheFile) {
    dir.write("processing/00000042.csv", "x");
    const auto name = refuse_file(processing.get(), why("x.csv", 42), refused.get());
    ASSERT_TRUE(name.has_value()) << name.error().message;
    EXPECT_EQ(*name, "00000042-x.csv");
    EXPECT_THAT(in("refused"), ElementsAre("00000042-x.csv", "00000042-x.csv.reason.json"));
    const auto reason = json::parse(dir.read("refused/00000042-x.csv.reason.json")).as_object();
    EXPECT_EQ(reason, (json::object{{"name", "x.csv"},
                                    {"file_id", "00000042"},
                                    {"reason", "The file has no header."},
                                    {"how_to_fix", "Add a first line that names the columns."},
                                    {"refused_at", "2026-11-23T09:00:00.123Z"}}));
    struct stat status {};
    ASSERT_EQ(::stat((dir / "refused/00000042-x.csv.reason.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST_F(Refuse, AFileThatWasNeverClaimedKeepsItsNameAndHasNoId) {
    dir.write("inbox/x.csv", "x");
    EXPECT_EQ(refuse_dropped("x.csv").value(), "x.csv");
    const auto reason = json::parse(dir.read("refused/x.csv.reason.json")).as_object();
    EXPECT_FALSE(reason.contains("file_id"));
    EXPECT_THAT(in("inbox"), ElementsAre());
}

TEST_F(Refuse, DoneTwiceEndsInTheSamePlace) {
    dir.write("inbox/x.csv", "x");
    ASSERT_TRUE(refuse_dropped("x.csv").has_value());
    EXPECT_EQ(refuse_dropped("x.csv").value(), "x.csv");
    dir.write("processing/00000042.csv", "x");
    ASSERT_TRUE(refuse_file(processing.get(), why("x.csv", 42), refused.get()).has_value());
    EXPECT_EQ(refuse_file(processing.get(), why("x.csv", 42), refused.get()).value(), "00000042-x.csv");
    EXPECT_EQ(in("refused").size(), 4U);
}

// A crash between reason and rename: the second run takes the same names.
TEST_F(Refuse, GoesOnAfterACrashBetweenReasonAndFile) {
    dir.write("refused/x.csv.reason.json", "{}");
    dir.write("refused/.x.csv.reason.json.tmp", "{");
    dir.write("inbox/x.csv", "x");
    EXPECT_EQ(refuse_dropped("x.csv").value(), "x.csv");
    EXPECT_THAT(in("refused"), ElementsAre("x.csv", "x.csv.reason.json"));
    EXPECT_NE(dir.read("refused/x.csv.reason.json"), "{}");
}

TEST_F(Refuse, KeepsFilesOfOneNameApart) {
    for (const char* bytes : {"first", "second", "third"}) {
        dir.write("inbox/x.csv", bytes);
        ASSERT_TRUE(refuse_dropped("x.csv").has_value());
    }
    EXPECT_THAT(in("refused"), ElementsAre("2-x.csv", "2-x.csv.reason.json", "3-x.csv", "3-x.csv.reason.json", "x.csv",
                                           "x.csv.reason.json"));
    EXPECT_EQ(dir.read("refused/x.csv"), "first");
    EXPECT_EQ(dir.read("refused/3-x.csv"), "third");
}

// Somebody names files so that they meet the names that are made here.
TEST_F(Refuse, NeverOverwritesARefusedFileWithAReason) {
    dir.write("inbox/x.csv.reason.json", "a file, not a reason");
    ASSERT_EQ(refuse_dropped("x.csv.reason.json").value(), "x.csv.reason.json");
    dir.write("inbox/x.csv", "x");
    EXPECT_EQ(refuse_dropped("x.csv").value(), "2-x.csv");
    EXPECT_EQ(dir.read("refused/x.csv.reason.json"), "a file, not a reason");
    dir.write("inbox/2-x.csv.reason.json", "another");
    EXPECT_EQ(refuse_dropped("2-x.csv.reason.json").value(), "2-2-x.csv.reason.json");

    dir.write("inbox/00000042-y.csv", "dropped under that name");
    ASSERT_TRUE(refuse_dropped("00000042-y.csv").has_value());
    dir.write("processing/00000042.csv", "claimed");
    EXPECT_EQ(refuse_file(processing.get(), why("y.csv", 42), refused.get()).value(), "2-00000042-y.csv");
}

TEST_F(Refuse, TakesEveryNameAsData) {
    for (const std::string& name : std::vector<std::string>{"-rf", "a\nb", "\xff\xfe.csv", std::string(255, 'n'),
                                                            std::string(252, 'n') + "\xc3\xbc"}) {
        dir.write("inbox/" + name, "x");
        const auto moved = refuse_dropped(name);
        ASSERT_TRUE(moved.has_value()) << moved.error().message;
        EXPECT_LE(moved->size(), 255U - 12U);
        EXPECT_TRUE(dir.holds("refused/" + *moved));
        boost::system::error_code failed;
        json::parse(dir.read("refused/" + *moved + ".reason.json"), failed);
        EXPECT_FALSE(failed) << failed.message();
    }
    EXPECT_THAT(format_refusal(why("\xff.csv")), testing::HasSubstr("\"name\":\"\xef\xbf\xbd.csv\""));
}

TEST_F(Refuse, SaysWhenTheFileIsGone) {
    const auto gone = refuse_dropped("x.csv");
    ASSERT_TRUE(gone.has_error());
    EXPECT_EQ(gone.error().code, base::errc::not_found);
    EXPECT_THAT(in("refused"), ElementsAre());
}

}  // namespace
}  // namespace consent_sync::intake
