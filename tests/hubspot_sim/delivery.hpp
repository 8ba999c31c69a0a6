// Sends a reply, correctly or as a fault demands.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "hubspot_sim/connection.hpp"
#include "hubspot_sim/error_answers.hpp"
#include "hubspot_sim/fault.hpp"

namespace consent_sync::hubspot_sim {

// The whole message. `promised`: what Content-Length says.
std::string format_message(const reply& r, bool keep_alive, std::size_t promised);

// Returns whether the connection may carry another request; otherwise it is closed. Calls `before_end` once, before it
// sends the bytes that show the client the end of its request. References must outlive the call.
boost::asio::awaitable<bool> deliver(connection& c, const fault& f, const reply& r, bool keep_alive,
                                     const std::function<void()>& before_end);

}  // namespace consent_sync::hubspot_sim
