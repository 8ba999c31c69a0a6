// Whatever connections there are, and whatever their state, the daemon exits cleanly, after a signal and after a fault
// of its own, with the right exit status and without output on standard error. Run this with the preset asan too.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "built_paths.hpp"
#include "integration/daemon_under_test.hpp"
#include "integration/failing_disk.hpp"
#include "integration/raw_client.hpp"

extern char** environ;

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

const std::string monitored = R"("monitor": { "listen": "127.0.0.1:0" })";
const std::string whole_request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string csv(const std::string& who, int rows, const std::string& status = "subscribed") {
    std::string text = "email,subscription_id,status\n";
    for (int i = 1; i <= rows; ++i) text += who + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

enum class state { silent, half_a_line, half_a_head, half_a_body, idle_after_an_answer, slow_answer };
constexpr state all_states[] = {state::silent,      state::half_a_line,          state::half_a_head,
                                state::half_a_body, state::idle_after_an_answer, state::slow_answer};

raw_client monitor_client(const std::string& port, state s) {
    switch (s) {
        case state::silent: return {port, ""};
        case state::half_a_line: return {port, "GET /metr"};
        case state::half_a_head: return {port, "GET /metrics HTTP/1.1\r\nHost: local"};
        case state::half_a_body:
            return {port, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"};
        case state::idle_after_an_answer: {
            raw_client c(port, whole_request);
            EXPECT_EQ(c.first_line(), "HTTP/1.1 200 OK");
            return c;
        }
        case state::slow_answer: {
            raw_client c(port, "");
            c.say_until_stuck(whole_request);
            return c;
        }
    }
    throw std::logic_error("no such state");
}

raw_client control_client(const std::string& path, state s) {
    switch (s) {
        case state::silent: return {path, ""};
        case state::half_a_line: return {path, "{\"comm"};
        case state::half_a_head: return {path, "{\"command\":"};
        case state::half_a_body: return {path, "{\"command\":\"status\",\"words\":\"" + std::string(2'000, 'x')};
        case state::idle_after_an_answer: {
            raw_client c(path, "{\"command\":\"status\"}\n");
            EXPECT_FALSE(c.first_line().empty());
            return c;
        }
        case state::slow_answer: return {path, "{\"command\":\"pause\"}\n{\"command\":\"status\"}\n"};
    }
    throw std::logic_error("no such state");
}

// Another process of the same binary, until it exits.
class running_command {
  public:
    running_command(const daemon_under_test& d, const std::vector<std::string>& arguments) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, d.file("watched").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        std::vector<std::string> all = {CONSENT_SYNC_BINARY};
        all.insert(all.end(), arguments.begin(), arguments.end());
        for (const std::string& each : {std::string("--config"), d.file("config.json")}) all.push_back(each);
        std::vector<char*> pointers;
        for (std::string& each : all) pointers.push_back(each.data());
        pointers.push_back(nullptr);
        EXPECT_EQ(posix_spawn(&process_, CONSENT_SYNC_BINARY, &actions, nullptr, pointers.data(), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        EXPECT_TRUE(d.wait([&] { return fs::exists(d.file("watched")) && fs::file_size(d.file("watched")) > 0; }));
    }
    ~running_command() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    running_command(const running_command&) = delete;
    running_command& operator=(const running_command&) = delete;

  private:
    pid_t process_ = -1;
};

// Its output on standard error: everything that is not a log line.
std::string errors_of(const daemon_under_test& d) {
    static const std::regex line_of_log("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z (DEBUG|INFO|WARN|ERROR) event=.*");
    std::istringstream all(d.log());
    std::string errors;
    for (std::string line; std::getline(all, line);)
        if (!std::regex_match(line, line_of_log)) errors += line + "\n";
    return errors;
}

void expect_clean(const daemon_under_test& d) {
    EXPECT_EQ(errors_of(d), "");
    EXPECT_EQ(d.log().find("event=task.failed"), std::string::npos);
    EXPECT_FALSE(fs::exists(d.state("/control.sock")));
}

TEST(Stopping, EndsInOrderWithEachKindOfConnectionAlone) {
    for (const state s : all_states) {
        for (const bool monitor : {true, false}) {
            SCOPED_TRACE((monitor ? "monitor, state " : "control, state ") + std::to_string(static_cast<int>(s)));
            daemon_under_test d({}, monitored);
            d.start();
            const raw_client c =
                monitor ? monitor_client(monitor_port(d), s) : control_client(d.state("/control.sock"), s);
            EXPECT_EQ(d.stop(), 0);
            expect_clean(d);
        }
    }
}

TEST(Stopping, EndsInOrderWithAllOfThemWhileWorkIsUnderWay) {
    hubspot_sim::options o;
    o.latency = std::chrono::milliseconds(300);
    daemon_under_test d(std::move(o), monitored);
    d.replace_in_config("\"max_wait\"", "\"max_changes\": 5, \"max_wait\"");
    const running_command watch(d, {"status", "--watch"});
    for (int round = 0; round < 3; ++round) {
        d.start();
        ASSERT_EQ(d.command("resume").status, 0);  // state::slow_answer asks for a pause
        const std::string who = "round" + std::to_string(round) + "p";
        d.drop(who + ".csv", csv(who, 2'000));
        ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().in_flight > 0; }));
        std::vector<raw_client> clients;
        for (const state s : all_states) {
            clients.push_back(monitor_client(monitor_port(d), s));
            clients.push_back(control_client(d.state("/control.sock"), s));
        }
        EXPECT_EQ(d.stop(), 0);
        expect_clean(d);
    }
}

// More connections than allowed: those that wait, and those that were refused because of them.
TEST(Stopping, EndsInOrderWithACrowd) {
    daemon_under_test d({}, monitored);
    d.start();
    std::vector<raw_client> clients;
    for (int i = 0; i < 60; ++i) {
        clients.push_back(monitor_client(monitor_port(d), i % 2 == 0 ? state::silent : state::half_a_line));
        clients.push_back(control_client(d.state("/control.sock"), i % 2 == 0 ? state::silent : state::half_a_line));
    }
    EXPECT_EQ(d.stop(), 0);
    expect_clean(d);
}

TEST(Stopping, EndsInOrderBeforeItIsReady) {
    for (int i = 0; i < 5; ++i) {
        daemon_under_test d({}, monitored);
        d.drop("a.csv", csv("early", 500));
        d.launch();
        ASSERT_TRUE(d.wait([&] { return !monitor_port(d).empty(); }));
        const raw_client silent = monitor_client(monitor_port(d), state::silent);
        const raw_client half = control_client(d.state("/control.sock"), state::half_a_line);
        d.signal(SIGTERM);
        EXPECT_EQ(d.wait_for_exit(), 0);
        expect_clean(d);
    }
}

// Requests that wait for the ledger will never get an answer.
TEST(Stopping, EndsInOrderWhileTheDiskRefusesEverything) {
    daemon_under_test d({}, monitored);
    failing_disk disk(d);
    d.start();
    const raw_client idle = monitor_client(monitor_port(d), state::idle_after_an_answer);
    disk.fail(storage::disk_fault::no_space, 1, 1'000'000);
    d.drop("a.csv", csv("full", 10));
    const raw_client waiting(d.state("/control.sock"), "{\"command\":\"pause\"}\n");
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=disk") != std::string::npos; }));
    d.signal(SIGTERM);
    EXPECT_EQ(d.wait_for_exit(60s), 0);
    EXPECT_EQ(errors_of(d), "");
}

// A fault without a signal: the daemon exits by itself, in the middle of its work.
TEST(Stopping, EndsInOrderWhenTheLedgerTurnsOutToBeDamaged) {
    daemon_under_test d({}, monitored);
    d.start();
    d.drop("a.csv", csv("damaged", 50) + "reject-1@example.com,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_EQ(d.stop(), 0);
    std::string bytes;
    {
        std::ifstream in(d.state("/ledger.db"), std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    const std::size_t at = bytes.find("damaged40@example.com");
    ASSERT_NE(at, std::string::npos);
    bytes[at] ^= 2;
    std::ofstream(d.state("/ledger.db"), std::ios::binary) << bytes;
    d.start();
    std::vector<raw_client> clients;
    for (const state s : all_states) {
        if (s == state::slow_answer) continue;  // for the control socket this is a request that changes the ledger
        clients.push_back(monitor_client(monitor_port(d), s));
        clients.push_back(control_client(d.state("/control.sock"), s));
    }
    const raw_client retry(d.state("/control.sock"), "{\"command\":\"retry\",\"file_id\":1}\n");
    EXPECT_EQ(d.wait_for_exit(), 3) << d.log();
    EXPECT_NE(d.log().find("event=ledger.damaged"), std::string::npos);
    EXPECT_EQ(errors_of(d), "");
}

// The start fails before anything is open.
TEST(Stopping, AStartThatFailsSaysSoInTheLogAlone) {
    daemon_under_test d({}, monitored);
    d.start();
    const raw_client silent = monitor_client(monitor_port(d), state::silent);
    EXPECT_EQ(d.stop(), 0);
    std::ofstream(d.state("/ledger.db"), std::ios::trunc) << std::string(20'000, 'x');
    EXPECT_EQ(d.fail_to_start(), 3);
    EXPECT_NE(d.log().find("event=daemon.failed"), std::string::npos);
    EXPECT_EQ(errors_of(d), "");
}

}  // namespace
}  // namespace consent_sync::integration
