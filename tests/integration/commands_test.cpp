// The commands that end by themselves: what they print and their exit status.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <string>

#include "built_paths.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::integration {
namespace {

struct ran {
    int status = -1;
    std::string said;  // both outputs
};

ran run(const std::string& arguments) {
    ran out;
    FILE* pipe = ::popen((std::string(CONSENT_SYNC_BINARY) + " " + arguments + " 2>&1").c_str(), "r");
    if (!pipe) return out;
    std::array<char, 4096> block;
    while (const std::size_t got = ::fread(block.data(), 1, block.size(), pipe)) out.said.append(block.data(), got);
    const int status = ::pclose(pipe);
    if (WIFEXITED(status)) out.status = WEXITSTATUS(status);
    return out;
}

bool has(const ran& r, std::string_view text) { return r.said.find(text) != std::string::npos; }

class Commands : public ::testing::Test {
  protected:
    Commands() {
        folder.write(
            "good.json",
            "{ \"account\": \"test\", // comments are welcome\n \"hubspot\": { \"token_file\": \"/absent\" } }");
    }
    std::string check(const std::string& files) { return "check --config " + (folder / "good.json") + " " + files; }

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
    const ran wrong = run("check --config " + (folder / "wrong.json"));
    EXPECT_EQ(wrong.status, 3);
    EXPECT_TRUE(has(wrong, "batch.max_changes")) << wrong.said;
    const ran broken = run("check --config " + (folder / "broken.json"));
    EXPECT_EQ(broken.status, 3);
    EXPECT_TRUE(has(broken, "broken.json:2:29: ")) << broken.said;
    EXPECT_EQ(run("run --config " + (folder / "wrong.json")).status, 3);
}

TEST_F(Commands, CheckTellsWhatWouldBeSentAndNamesLineAndColumnOfFaults) {
    folder.write("rows.csv",
                 "email,Status,subscription_id,shoe size\r\n"
                 "ann@example.com,opt-out,7,42\r\n"
                 "\"bob@example.com\",subscribed,7,\"4\r\n2\"\r\n"
                 "carl@example.com,perhaps,7,42\r\n"
                 "dora@example.com,subscribed,seven,42\r\n");
    const ran r = run(check(folder / "rows.csv"));
    EXPECT_EQ(r.status, 3);
    EXPECT_TRUE(has(r, "row 3, line 5, column 2 (Status): invalid_status")) << r.said;
    EXPECT_TRUE(has(r, "row 4, line 6, column 3 (subscription_id): invalid_subscription")) << r.said;
    EXPECT_TRUE(has(r, "rows 4: valid 2 (opt-outs 1), invalid 2")) << r.said;
    EXPECT_TRUE(has(r, "ignored column: shoe size")) << r.said;
    EXPECT_FALSE(has(r, "@example.com")) << r.said;
}

TEST_F(Commands, CheckLooksAtTheSecretsThatTheConfigurationNames) {
    folder.write("with_token.json", "{ \"hubspot\": { \"token_file\": \"token\" } }");
    const std::string question = "check --config " + (folder / "with_token.json");
    EXPECT_EQ(run(question).status, 3);
    EXPECT_TRUE(has(run(question), "token cannot be read: No such file or directory")) << run(question).said;
    folder.write("token", "pat-test-0123456789abcdef\n");
    ::chmod((folder / "token").c_str(), 0644);
    EXPECT_TRUE(has(run(question), "can be read or written by everybody on this machine")) << run(question).said;
    ::chmod((folder / "token").c_str(), 0600);
    EXPECT_EQ(run(question).status, 0) << run(question).said;
    EXPECT_TRUE(has(run(question), ": good")) << run(question).said;
}

TEST_F(Commands, CheckOfAGoodFileIsDone) {
    folder.write("rows.ndjson",
                 "{\"email\":\"ann@example.com\",\"subscriptionId\":7,\"statusState\":\"SUBSCRIBED\"}\n");
    const ran r = run(check(folder / "rows.ndjson"));
    EXPECT_EQ(r.status, 0) << r.said;
    EXPECT_TRUE(has(r, "requests: at least 1, if HubSpot refuses none of these rows")) << r.said;
}

TEST_F(Commands, CheckSaysWhyAFileWouldBeRefused) {
    folder.write("photo.csv", std::string_view("PK\x03\x04\0\0\0", 7));
    const ran r = run(check((folder / "photo.csv") + " " + (folder / "absent.csv")));
    EXPECT_EQ(r.status, 3);
    EXPECT_TRUE(has(r, "would be refused: ")) << r.said;
}

}  // namespace
}  // namespace consent_sync::integration
