// The life of a connection: handshake, then requests one after the other until either side closes it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <unordered_set>

#include "hubspot_sim/account.hpp"
#include "hubspot_sim/connection.hpp"

namespace consent_sync::hubspot_sim {

// Shared by all sessions; outlives the io_context. Only the io_context's thread uses `open`.
struct session_world {
    account& hubspot;
    std::unordered_set<connection*> open;
};

boost::asio::awaitable<void> run_session(std::unique_ptr<connection> c, session_world& world);

}  // namespace consent_sync::hubspot_sim
