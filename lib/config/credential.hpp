// A secret that systemd passes to a unit (LoadCredential=): a file below $CREDENTIALS_DIRECTORY, copied when the unit
// started. To replace it, change the file that it was copied from and restart the unit. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::config {

struct credential {
    std::string name;   // "hubspot-token"
    std::string unit;   // "consent-sync@acme.service"
    std::string store;  // where the packaged unit finds it: "/etc/credstore/consent-sync.acme.hubspot-token"
};

// Nothing: the file is not in `folder`, or `folder` is empty.
std::optional<credential> find_credential(std::string_view file, std::string_view folder);

// "put … into STORE (…), then systemctl restart UNIT": tells people how to change a credential.
std::string how_to_replace(const credential& c, std::string_view what);

}  // namespace consent_sync::config
