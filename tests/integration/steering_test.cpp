// Operators query and control the real daemon through its socket, while it runs and while it is down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "built_paths.hpp"
#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string csv(int first, int rows, const std::string& status) {
    std::string text = "email,subscription_id,status\n";
    for (int i = first; i < first + rows; ++i) text += "p" + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

boost::json::value status_of(const daemon_under_test& d) {
    const auto got = d.command("status --json");
    EXPECT_EQ(got.status, 0) << got.out;
    return boost::json::parse(got.out);
}

std::string status_at(daemon_under_test& d, const std::string& who) {
    const auto state = d.hubspot().state(who + "@example.com", 7);
    return state ? std::string(state->status) : std::string();
}

TEST(Status, TellsWhatHappensLiveAndWhileTheDaemonIsDown) {
    daemon_under_test d;
    auto before = d.command("status");
    EXPECT_EQ(before.status, 1);
    EXPECT_THAT(before.out, HasSubstr("it never ran with this configuration"));
    d.start();
    d.drop("a.csv", csv(0, 150, "subscribed") + "nobody,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_TRUE(d.wait([&] { return status_of(d).at("files").at("open") == 0; }));
    const auto live = status_of(d);
    EXPECT_EQ(live.at("source"), "daemon");
    EXPECT_EQ(live.at("state"), "idle");
    EXPECT_EQ(live.at("changes").at("since_start").at("confirmed"), 150);
    EXPECT_EQ(live.at("changes").at("since_start").at("invalid"), 1);
    EXPECT_EQ(live.at("limit").at("requests"), 190);
    EXPECT_THAT(d.command("status").out, HasSubstr("· idle ·"));
    EXPECT_EQ(d.stop(), 0);
    const auto down = status_of(d);
    EXPECT_EQ(down.at("source"), "ledger");
    EXPECT_EQ(down.at("state"), "down");
    EXPECT_TRUE(down.at("limit").is_null());
    EXPECT_THAT(d.command("status").out, HasSubstr("The daemon is down."));
}

TEST(Pause, OutlastsAKillAndEndsByResume) {
    daemon_under_test d;
    d.start();
    const auto paused = d.command("pause the list is wrong");
    EXPECT_EQ(paused.status, 0) << paused.out;
    EXPECT_THAT(d.log(), HasSubstr("INFO event=pause.begun reason=operator"));
    EXPECT_THAT(d.log(), Not(HasSubstr("ERROR"))) << "it was asked for";
    d.kill_hard();
    EXPECT_THAT(d.command("status").out, HasSubstr("PAUSED (operator)"));
    d.drop("a.csv", csv(0, 30, "subscribed"));
    d.start();
    ASSERT_TRUE(d.wait([&] { return status_of(d).at("changes").at("waiting") == 30; }));
    const auto s = status_of(d);
    EXPECT_EQ(s.at("state"), "paused");
    EXPECT_THAT(std::string(s.at("pauses").at(0).at("words").as_string()), HasSubstr("the list is wrong"));
    EXPECT_TRUE(s.at("pauses").at(0).at("goes_on_ms").is_null());
    EXPECT_EQ(d.hubspot().counters().requests, 0u);
    EXPECT_THAT(d.command("pause").out, HasSubstr("paused already, since"));
    EXPECT_THAT(d.command("resume").out, HasSubstr("sending continues"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_THAT(d.log(), HasSubstr("INFO event=pause.ended reason=operator"));
    EXPECT_THAT(d.log(), HasSubstr("event=control.done command=pause uid=" + std::to_string(::getuid())));
    EXPECT_THAT(d.command("resume").out, HasSubstr("nothing was paused"));
}

TEST(Steering, CommandsSayThatTheDaemonIsDown) {
    daemon_under_test d;
    const auto got = d.command("pause");
    EXPECT_EQ(got.status, 1);
    EXPECT_THAT(got.out, HasSubstr("the daemon does not run"));
    EXPECT_EQ(d.command("retry nonsense").status, 2);
    EXPECT_EQ(d.command("release").status, 2);
    EXPECT_EQ(d.command("resume too much").status, 2);
}

TEST(Steering, AUserOfNoneOfTheGroupsIsRefusedAndKeepsNobodyOut) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs another user";
    daemon_under_test d;
    ::chmod(d.folder().c_str(), 0755);
    d.write_config("\"control\": { \"socket\": \"" + d.folder() + "/control.sock\" }");
    ::chmod(d.file("config.json").c_str(), 0644);
    ::chmod(d.file("ca.pem").c_str(), 0644);
    d.start();
    const auto as_nobody = [&d](const std::string& command) {
        std::vector<std::string> words = split_words("setpriv --reuid=65534 --regid=65534 --clear-groups");
        words.push_back(CONSENT_SYNC_BINARY);
        for (std::string& word : split_words(command)) words.push_back(std::move(word));
        words.insert(words.end(), {"--config", d.file("config.json")});
        return run_program(words).out;
    };
    for (const char* command : {"pause", "resume", "release 1", "refuse 1", "retry 1"})
        EXPECT_THAT(as_nobody(command), HasSubstr("not allowed: ")) << command;
    EXPECT_THAT(as_nobody("status"), HasSubstr("not allowed: "));
    EXPECT_THAT(as_nobody("history a@b.c"), HasSubstr("cannot be read: only root may"));
    EXPECT_THAT(d.log(), HasSubstr("WARN event=control.refused command=pause uid=65534"));
    EXPECT_EQ(status_of(d).at("state"), "idle");
    // A user without rights causes at most some log lines, and takes no connection from users with rights.
    for (int i = 0; i < 40; ++i) as_nobody("status");
    const std::string log = d.log();
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = log.find("event=control.refused", at)) != std::string::npos; ++at) ++lines;
    EXPECT_LE(lines, 40u);  // 20 a minute; a minute may pass on a slow machine
    EXPECT_EQ(d.command("pause").status, 0);
}

