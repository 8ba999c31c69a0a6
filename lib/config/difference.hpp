// What a reload changes, and the whole configuration as text for the log and for `check`.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace consent_sync::config {

struct changed_key {
    std::string path;    // "inbox.settle"
    std::string before;  // as written in the file; secrets are masked
    std::string after;
    bool needs_restart = false;
};

// The changed keys, in the order of the table of keys. A key that needs a restart keeps its old value in the running
// daemon.
std::vector<changed_key> difference(const settings& before, const settings& after);

// The settings in effect after a reload: `after`, with the old values of all keys that need a restart.
settings reloaded(const settings& before, const settings& after);

struct shown_key {
    std::string path;
    std::string value;
};

std::vector<shown_key> show_settings(const settings& s);

}  // namespace consent_sync::config
