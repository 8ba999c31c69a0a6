// Secrets and personal data: who may read what, and what is never shown. Every integration test ends with a check that
// no log line contains an address or a token (secrecy.hpp).
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "integration/daemon_under_test.hpp"

extern char** environ;

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

const std::string quick_retry = R"("retry": { "initial": "50ms", "max": "1s" })";

std::string csv(int rows) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 0; i < rows; ++i) text += "person" + std::to_string(i) + "@example.com,7,subscribed\n";
    return text;
}

std::string read_whole(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// The /proc files of a process that may not be dumped belong to root, whatever the user of the process.
gid_t group_of(pid_t process) {
    struct stat s {};
    return ::stat(("/proc/" + std::to_string(process) + "/environ").c_str(), &s) == 0 ? s.st_gid : gid_t(-1);
}

TEST(Secrecy, FindsWhatGivesSomebodyAway) {
    secrecy s;
    s.add_secret("pat-test-0123456789abcdef");
    s.add_addresses_of("email,status\nann.7@example.com,no\nPerson12@example.com,yes\nbob@example.com,no\n");
    EXPECT_EQ(s.addresses(), 1U);
    EXPECT_TRUE(s.leaks("event=file.done rows=12 name=news-7.csv\nwords=\"*** is refused\"\n").empty());
    for (const char* line : {"a x@example.com b", "x%40example.com", "name=PERSON12", "person12.csv",
                             "token pat-test-0123456789abcdef", "cGF0LXRlc3QtMDEyMzQ1Njc4OWFiY2RlZg"})
        EXPECT_EQ(s.leaks(std::string("one\n") + line + "\ntwo").size(), 1U) << line;
}

TEST(Secrets, ProcessCannotBeDumpedAndShowsNothingInTheProcessList) {
    daemon_under_test d;
    const gid_t mine = ::getgid();
    // As root, temporarily under another group, so that the owner of the files shows it.
    constexpr gid_t other = 65534;
    const bool root = ::getuid() == 0;
    const auto change_group = [&](gid_t to) { return !root || ::setregid(to, to) == 0; };
    ASSERT_TRUE(change_group(other));
    d.start();
    pid_t ordinary = -1;
    const char* const arguments[] = {"sleep", "60", nullptr};
    EXPECT_EQ(::posix_spawnp(&ordinary, "sleep", nullptr, nullptr, const_cast<char* const*>(arguments), environ), 0);
    ASSERT_TRUE(change_group(mine));
    EXPECT_TRUE(d.wait([&] { return group_of(ordinary) == (root ? other : mine); })) << "the test tells nothing";
    ::kill(ordinary, SIGKILL);
    ::waitpid(ordinary, nullptr, 0);
    EXPECT_EQ(group_of(d.process()), gid_t(0));
    d.drop("a.csv", csv(10));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    const std::string process = "/proc/" + std::to_string(d.process());
    const std::string command_line = read_whole(process + "/cmdline");
    EXPECT_NE(command_line.find("consent-sync"), std::string::npos);
    d.heard(command_line);
}

TEST(Secrets, TokenThatOthersCanReadIsRefusedWithTheRemedy) {
    daemon_under_test d({}, quick_retry);
    ASSERT_EQ(::chmod(d.file("token").c_str(), 0644), 0);
    d.start();
    d.drop("a.csv", csv(10));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=auth") != std::string::npos; }));
    EXPECT_NE(d.log().find("event=token.unreadable"), std::string::npos);
    EXPECT_NE(d.log().find("run: chmod o-rw " + d.file("token")), std::string::npos);
    EXPECT_EQ(d.hubspot().counters().requests, 0u);
    ASSERT_EQ(::chmod(d.file("token").c_str(), 0600), 0);
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 10u);
}

