// The paths of all folders, a pure function of settings from the loader. intake/arrival/claim_folders.hpp creates the
// folders.
#pragma once

#include <string>

#include "config/settings.hpp"

namespace consent_sync::config {

struct folders {
    std::string state;
    std::string inbox;
    std::string processing;  // this and the next two are on the inbox's file system
    std::string done;
    std::string refused;
    std::string reports;
    std::string ledger;  // the database file, on a local disk
};

folders derive_folders(const settings& s);

// A message if a folder is below /tmp or /var/tmp, where a unit with PrivateTmp= has a private folder; empty: no folder
// is.
std::string why_private(const settings& s);

}  // namespace consent_sync::config
