// "host[:port]", "1.2.3.4[:port]" or "[::1][:port]", as it stands in URLs and in NO_PROXY.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace consent_sync::http {

struct authority {
    std::string host;  // lower case, an IPv6 address without its brackets
    std::uint16_t port = 0;
    bool is_address = false;  // an IP literal: no name lookup, no SNI, verified as an address

    // The text for a URL or a Host header, with the port.
    std::string with_port() const;
    // The host alone; an IPv6 address in brackets.
    std::string bracketed_host() const;
};

// Errors (invalid_input) are fragments such as "the port \"0\" is not 1 to 65535" that the caller completes.
// A default_port of 0 means that the text must name one.
base::result<authority> parse_authority(std::string_view text, std::uint16_t default_port);

}  // namespace consent_sync::http
