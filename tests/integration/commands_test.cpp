// Output and exit status of the commands that end by themselves.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "built_paths.hpp"
#include "integration/run_program.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::integration {
namespace {

// The words of `line`, then the words `more`, which may contain blanks.
program_result run(const std::string& line, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = split_words(line);
    words.insert(words.begin(), CONSENT_SYNC_BINARY);
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
}

bool has(const program_result& r, std::string_view text) { return r.out.find(text) != std::string::npos; }

class Commands : public ::testing::Test {
  protected:
    Commands() {
        folder.write(
            "good.json",
            "{ \"account\": \"test\", // comments are welcome\n \"hubspot\": { \"token_file\": \"/absent\" } }");
    }
    program_result check(std::vector<std::string> files) {
        files.insert(files.end(), {"--config", folder / "good.json"});
        return run("check", files);
    }

    base::temp_folder folder;
};

TEST_F(Commands, VersionAndHelpAreDone) {
    EXPECT_EQ(run("--version").status, 0);
    EXPECT_TRUE(has(run("--version"), "consent-sync 0."));
    for (const char* help : {"--help", "run --help", "check --help"}) EXPECT_EQ(run(help).status, 0) << help;
    EXPECT_TRUE(has(run("--help"), "exit status"));
}

TEST_F(Commands, WrongUsageIsTwo) {
    for (const char* wrong : {"", "fly", "run --configuration x", "check --nothing"})
        EXPECT_EQ(run(wrong).status, 2) << wrong;
}

TEST_F(Commands, FaultyConfigurationIsThreeAndNamesThePlace) {
    folder.write("wrong.json", "{ \"batch\": { \"max_changes\": \"many\" } }");
    folder.write("broken.json", "{\n  \"batch\": { \"max_changes\": }\n}");
    const program_result wrong = run("check --config", {folder / "wrong.json"});
    EXPECT_EQ(wrong.status, 3);
    EXPECT_TRUE(has(wrong, "batch.max_changes")) << wrong.out;
    const program_result broken = run("check --config", {folder / "broken.json"});
    EXPECT_EQ(broken.status, 3);
    EXPECT_TRUE(has(broken, "broken.json:2:29: ")) << broken.out;
    EXPECT_EQ(run("run --config", {folder / "wrong.json"}).status, 3);
}

TEST_F(Commands, CheckTellsWhatWouldBeSentAndNamesLineAndColumnOfFaults) {
    folder.write("rows.csv",
                 "email,Status,subscription_id,shoe size\r\n"
                 "ann@example.com,opt-out,7,42\r\n"
                 "\"bob@example.com\",subscribed,7,\"4\r\n2\"\r\n"
                 "carl@example.com,perhaps,7,42\r\n"
                 "dora@example.com,subscribed,seven,42\r\n");
    const program_result r = check({folder / "rows.csv"});
    EXPECT_EQ(r.status, 3);
    EXPECT_TRUE(has(r, "row 3, line 5, column 2 (Status): invalid_status")) << r.out;
    EXPECT_TRUE(has(r, "row 4, line 6, column 3 (subscription_id): invalid_subscription")) << r.out;
    EXPECT_TRUE(has(r, "rows 4: valid 2 (opt-outs 1), invalid 2")) << r.out;
    EXPECT_TRUE(has(r, "ignored column: shoe size")) << r.out;
    EXPECT_FALSE(has(r, "@example.com")) << r.out;
}

TEST_F(Commands, CheckLooksAtTheSecretsThatTheConfigurationNames) {
    folder.write("with_token.json", "{ \"hubspot\": { \"token_file\": \"token\" } }");
    const auto ask = [this] { return run("check --config", {folder / "with_token.json"}); };
    EXPECT_EQ(ask().status, 3);
    EXPECT_TRUE(has(ask(), "token cannot be read: No such file or directory")) << ask().out;
    folder.write("token", "pat-test-0123456789abcdef\n");
    ::chmod((folder / "token").c_str(), 0644);
    EXPECT_TRUE(has(ask(), "can be read or written by everybody on this machine")) << ask().out;
    ::chmod((folder / "token").c_str(), 0600);
    EXPECT_EQ(ask().status, 0) << ask().out;
    EXPECT_TRUE(has(ask(), ": good")) << ask().out;
}

TEST_F(Commands, CheckOfAGoodFileIsDone) {
    folder.write("rows.ndjson",
                 "{\"email\":\"ann@example.com\",\"subscriptionId\":7,\"statusState\":\"SUBSCRIBED\"}\n");
    const program_result r = check({folder / "rows.ndjson"});
    EXPECT_EQ(r.status, 0) << r.out;
    EXPECT_TRUE(has(r, "requests: at least 1, if HubSpot refuses none of these rows")) << r.out;
}

TEST_F(Commands, CheckSaysWhyAFileWouldBeRefused) {
    folder.write("photo.csv", std::string_view("PK\x03\x04\0\0\0", 7));
    const program_result r = check({folder / "photo.csv", folder / "absent.csv"});
    EXPECT_EQ(r.status, 3);
    EXPECT_TRUE(has(r, "would be refused: ")) << r.out;
}

}  // namespace
}  // namespace consent_sync::integration
