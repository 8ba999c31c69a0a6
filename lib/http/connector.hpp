// A TCP connection to whichever of several addresses answers first (RFC 8305, "happy eyeballs").
//
// The first address gets a head start; every `stagger`, and at once after a failure, the next one is tried
// beside it, families in turn. So a dead IPv6 route costs a quarter of a second. Losers are closed. Fails
// with connect, connect_timeout or cancelled; the detail names the address that failed last and the system's
// reason.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>

#include "http/resolver.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

constexpr std::chrono::milliseconds connect_stagger{250};

// Requires: at least one address. The socket has TCP_NODELAY set, and is watched as watch_peer() does.
boost::asio::awaitable<step_result<boost::asio::ip::tcp::socket>> connect_first(
    boost::asio::any_io_executor executor, addresses candidates, std::chrono::steady_clock::time_point deadline,
    std::chrono::milliseconds stagger, std::chrono::milliseconds silence);

// A peer may drop packets without a word: a firewall that forgot the connection, a machine that is gone. The kernel
// then ends the connection (ETIMEDOUT) when for `silence` nothing that was sent has been acknowledged; while nothing is
// sent, it asks with keep-alive probes. A peer that takes its time with an answer still acknowledges. On a system
// without these options the deadlines remain.
void watch_peer(boost::asio::ip::tcp::socket& socket, std::chrono::milliseconds silence);

// Ends every wait on the socket with an error.
void close_now(boost::asio::ip::tcp::socket& socket) noexcept;

// The order of trying: the first address's family, then the families in turn, else unchanged.
addresses interleave_families(const addresses& in_order);

}  // namespace consent_sync::http
