#include "intake/arrival/claim.hpp"

#include <array>
#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "intake/arrival/watch_folder.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::intake {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Claim : public testing::Test {
  protected:
    Claim() {
        for (const char* name : {"inbox", "processing", "done"}) fs::create_directory(dir / name);
        inbox = base::open_folder(dir / "inbox").value();
        processing = base::open_folder(dir / "processing").value();
        done = base::open_folder(dir / "done").value();
    }
    void drop(const std::string& name, std::string_view bytes = "x") { dir.write("inbox/" + name, bytes); }
    std::optional<file_identity> seen(const std::string& name) {
        const auto look = look_at(inbox.get(), name, look::at_status);
        return look ? std::optional(look->identity) : std::nullopt;
    }
    base::result<claimed_file> claim(const std::string& name, std::optional<file_identity> identity,
                                     consent::arrival_number arrival = 42) {
        return claim_file(inbox.get(), name, identity, processing.get(), arrival);
    }
    base::result<std::string> finish(const std::string& name, consent::arrival_number arrival = 42) {
        return finish_file(processing.get(), arrival, name, done.get());
    }
    std::vector<std::string> in(const std::string& folder) {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(dir / folder))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    base::temp_folder dir;
    base::unique_fd inbox, processing, done;
};

TEST_F(Claim, MovesTheFileThatWasSeen) {
    drop("Consents.CSV.GZ", "12345");
    const auto identity = seen("Consents.CSV.GZ");
    const auto claimed = claim("Consents.CSV.GZ", identity);
    ASSERT_TRUE(claimed.has_value()) << claimed.error().message;
    EXPECT_EQ(claimed->name, "00000042.csv.gz");
    EXPECT_EQ(claimed->size, 5U);
    EXPECT_EQ(claimed->identity, *identity);
    EXPECT_EQ(dir.read("processing/00000042.csv.gz"), "12345");
    EXPECT_TRUE(in("inbox").empty());
}

TEST_F(Claim, DoneTwiceEndsInTheSamePlace) {
    drop("x.csv");
    const auto identity = seen("x.csv");
    ASSERT_TRUE(claim("x.csv", identity).has_value());
    const auto again = claim("x.csv", identity);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->identity, *identity);
    EXPECT_TRUE(claim("x.csv", std::nullopt).has_value());
    // A new file of the same name is another file; the claim of the old one does not touch it.
    drop("x.csv", "new");
    ASSERT_TRUE(claim("x.csv", identity).has_value());
    EXPECT_EQ(dir.read("inbox/x.csv"), "new");
    EXPECT_EQ(dir.read("processing/00000042.csv"), "x");
}

TEST_F(Claim, RefusesAnotherFileOfThatName) {
    drop("x.csv");
    const auto identity = seen("x.csv");
    drop("y.csv", "newer");
    fs::rename(dir / "inbox/y.csv", dir / "inbox/x.csv");
    const auto claimed = claim("x.csv", identity);
    ASSERT_TRUE(claimed.has_error());
    EXPECT_EQ(claimed.error().code, base::errc::busy);
    EXPECT_EQ(dir.read("inbox/x.csv"), "newer");
    EXPECT_TRUE(in("processing").empty());
    // After a restart the device's number may be another one: then the name decides.
    EXPECT_TRUE(claim("x.csv", std::nullopt).has_value());
}

TEST_F(Claim, NeverTakesWhatIsNoFile) {
    drop("target", "secret");
    ASSERT_EQ(::symlink("target", (dir / "inbox/link.csv").c_str()), 0);
    ASSERT_EQ(::mkfifo((dir / "inbox/pipe.csv").c_str(), 0600), 0);
    fs::create_directory(dir / "inbox/folder.csv");
    for (const char* name : {"link.csv", "pipe.csv", "folder.csv"}) {
        for (const auto& identity : {seen(name), std::optional<file_identity>()}) {
            const auto claimed = claim(name, identity);
            ASSERT_TRUE(claimed.has_error()) << name;
            EXPECT_EQ(claimed.error().code, base::errc::busy);
            EXPECT_TRUE(dir.holds("inbox/" + std::string(name)));
        }
    }
    EXPECT_TRUE(in("processing").empty());
}

TEST_F(Claim, PutsBackWhatIsNoFileInProcessing) {
    ASSERT_EQ(::symlink("target", (dir / "processing/00000042.csv").c_str()), 0);
    const auto claimed = claim("x.csv", std::nullopt);
    ASSERT_TRUE(claimed.has_error());
    EXPECT_EQ(claimed.error().code, base::errc::busy);
    EXPECT_TRUE(in("processing").empty());
    EXPECT_TRUE(dir.holds("inbox/x.csv"));
}

TEST_F(Claim, SaysWhenTheFileIsGone) {
    const auto claimed = claim("x\n.csv", std::nullopt);
    ASSERT_TRUE(claimed.has_error());
    EXPECT_EQ(claimed.error().code, base::errc::not_found);
    EXPECT_THAT(claimed.error().message, HasSubstr("is gone, and 00000042.csv is not there either"));
}

