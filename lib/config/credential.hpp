// A secret that systemd hands to a unit (LoadCredential=): a file below $CREDENTIALS_DIRECTORY, copied when the unit
// started. So the way to another one leads to where it was copied from, and through a restart. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::config {

struct credential {
    std::string name;   // "hubspot-token"
    std::string unit;   // "consent-sync@acme.service"
    std::string store;  // where the packaged unit looks: "/etc/credstore/consent-sync.acme.hubspot-token"
};

// Nothing: the file is none of `folder`, or there is no such folder.
std::optional<credential> find_credential(std::string_view file, std::string_view folder);

// "put … into STORE (…), then systemctl restart UNIT": where a credential comes from, for whoever has to change it.
std::string how_to_replace(const credential& c, std::string_view what);

}  // namespace consent_sync::config