// A process of another user that holds silent connections to the control socket until it is destroyed.
class silent_connections {
  public:
    silent_connections(const std::string& path, uid_t user, gid_t group, int count) {
        int told[2] = {-1, -1};
        if (::pipe2(told, O_CLOEXEC) != 0) return;
        process_ = ::fork();
        if (process_ == 0) {
            sockaddr_un place{};
            place.sun_family = AF_UNIX;
            std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
            bool good = ::setgroups(0, nullptr) == 0 && ::setgid(group) == 0 && ::setuid(user) == 0;
            for (int i = 0; i < count && good; ++i)  // kept open: never closed
                good = ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&place),
                                 sizeof place) == 0;
            if (::write(told[1], good ? "y" : "n", 1) != 1) ::_exit(1);
            while (true) ::pause();
        }
        char word = 'n';
        connected_ = ::read(told[0], &word, 1) == 1 && word == 'y';
        ::close(told[0]);
        ::close(told[1]);
    }
    ~silent_connections() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    silent_connections(const silent_connections&) = delete;
    silent_connections& operator=(const silent_connections&) = delete;
    bool connected() const { return connected_; }

  private:
    pid_t process_ = -1;
    bool connected_ = false;
};

// A process of another user that opens 400 connections, closes them, and starts again, until it is destroyed.
class connection_burst {
  public:
    connection_burst(const std::string& path, uid_t user, gid_t group) : process_(::fork()) {
        if (process_ != 0) return;
        sockaddr_un place{};
        place.sun_family = AF_UNIX;
        std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
        if (::setgroups(0, nullptr) != 0 || ::setgid(group) != 0 || ::setuid(user) != 0) ::_exit(1);
        while (true) {
            int open[400];
            for (int& each : open) {
                each = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
                (void)::connect(each, reinterpret_cast<const sockaddr*>(&place), sizeof place);
            }
            for (const int each : open) ::close(each);
        }
    }
    ~connection_burst() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    connection_burst(const connection_burst&) = delete;
    connection_burst& operator=(const connection_burst&) = delete;

  private:
    pid_t process_ = -1;
};

