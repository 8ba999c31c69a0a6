// The transport that the daemon uses: HTTP/1.1 over TLS to one server, directly or through a proxy, over kept-alive
// connections.
//
// Every send() ends: name lookup, TCP and proxy within timeouts.connect, the TLS handshake within timeouts.tls, the
// request within timeouts.request, counted from its first byte. Redirects are responses and are never followed. It
// opens as many connections as there are exchanges at the same time, which the caller bounds, and keeps connections_max
// of them when they become idle. A connection is dropped after any failure, and after a response that asks for it.
//
// An idle connection that the server has closed is noticed before a request is written to it. One that closes under the
// request ends as connection_lost with written = true, because the server may have acted on the request: nothing is
// sent twice here. It also ends with idle_connection_died, and all other idle connections are closed
// (connection_pool.hpp).
//
// Cancellation: terminal; the exchange ends with failure_step::cancelled and its connection is closed. One thread: the
// executor's. Destroy it before its io_context; exchanges that are still under way then go on, and their connections
// are closed after them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "config/url.hpp"
#include "http/proxy.hpp"
#include "http/resolver.hpp"
#include "http/transport.hpp"

namespace consent_sync::http {

struct transport_limits {
    response_limits response;
    std::size_t connections_max = 192;          // idle connections kept
    std::chrono::milliseconds idle{25'000};     // an idle connection is closed after this; HubSpot does it after 30 s
    std::chrono::milliseconds silence{20'000};  // a peer that acknowledges nothing for so long is gone
};

struct https_options {
    config::endpoint to;
    std::optional<config::proxy> via;
    std::string ca_file;  // PEM; empty: the system's authorities
    config::timeout_settings timeouts;
    transport_limits limits;
    lookup_function lookup = system_lookup;
};

// What hubspot_settings and this process's environment say. Errors: invalid_input, about base_url or the
// proxy.
base::result<https_options> read_https_options(const config::hubspot_settings& settings, const environment& variables);

struct transport_counters {
    std::uint64_t connections_opened = 0;
    std::uint64_t tls_sessions_resumed = 0;
    std::uint64_t idle_found_closed = 0;  // idle connections that the server closed before they were used again
    std::uint64_t idle_died = 0;          // those that ended under their next request
};

class https_transport final : public transport {
  public:
    // Errors: tls.ca_file cannot be used.
    static base::result<std::unique_ptr<https_transport>> make(const boost::asio::any_io_executor& executor,
                                                               https_options options);
    ~https_transport() override;
    https_transport(const https_transport&) = delete;
    https_transport& operator=(const https_transport&) = delete;

    boost::asio::awaitable<exchange> send(request r, std::function<void()> on_written) override;

    // Closes what is idle; also ends the timer that would keep io_context::run() from returning.
    void close_idle() override;

    // How many idle connections are kept from now on.
    void keep_idle(std::size_t connections_max) override;

    std::size_t open_connections() const;
    std::size_t idle_connections() const;
    transport_counters counters() const;

  private:
    struct core;
    explicit https_transport(std::shared_ptr<core> c);
    std::shared_ptr<core> core_;
};

}  // namespace consent_sync::http
