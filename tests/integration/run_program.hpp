// Runs programs without a shell, so that no word of a line depends on how a shell reads it: a path may hold blanks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::integration {

struct program_result {
    int status = -1;  // the exit status; -1: it could not be run, or a signal ended it
    std::string out;  // both streams
};

// The first word names the program, which PATH is searched for. Standard input is the file `input`.
program_result run_program(const std::vector<std::string>& words, const std::string& input = "/dev/null");

// "release 00000001": what stands between blanks.
std::vector<std::string> split_words(std::string_view line);

// "NAME=value" for a program that is started from here: these, and of the test's own environment all other names.
std::vector<std::string> environment_with(const std::vector<std::string>& more);

// What preloads these libraries, given by their whole paths, and what the test itself has preloaded behind them. The
// loader takes a blank for the end of a path in LD_PRELOAD, but not in LD_LIBRARY_PATH.
std::vector<std::string> preload(const std::vector<std::string>& libraries);

}  // namespace consent_sync::integration
