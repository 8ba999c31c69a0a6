// Where requests go: hubspot.base_url in parts.
//
// https://host[:port][/prefix] is taken everywhere. http:// would show the token to everybody on the way, so
// it is taken only for localhost and loopback addresses, for tests and for a local gateway; is_plain() lets
// the daemon say so in its log.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/authority.hpp"

namespace consent_sync::http {

struct endpoint {
    http::authority authority;
    std::string prefix;  // "" or "/path" without a slash at its end; stands before every request's target
    bool plain = false;

    bool is_plain() const { return plain; }
    // The Host header: without the port where it is the scheme's own.
    std::string host_header() const;
};

// Errors: invalid_input, a sentence that quotes base_url (without user information) and says what is allowed.
base::result<endpoint> parse_endpoint(std::string_view base_url);

}  // namespace consent_sync::http
