// Where everything lies. A pure function of settings that came from the loader; intake/arrival/claim_folders.hpp makes
// them.
#pragma once

#include <string>

#include "config/settings.hpp"

namespace consent_sync::config {

struct folders {
    std::string state;
    std::string inbox;
    std::string processing;  // this and the next two lie on the inbox's file system
    std::string done;
    std::string refused;
    std::string reports;
    std::string ledger;  // the database file, on a local disk
};

folders derive_folders(const settings& s);

// What to say where a folder lies below /tmp or /var/tmp, of which a unit with PrivateTmp= has its own; empty: none
// does.
std::string why_private(const settings& s);

}  // namespace consent_sync::config
