// A request as the bytes of HTTP/1.1.
#pragma once

#include <string>

#include "config/url.hpp"
#include "http/proxy.hpp"
#include "http/transport.hpp"

namespace consent_sync::http {

// Replaces `text` (and keeps its capacity: it is a connection's buffer) by head and body in one piece. One
// copy of the body costs less than what a separate write costs: one more TLS record and system call. Throws
// std::invalid_argument when the method, the target or a header holds a line break, a space where none may
// be, or a header is the transport's own (Host, Content-Length, Connection, Transfer-Encoding): a bug of the
// caller that must never reach a server.
void format_request(const request& r, const config::endpoint& to, std::string& text);

// The request that asks the proxy for a tunnel to `target`.
std::string format_connect(const config::proxy& via, const config::authority& target);

}  // namespace consent_sync::http
