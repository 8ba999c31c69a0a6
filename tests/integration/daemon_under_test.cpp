#include "integration/daemon_under_test.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "built_paths.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// Sorted, because directory listings have any order. An entry may disappear during the listing.
template <class Iterator>
std::vector<fs::path> sorted(Iterator at) {
    std::vector<fs::path> all;
    for (std::error_code gone; at != Iterator(); at.increment(gone)) all.push_back(at->path());
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<boost::json::object> read_lines(const std::string& reports, const std::string& name) {
    std::vector<boost::json::object> lines;
    std::error_code none_yet;
    for (const fs::path& day : sorted(fs::directory_iterator(reports, none_yet))) {
        std::ifstream in(day / name);
        for (std::string line; std::getline(in, line);) {
            boost::system::error_code ec;
            auto value = boost::json::parse(line, ec);
            if (!ec && value.is_object()) lines.push_back(value.as_object());  // the last line may be incomplete
        }
    }
    return lines;
}

program_result run_line(const std::string& line) {
    program_result result;
    FILE* const pipe = ::popen(line.c_str(), "re");
    if (!pipe) return result;
    char piece[4096];
    for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) result.out.append(piece, n);
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

}  // namespace

daemon_under_test::daemon_under_test(hubspot_sim::options o, const std::string& more) {
    std::string pattern = fs::temp_directory_path() / "consent sync test.XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
    folder_ = pattern;
    fs::create_directory(folder_ + "/state");
    fs::permissions(folder_ + "/state", fs::perms::owner_all);
    o.tokens = {token};
    for (const std::string& secret : {o.client_secret, o.refresh_token}) secrecy_.add_secret(secret);
    auto sim = hubspot_sim::simulator::start(std::move(o));
    sim_ = std::move(sim.value());
    sim_->write_authority(folder_ + "/ca.pem").value();
    write_token(token);
    write_config(more);
}

daemon_under_test::~daemon_under_test() {
    if (process_ > 0) kill_hard();
    sim_->stop();
    for (const std::string& leak : secrecy_.leaks(log() + heard_)) ADD_FAILURE() << leak;
    for (const std::string& path : open_to_others(state())) ADD_FAILURE() << path << " is open to others";
    if (::testing::Test::HasFailure())
        std::cerr << "the daemon's log (end):\n" << log().substr(log().size() > 6000 ? log().size() - 6000 : 0);
    if (!::testing::Test::HasFailure() || std::getenv("CONSENT_SYNC_KEEP") == nullptr)
        fs::remove_all(folder_);
    else
        std::cerr << "kept: " << folder_ << "\n";
}

void daemon_under_test::write_config(const std::string& more) const {
    std::ofstream(folder_ + "/config.json")
        << "{ \"account\": \"test\", \"state_dir\": \"" << folder_ << "/state\",\n"
        << "\"inbox\": { \"settle\": \"100ms\", \"rescan\": \"1s\" }, \"batch\": { \"max_wait\": \"100ms\" },\n"
        << (more.find("\"monitor\"") == std::string::npos ? "\"monitor\": { \"listen\": null },\n" : "")
        << "\"log\": { \"level\": \"debug\" },\n"
        << "\"hubspot\": { \"base_url\": \"" << sim_->base_url() << "\", \"ca_file\": \"" << folder_
        << "/ca.pem\", \"token_file\": \"" << folder_ << "/token\" }" << (more.empty() ? "" : ",\n") << more << " }\n";
}

void daemon_under_test::replace_in_config(const std::string& part, const std::string& by) const {
    std::string text = read_text(folder_ + "/config.json");
    const std::size_t at = text.find(part);
    if (at == std::string::npos) throw std::runtime_error("the configuration does not hold " + part);
    text.replace(at, part.size(), by);
    std::ofstream(folder_ + "/config.json") << text;
}

void daemon_under_test::write_token(const std::string& text) {
    secrecy_.add_secret(text);
    const std::string path = folder_ + "/token.new";
    std::ofstream(path) << text << "\n";
    ::chmod(path.c_str(), 0600);
    fs::rename(path, folder_ + "/token");
}

void daemon_under_test::set_environment(const std::string& name, const std::string& value) {
    environment_.push_back(name + "=" + value);
}

