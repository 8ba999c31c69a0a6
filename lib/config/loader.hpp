// Reads the configuration: one JSON file with comments and trailing commas. A pure function of the text, the
// file's name and the folder of the systemd credentials; nothing but the configuration itself is opened.
//
// Errors (invalid_input): every fault that was found, one a line, "FILE: KEY.PATH: must be …, but is …"; a
// syntax error is one line, "FILE:LINE:COLUMN: …". A file that cannot be read: not_found or io. A relative
// path is meant from the folder of the configuration file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"

namespace consent_sync::config {

struct load_options {
    // $CREDENTIALS_DIRECTORY of systemd; empty: there is none. Nothing: ask the environment.
    std::optional<std::string> credentials_dir;
    // False for commands that send nothing (status, history, …): then the credentials may be missing.
    bool need_credentials = true;
};

base::result<settings> load_settings(const std::string& path, const load_options& options = {});
base::result<settings> parse_settings(std::string_view text, const std::string& file_name,
                                      const load_options& options = {});

// The paths of all keys, "inbox.settle"; sections are not among them.
std::vector<std::string> known_keys();

// The key or section beside `wrong` that the writer most likely meant; empty if none is near.
std::string nearest_word(std::string_view wrong, const std::vector<std::string>& words);

}  // namespace consent_sync::config
