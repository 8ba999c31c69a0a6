// Options that all commands share.
#pragma once

#include <boost/program_options.hpp>
#include <iostream>
#include <optional>
#include <string>

#include "commands.hpp"
#include "config/loader.hpp"

namespace consent_sync::daemon {

namespace po = boost::program_options;

inline constexpr const char* default_config = "/etc/consent-sync/consent-sync.json";

inline void add_common(po::options_description& options) {
    options.add_options()("help", "this text")(
        "config", po::value<std::string>()->value_name("FILE")->default_value(default_config), "the configuration");
}

struct parsed_options {
    po::variables_map given;
    std::optional<int> exit;  // the command ends with this status
};

// `names`: of positional arguments, each once; the last may repeat if it ends in "…".
parsed_options parse_options(const char* command, int argc, char** argv, const po::options_description& visible,
                             const po::options_description& hidden = po::options_description(),
                             const po::positional_options_description& places = po::positional_options_description());

// The configuration for a command that sends nothing. If it cannot be loaded, prints why.
std::optional<config::settings> load_for_looking(const char* command, const std::string& path);

// "only root and alice (uid 1000) may; …": who may read a file that this process may not.
std::string who_may_read(const std::string& path);

}  // namespace consent_sync::daemon