void daemon_under_test::launch() {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string log_path = file("log");
    posix_spawn_file_actions_addopen(&actions, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const std::string config = file("config.json");
    const char* arguments[] = {CONSENT_SYNC_BINARY, "run", "--config", config.c_str(), nullptr};
    std::vector<std::string> entries = environment_with(environment_);
    std::vector<char*> environment;
    for (std::string& each : entries) environment.push_back(each.data());
    environment.push_back(nullptr);
    const int failed = posix_spawn(&process_, CONSENT_SYNC_BINARY, &actions, nullptr,
                                   const_cast<char* const*>(arguments), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_EQ(failed, 0);
}

void daemon_under_test::start() {
    const std::size_t before = log().size();
    launch();
    ASSERT_TRUE(wait([&] { return log().find("event=daemon.ready", before) != std::string::npos || !runs(); }));
    ASSERT_TRUE(runs()) << log();
}

void daemon_under_test::signal(int number) const { ::kill(process_, number); }

int daemon_under_test::fail_to_start() {
    launch();
    EXPECT_TRUE(wait([&] { return !runs(); })) << "it started";
    if (runs()) return kill_hard(), -1;
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int daemon_under_test::wait_for_exit(std::chrono::seconds limit) {
    if (!wait([&] { return !runs(); }, limit)) return -1000;
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void daemon_under_test::kill_hard() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void daemon_under_test::reload() {
    const std::size_t before = log().size();
    ::kill(process_, SIGHUP);
    ASSERT_TRUE(wait([&] {
        const std::string all = log();
        return all.find("event=config.reloaded", before) != std::string::npos ||
               all.find("event=config.refused", before) != std::string::npos;
    }));
}

int daemon_under_test::stop() {
    ::kill(process_, SIGTERM);
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool daemon_under_test::runs() const {
    siginfo_t info{};
    return process_ > 0 && ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

void daemon_under_test::drop(const std::string& name, const std::string& content) {
    secrecy_.add_addresses_of(content);
    const std::string inbox = state("/inbox");
    fs::create_directories(inbox);
    const std::string unfinished = inbox + "/." + std::to_string(::getpid()) + ".tmp";
    std::ofstream(unfinished, std::ios::binary) << content;
    fs::rename(unfinished, inbox + "/" + name);
}

bool daemon_under_test::wait(const std::function<bool()>& reached, std::chrono::seconds limit) const {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!reached()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // another process: there is no event to wait for
    }
    return true;
}

std::vector<boost::json::object> daemon_under_test::wait_for_files(std::size_t count, std::chrono::seconds limit) {
    std::vector<boost::json::object> files;
    const bool all = wait(
        [&] {
            files = read_lines(state("/reports"), "files.ndjson");
            return files.size() >= count;
        },
        limit);
    EXPECT_TRUE(all) << files.size() << " of " << count << " files were finished";
    return files;
}

std::vector<boost::json::object> daemon_under_test::batches() const { return lines("batches.ndjson"); }

std::vector<boost::json::object> daemon_under_test::lines(const std::string& name) const {
    return read_lines(state("/reports"), name);
}

std::string daemon_under_test::report(const std::string& file_name) const {
    std::error_code none_yet;
    const auto all = sorted(fs::recursive_directory_iterator(state("/reports"), none_yet));
    const auto found = std::find_if(all.rbegin(), all.rend(),
                                    [&](const fs::path& p) { return p.string().ends_with("/" + file_name); });
    return found == all.rend() ? std::string() : read_text(*found);
}

program_result daemon_under_test::command(const std::string& line, const std::vector<std::string>& more,
                                          const std::string& input) const {
    std::vector<std::string> words = split_words(line);
    words.insert(words.begin(), CONSENT_SYNC_BINARY);
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--config", file("config.json")});
    program_result result = run_program(words, input);
    if (!line.starts_with("history")) heard(result.out);
    return result;
}

std::string daemon_under_test::get(const std::string& path, const std::string& more_for_curl) const {
    const std::string text = log();
    const std::string begin = "event=monitor.listening port=";
    const std::size_t at = text.rfind(begin);
    if (at == std::string::npos) return "there is no monitor";
    const std::string port = std::to_string(std::stoi(text.substr(at + begin.size())));
    const program_result got =
        run_line("curl -s -i -m 10 " + more_for_curl + " http://127.0.0.1:" + port + path + " 2>&1");
    heard(got.out);
    return got.out + "\nexit " + std::to_string(got.status);
}

std::string daemon_under_test::log() const { return read_text(folder_ + "/log"); }

std::vector<std::string> daemon_under_test::names(const std::string& below) const {
    std::vector<std::string> found;
    for (const fs::path& entry : sorted(fs::directory_iterator(state(below)))) found.push_back(entry.filename());
    return found;
}

std::uint64_t count(const boost::json::object& file, const char* verdict) {
    return file.at("counts").at(verdict).to_number<std::uint64_t>();
}

}  // namespace consent_sync::integration
