// The inside of the simulator: io_contexts, their threads, and the acceptors.
#pragma once

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hubspot_sim/fast.hpp"
#include "hubspot_sim/session.hpp"
#include "hubspot_sim/simulator.hpp"

namespace consent_sync::hubspot_sim {

class simulator::impl {
  public:
    explicit impl(options o);
    ~impl();
    base::result<void> start();
    void stop();
    void refuse_connections(bool refuse);
    void cut_connections();

    // The first one accepts, and carries all sessions but those of the fast mode.
    struct worker {
        boost::asio::io_context context{1};
        std::thread thread;
    };

    const options settings;
    account hubspot;
    fast_world fast;
    session_world world;
    certificate authority;
    std::uint16_t port = 0;

  private:
    base::result<void> listen(std::uint16_t on_port);
    base::result<void> listen_at(const boost::asio::ip::address& address, std::uint16_t on_port);
    boost::asio::awaitable<void> accept_all(std::shared_ptr<boost::asio::ip::tcp::acceptor> acceptor);
    void open_session(boost::asio::ip::tcp::socket socket, worker& on);
    template <class Function>
    void run_inside(Function f);

    boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
    std::uint64_t connections_ = 0;  // touched by the first worker only
    std::vector<std::shared_ptr<boost::asio::ip::tcp::acceptor>> acceptors_;
    // Last: their coroutines refer to everything above.
    std::vector<std::unique_ptr<worker>> workers_;
};

}  // namespace consent_sync::hubspot_sim
