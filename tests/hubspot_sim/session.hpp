// One connection's life: handshake, then requests one after the other until either side has enough.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <unordered_set>

#include "hubspot_sim/account.hpp"
#include "hubspot_sim/connection.hpp"

namespace consent_sync::hubspot_sim {

// Shared by all sessions; outlives the io_context. `open` is touched on the io_context's thread only.
struct session_world {
    account& hubspot;
    std::unordered_set<connection*> open;
};

boost::asio::awaitable<void> run_session(std::unique_ptr<connection> c, session_world& world);

}  // namespace consent_sync::hubspot_sim
