// The URLs that the configuration and the environment name: the server, a proxy, a listening address.
//
// Boost.URL splits and checks them (RFC 3986); here stands what the product allows of that. Errors are invalid_input.
// No error shows a user or a password.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace consent_sync::config {

// Of letters, digits, '-', '.' and '_', at most 253. Narrower than a name of RFC 3986, which may hold any character as
// a
// %-code.
bool is_host_name(std::string_view text);

// "host[:port]", "192.0.2.1[:port]" or "[2001:db8::1][:port]".
struct authority {
    std::string host;  // lower case; an IPv6 address without its brackets
    std::uint16_t port = 0;
    bool is_address = false;  // an IP address: needs no name lookup, gets no SNI, is verified as an address

    std::string bracketed_host() const;  // an IPv6 address in brackets
    std::string with_port() const;       // for a URL or a Host header
    bool is_loopback() const;            // "localhost", 127.0.0.0/8 or ::1
};

// A port of 1 to 65535; `default_port` where the text has none, and 0 says that it must have one. The error is a
// fragment, such as: the port "0" is not 1 to 65535.
base::result<authority> parse_authority(std::string_view text, std::uint16_t default_port);

// IP:PORT; port 0 lets the kernel choose.
base::result<authority> parse_listen_address(std::string_view text);

// Where requests go: hubspot.base_url. http:// would show the token to everybody on the way, so it is allowed only to
// this machine: for tests, and for a local gateway.
struct endpoint {
    config::authority authority;
    std::string prefix;  // "", or "/path" without a slash at its end; stands before the target of every request
    bool plain = false;  // http://

    std::string host_header() const;  // without the port where it is the scheme's own
};

// https://HOST[:PORT][/PATH], or http:// to a loopback address.
base::result<endpoint> parse_endpoint(std::string_view base_url);

// A proxy that is reached by HTTP and asked for a tunnel.
struct proxy {
    config::authority authority;
    std::string credentials;  // "user:password", decoded; empty: none. Secret: never in a log line
};

// [http://][USER:PASSWORD@]HOST[:PORT][/], as in HTTPS_PROXY. The port is 80 if none is given, as in every http:// URL.
// USER and PASSWORD are %-encoded; everything up to the last '@' belongs to them, as curl reads it.
base::result<proxy> parse_proxy(std::string_view url);

// A path that begins with '/', without query and fragment, of at most 1,024 bytes.
bool is_http_path(std::string_view text);

}  // namespace consent_sync::config
