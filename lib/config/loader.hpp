// Reads the configuration: one JSON file with comments and trailing commas. The result depends only on the text, the
// name of the file and the folder of the systemd credentials; no other file is opened.
//
// Errors (invalid_input): all faults, one per line, "FILE: KEY.PATH: must be …, but is …"; a syntax error is one line,
// "FILE:LINE:COLUMN: …". A file that cannot be read: not_found or io. A relative path starts at the folder of the
// configuration file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"

namespace consent_sync::config {

struct load_options {
    // systemd's $CREDENTIALS_DIRECTORY; empty: there is none. Nothing: read it from the environment.
    std::optional<std::string> credentials_dir;
    // False for commands that send nothing (status, history, …): the credentials may be missing then.
    bool need_credentials = true;
};

base::result<settings> load_settings(const std::string& path, const load_options& options = {});
base::result<settings> parse_settings(std::string_view text, const std::string& file_name,
                                      const load_options& options = {});

// The paths of all keys, like "inbox.settle", without sections.
std::vector<std::string> known_keys();

// The word that the writer of `wrong` most likely meant; empty: no word is similar.
std::string nearest_word(std::string_view wrong, const std::vector<std::string>& words);

}  // namespace consent_sync::config
