#include "integration/run_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

std::string read_all(int fd) {
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = ::read(fd, piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(n));
    return text;
}

// Entries of a list as the loader splits it, without those that are there already.
void add_entries(std::string& list, std::string_view entries, std::string_view separators) {
    while (!entries.empty()) {
        const std::string_view entry = entries.substr(0, entries.find_first_of(separators));
        entries.remove_prefix(std::min(entries.size(), entry.size() + 1));
        if (entry.empty() || (":" + list + ":").find(":" + std::string(entry) + ":") != std::string::npos) continue;
        list.append(list.empty() ? "" : ":").append(entry);
    }
}

std::string_view own(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

program_result run_program(const std::vector<std::string>& words, const std::string& input) {
    program_result result;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return result;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t process = -1;
    const int failed = ::posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed == 0) {
        result.out = read_all(ends[0]);
        int status = 0;
        if (::waitpid(process, &status, 0) == process && WIFEXITED(status)) result.status = WEXITSTATUS(status);
    }
    ::close(ends[0]);
    return result;
}

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    while (!line.empty()) {
        const std::string_view word = line.substr(0, line.find(' '));
        line.remove_prefix(std::min(line.size(), word.size() + 1));
        if (!word.empty()) words.emplace_back(word);
    }
    return words;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
    std::vector<std::string> all;
    const auto take = [&all](const std::string& entry) {
        const std::string name = entry.substr(0, entry.find('=') + 1);
        if (std::none_of(all.begin(), all.end(), [&](const std::string& each) { return each.starts_with(name); }))
            all.push_back(entry);
    };
    for (const std::string& entry : more) take(entry);
    for (char** entry = environ; *entry; ++entry) take(*entry);
    return all;
}

std::vector<std::string> preload(const std::vector<std::string>& libraries) {
    std::string names, folders;
    for (const std::string& library : libraries) {
        add_entries(names, fs::path(library).filename().string(), ":");
        add_entries(folders, fs::path(library).parent_path().string(), ":");
    }
    add_entries(names, own("LD_PRELOAD"), ": ");
    add_entries(folders, own("LD_LIBRARY_PATH"), ":;");
    // AddressSanitizer would refuse to run behind another library.
    return {"LD_PRELOAD=" + names, "LD_LIBRARY_PATH=" + folders, "ASAN_OPTIONS=verify_asan_link_order=0"};
}

}  // namespace consent_sync::integration