TEST(Steering, ReadersThatHoldConnectionsKeepNobodyOut) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs other users";
    daemon_under_test d;
    ::chmod(d.folder().c_str(), 0755);
    const std::string socket = d.folder() + "/control.sock";
    d.write_config("\"control\": { \"socket\": \"" + socket + "\" }");
    d.start();
    // Members of the daemon's group, who may see the status, and a user who may not even do that.
    const silent_connections reader(socket, 65'534, ::getegid(), 60);
    const silent_connections other_reader(socket, 65'533, ::getegid(), 60);
    const silent_connections stranger(socket, 65'532, 65'532, 60);
    ASSERT_TRUE(reader.connected() && other_reader.connected() && stranger.connected());
    const auto begun = std::chrono::steady_clock::now();
    const auto paused = d.command("pause");
    EXPECT_EQ(paused.status, 0) << paused.out;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);  // none of them has been closed for silence yet
    EXPECT_EQ(status_of(d).at("state"), "paused");
    EXPECT_THAT(d.log(), HasSubstr("WARN event=control.full uid=65534"));
    std::size_t lines = 0;
    const std::string log = d.log();
    for (std::size_t at = 0; (at = log.find("event=control.full", at)) != std::string::npos; ++at) ++lines;
    EXPECT_LE(lines, 20u);
}

// Endless connections by a user without any right, as fast as possible.
TEST(Steering, ABurstOfConnectionsKeepsRootOutForNoLongerThanItTakes) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs another user";
    daemon_under_test d;
    ::chmod(d.folder().c_str(), 0755);
    const std::string socket = d.folder() + "/control.sock";
    d.write_config("\"control\": { \"socket\": \"" + socket + "\" }");
    d.start();
    const connection_burst stranger(socket, 65'532, 65'532);
    const connection_burst reader(socket, 65'533, ::getegid());
    for (int i = 0; i < 10; ++i) {
        const auto paused = d.command(i % 2 == 0 ? "pause" : "resume");
        EXPECT_EQ(paused.status, 0) << i << ": " << paused.out;
    }
}

TEST(Hold, OptOutsGoAheadAndTheRestWaitsForRelease) {
    daemon_under_test d({}, R"("rules": { "hold_above": 100 })");
    d.start();
    d.drop("big.csv", csv(0, 101, "subscribed") + "out@example.com,7,unsubscribed\nnone@example.com,7,not_specified\n");
    d.drop("small.csv", csv(500, 100, "subscribed"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);  // the small one overtakes it
    ASSERT_TRUE(d.wait([&] { return status_at(d, "out") == "UNSUBSCRIBED"; }));
    EXPECT_THAT(d.log(), HasSubstr("event=file.held file=00000001"));
    EXPECT_THAT(d.log(), HasSubstr("101 of its 103 rows are SUBSCRIBED, and rules.hold_above is 100;"));
    EXPECT_EQ(status_at(d, "p0"), "");
    EXPECT_EQ(status_at(d, "none"), "");
    EXPECT_EQ(status_of(d).at("changes").at("held"), 102);
    d.kill_hard();
    d.start();
    EXPECT_THAT(d.command("release 1").out, HasSubstr("102 rows are sent"));
    ASSERT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_EQ(status_at(d, "p100"), "SUBSCRIBED");
    EXPECT_THAT(d.command("release 1").out, HasSubstr("is not held"));
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
}

TEST(Hold, ReleaseSendsNothingThatANewerFileChanged) {
    daemon_under_test d({}, R"("rules": { "hold_above": "50%" })");
    d.start();
    d.drop("held.csv", csv(0, 100, "subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.held") != std::string::npos; }));
    d.drop("newer.csv", csv(0, 60, "unsubscribed"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_THAT(d.command("release 00000001").out, HasSubstr("40 rows are sent, 60 are superseded"));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 40u);
    EXPECT_EQ(count(files[1], "superseded"), 60u);
    EXPECT_EQ(status_at(d, "p59"), "UNSUBSCRIBED");
    EXPECT_EQ(status_at(d, "p60"), "SUBSCRIBED");
}

