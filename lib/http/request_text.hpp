// A request as the bytes of HTTP/1.1, by Beast.
#pragma once

#include <string>

#include "config/url.hpp"
#include "http/transport.hpp"

namespace consent_sync::http {

// Head and body in one piece: copying the body once costs less than writing it separately, which takes one more TLS
// record and system call. Throws std::invalid_argument when the method, the target or a header holds a line break or a
// space where none may be, or when a header is the transport's own (Host, Content-Length, Connection,
// Transfer-Encoding): a bug of the caller that must never reach a server.
std::string format_request(const request& r, const config::endpoint& to);

// The request that asks the proxy for a tunnel to `target`.
std::string format_connect(const config::proxy& via, const config::authority& target);

}  // namespace consent_sync::http
