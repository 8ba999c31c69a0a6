// The endpoints under /sim/: the oracle's records, the script of faults, the options. Without a token.
#pragma once

#include <string_view>

#include "hubspot_sim/account.hpp"

namespace consent_sync::hubspot_sim {

inline constexpr std::string_view control_prefix = "/sim/";

reply serve_control(account& a, const request_head& head, std::string_view body);

// ["503", {"fault": "502+apply", "headers": {"Retry-After": "3"}, "body": "…", "times": 2, "endpoint":
// "token"}, …]
base::result<void> read_script(account& a, std::string_view body);
// {"limit-requests": 100, "rate-headers": false, "token": ["a", "b"], …}
base::result<void> read_options(account& a, std::string_view body);

}  // namespace consent_sync::hubspot_sim
