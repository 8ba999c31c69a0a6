// Runs programs without a shell, so that arguments are not split: a path may contain blanks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::integration {

struct program_result {
    int status = -1;  // the exit status; -1: it could not be run, or a signal ended it
    std::string out;  // both streams
};

// The first word is the program, which is searched in PATH. Standard input is the file `input`.
program_result run_program(const std::vector<std::string>& words, const std::string& input = "/dev/null");

// The words of "release 00000001".
std::vector<std::string> split_words(std::string_view line);

// The environment for a program: these "NAME=value", and all other names of the test's own environment.
std::vector<std::string> environment_with(const std::vector<std::string>& more);

// Environment that preloads these libraries (absolute paths), followed by those that the test itself has preloaded. A
// blank ends a path in LD_PRELOAD, but not in LD_LIBRARY_PATH.
std::vector<std::string> preload(const std::vector<std::string>& libraries);

}  // namespace consent_sync::integration