TEST(Secrets, StateThatOthersCanEnterIsRefusedWithTheRemedy) {
    daemon_under_test d;
    for (const std::string folder : {"", "/processing", "/done", "/refused", "/reports"}) {
        fs::create_directories(d.state(folder));
        ASSERT_EQ(::chmod(d.state(folder).c_str(), 0750), 0);
    }
    for (const std::string folder : {"", "/processing", "/done", "/refused", "/reports"}) {
        ASSERT_EQ(::chmod(d.state(folder).c_str(), 0755), 0);
        EXPECT_EQ(d.fail_to_start(), 3) << folder;
        EXPECT_NE(d.log().find("run chmod o-rwx " + d.state(folder)), std::string::npos) << d.log();
        ASSERT_EQ(::chmod(d.state(folder).c_str(), 0750), 0);
    }
    d.start();
    EXPECT_EQ(d.stop(), 0);
}

// A server that repeats the request in all texts of its answers.
TEST(Secrets, AnswersThatEchoTokenAndAddressesAreMasked) {
    const std::string words = std::string("Bearer ") + daemon_under_test::token + " may not change person3@example.com";
    const std::string body = R"({"status":"error","category":")" + words + R"(","message":")" + words +
                             R"(","correlationId":")" + words + R"(","errors":[{"message":")" + words +
                             R"(","context":{"missingScopes":[")" + words + R"("]}}]})";
    for (const unsigned status : {200U, 400U, 401U, 403U, 404U, 423U, 429U, 477U, 500U}) {
        daemon_under_test d({}, quick_retry + R"(, "monitor": { "listen": "127.0.0.1:0" })");
        d.hubspot().next({hubspot_sim::fault::custom(status, body).with_header("Retry-After", words).times(100)});
        d.start();
        d.drop("person1@example.com.csv", csv(1));
        EXPECT_TRUE(d.wait([&] { return d.log().find("event=batch.settled") != std::string::npos; })) << status;
        // All these outputs are searched for the secrets, like the log.
        for (const char* path : {"/status", "/metrics", "/healthz", "/readyz", "/person3@example.com"})
            EXPECT_NE(d.get(path).find("HTTP/1.1 "), std::string::npos) << path;
        EXPECT_EQ(d.command("status").status, 0);
        EXPECT_EQ(d.command("status --json").status, 0);
        EXPECT_EQ(d.stop(), 0);
        for (const auto& entry : fs::recursive_directory_iterator(d.state())) {
            const bool shows =
                entry.is_regular_file() && read_whole(entry.path()).find(daemon_under_test::token) != std::string::npos;
            EXPECT_FALSE(shows) << status << ": " << entry.path();
        }
    }
}

// Base64 and quoted-printable of zq.person@example.com, in every member for an identifier or a message.
TEST(Secrets, AnswersThatEncodeAnAddressShowNothingOfIt) {
    for (const std::string code :
         {"enEucGVyc29uQGV4YW1wbGUuY29t", "=7A=71=2E=70=65=72=73=6F=6E=40=65=78=61=6D=70=6C=65=2E=63=6F=6D",
          "7a712e706572736f6e406578616d706c652e636f6d"}) {
        const std::string body = R"({"status":"error","category":")" + code + R"(","message":"no such )" + code +
                                 R"(","correlationId":")" + code + R"(","errors":[{"message":")" + code +
                                 R"(","context":{"missingScopes":[")" + code + R"("]}}]})";
        for (const unsigned status : {400U, 401U, 403U, 404U, 429U, 500U}) {
            daemon_under_test d({}, quick_retry + R"(, "monitor": { "listen": "127.0.0.1:0" })");
            d.hubspot().next(
                {hubspot_sim::fault::custom(status, body).with_header("X-HubSpot-Correlation-Id", code).times(100)});
            d.start();
            d.drop("a.csv", csv(1));
            EXPECT_TRUE(d.wait([&] { return d.log().find("event=batch.settled") != std::string::npos; })) << status;
            const std::string seen =
                d.get("/status") + d.get("/metrics") + d.command("status").out + d.command("status --json").out;
            EXPECT_EQ(d.stop(), 0);
            EXPECT_EQ((seen + d.log()).find(code.substr(0, 12)), std::string::npos)
                << status << ": " << d.log() << seen;
        }
    }
}

}  // namespace
}  // namespace consent_sync::integration