// The verdict of an opt-out that is sent ahead of its held file settles no file, and the report of another file waits
// for it.
TEST(Hold, AFileWhoseRowAHeldFileSupersededIsReported) {
    daemon_under_test d({}, R"("rules": { "hold_above": 2 })");
    d.start();
    EXPECT_EQ(d.command("pause").status, 0);
    d.drop("first.csv", csv(0, 1, "subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.read file=00000001") != std::string::npos; }));
    d.drop("held.csv", csv(0, 1, "unsubscribed") + csv(10, 3, "subscribed").substr(csv(0, 0, "").size()));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.held file=00000002") != std::string::npos; }));
    EXPECT_EQ(d.command("resume").status, 0);
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "superseded"), 1u);
    EXPECT_EQ(status_at(d, "p0"), "UNSUBSCRIBED");
}

TEST(Hold, RefuseSendsTheRowsBack) {
    daemon_under_test d({}, R"("rules": { "hold_above": 10 })");
    d.start();
    d.drop("held.csv", csv(0, 11, "subscribed") + "out@example.com,7,unsubscribed\n");
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.held") != std::string::npos; }));
    const auto got = d.command("refuse 1 bought list");
    EXPECT_EQ(got.status, 0) << got.out;
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "invalid"), 11u);
    EXPECT_EQ(count(files[0], "confirmed"), 1u);
    EXPECT_THAT(d.report("failed.csv"), HasSubstr("refused_by_operator"));
    EXPECT_THAT(d.report("failed.csv"), HasSubstr("bought list"));
    EXPECT_EQ(status_at(d, "p0"), "");
    EXPECT_EQ(d.stop(), 0);
}

TEST(Retry, SendsRejectedRowsAgainInTheirPlace) {
    hubspot_sim::options o;
    o.known_subscriptions = {7};
    daemon_under_test d(std::move(o));
    d.start();
    d.drop("a.csv", csv(0, 20, "subscribed") +
                        "r1@example.com,8,subscribed\nr2@example.com,8,unsubscribed\n"
                        "r3@example.com,8,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_THAT(d.command("retry 9").out, HasSubstr("there is no file 00000009"));
    // Meanwhile the subscription is created, and one of the rows gets a newer change.
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions.clear(); });
    d.drop("newer.csv", "email,subscription_id,status\nR3@example.com,8,unsubscribed\n");
    auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    ASSERT_EQ(count(files[0], "rejected"), 3u);
    daemon_under_test::command_result got;
    ASSERT_TRUE(d.wait([&] { return (got = d.command("retry 1")).status == 0; })) << got.out;
    EXPECT_THAT(got.out, HasSubstr("2 rows are sent again, 1 are superseded"));
    files = d.wait_for_files(3);
    ASSERT_EQ(files.size(), 3u);
    EXPECT_EQ(files[2].at("file_id"), "00000001");
    EXPECT_EQ(count(files[2], "confirmed"), 22u);
    EXPECT_EQ(count(files[2], "superseded"), 1u);
    EXPECT_EQ(count(files[2], "rejected"), 0u);
    EXPECT_EQ(d.hubspot().state("r1@example.com", 8)->status, "SUBSCRIBED");
    EXPECT_EQ(d.hubspot().state("r2@example.com", 8)->status, "UNSUBSCRIBED");
    EXPECT_EQ(d.hubspot().state("r3@example.com", 8)->status, "UNSUBSCRIBED");
    ASSERT_TRUE(
        d.wait([&] { return d.command("retry 1").out.find("there is nothing to send again") != std::string::npos; }));
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
}

TEST(Release, SendsTheRowsOfAFileWhoseContentWasDroppedBefore) {
    daemon_under_test d;
    d.start();
    d.drop("a.csv", csv(0, 40, "subscribed"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.drop("again.csv", csv(0, 40, "subscribed"));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "invalid"), 40u);
    ASSERT_TRUE(d.wait([&] { return d.command("release 2").out.find("40 rows are sent") != std::string::npos; }));
    const auto all = d.wait_for_files(3);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(count(all[2], "confirmed"), 40u);
}

}  // namespace
}  // namespace consent_sync::integration