TEST_F(Claim, TakesEveryNameAsData) {
    consent::arrival_number arrival = 1;
    for (const std::string& name : std::vector<std::string>{"-rf", "a\nb.csv", "\x1b[2J.json", "\xff\xfe.csv", "...x",
                                                            "..\\..\\x.csv", std::string(255, 'n'), " "}) {
        drop(name, name);
        const auto claimed = claim(name, seen(name), arrival);
        ASSERT_TRUE(claimed.has_value()) << claimed.error().message;
        const auto finished = finish(name, arrival);
        ASSERT_TRUE(finished.has_value()) << finished.error().message;
        EXPECT_LE(finished->size(), 255U);
        EXPECT_EQ(dir.read("done/" + *finished), name);
        ++arrival;
    }
    EXPECT_TRUE(in("processing").empty());
}

TEST_F(Claim, FinishMovesOnceAndIsIdempotent) {
    drop("x.csv");
    ASSERT_TRUE(claim("x.csv", std::nullopt).has_value());
    EXPECT_EQ(finish("x.csv").value(), "00000042-x.csv");
    EXPECT_EQ(finish("x.csv").value(), "00000042-x.csv");
    EXPECT_EQ(in("done"), std::vector<std::string>{"00000042-x.csv"});
    EXPECT_EQ(finish("never.csv", 43).error().code, base::errc::not_found);
}

TEST_F(Claim, NothingIsOverwritten) {
    drop("x.csv", "mine");
    ASSERT_TRUE(claim("x.csv", std::nullopt).has_value());
    dir.write("done/00000042-x.csv", "somebody's");
    const auto finished = finish("x.csv");
    ASSERT_TRUE(finished.has_error());
    EXPECT_EQ(finished.error().code, base::errc::corrupt);
    EXPECT_EQ(dir.read("done/00000042-x.csv"), "somebody's");
    EXPECT_EQ(dir.read("processing/00000042.csv"), "mine");
}

// What a network file system leaves that made a rename of link() and unlink() and was cut between the two.
TEST_F(Claim, EndsARenameThatLeftTwoNames) {
    drop("x.csv");
    ASSERT_EQ(::link((dir / "inbox/x.csv").c_str(), (dir / "processing/00000042.csv").c_str()), 0);
    ASSERT_TRUE(claim("x.csv", seen("x.csv")).has_value());
    EXPECT_TRUE(in("inbox").empty());
    EXPECT_EQ(in("processing"), std::vector<std::string>{"00000042.csv"});
}

TEST_F(Claim, SyncsFoldersTogether) {
    const std::array folders = {inbox.get(), processing.get(), done.get()};
    EXPECT_TRUE(sync_moves(folders).has_value());
    const std::array closed = {inbox.get(), -1};
    EXPECT_TRUE(sync_moves(closed).has_error());
}

TEST(ProcessingName, KeepsTheExtensionOfAKnownFormat) {
    const std::vector<std::pair<const char*, const char*>> names = {{"x.csv", "00000007.csv"},
                                                                    {"X.CSV", "00000007.csv"},
                                                                    {"x.ndjson.gz", "00000007.ndjson.gz"},
                                                                    {"x.jsonl", "00000007.jsonl"},
                                                                    {"x.json.GZ", "00000007.json.gz"},
                                                                    {"x.gz", "00000007"},
                                                                    {"x", "00000007"},
                                                                    {"x.sh", "00000007"},
                                                                    {"csv", "00000007"},
                                                                    {"../../x.csv", "00000007.csv"},
                                                                    {"x.csv/../y", "00000007"}};
    for (const auto& [original, expected] : names) EXPECT_EQ(processing_name(7, original), expected);
    EXPECT_EQ(processing_name(123'456'789, "x.csv"), "123456789.csv");
}

TEST(FinishedName, FitsAnyNameIntoOneComponent) {
    EXPECT_EQ(finished_name(7, "x.csv"), "00000007-x.csv");
    EXPECT_EQ(finished_name(7, "../x/y"), "00000007-.._x_y");
    EXPECT_EQ(finished_name(7, std::string("a\0b", 3)), "00000007-a_b");
    EXPECT_EQ(finished_name(7, std::string(242, 'n') + ".csv"), "00000007-" + std::string(242, 'n') + ".csv");
    EXPECT_EQ(finished_name(7, std::string(243, 'n') + ".csv"), "00000007-" + std::string(242, 'n') + ".csv");
    EXPECT_EQ(finished_name(7, std::string(248, 'n') + ".csv.gz").size(), 255U);
    EXPECT_THAT(finished_name(7, std::string(248, 'n') + ".csv.gz"), EndsWith("n.csv.gz"));
    EXPECT_EQ(finished_name(7, std::string(255, '.')).size(), 255U);
}

TEST(FinishedName, CutsBetweenCharacters) {
    for (std::size_t ascii = 0; ascii < 4; ++ascii) {
        std::string original(ascii, 'a');
        while (original.size() + 4 + 4 <= 255) original += "\xf0\x9f\x99\x82";
        const std::string name = finished_name(7, original + ".csv");
        EXPECT_LE(name.size(), 255U);
        EXPECT_GE(name.size(), 252U);
        EXPECT_THAT(name, EndsWith("\xf0\x9f\x99\x82.csv"));
    }
}

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
