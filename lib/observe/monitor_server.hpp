// A small HTTP server for monitoring: GET and HEAD, few connections, short deadlines; it reads headers only.
//
// Home thread. stop() closes the port and cancels all connections; drain() waits until they have ended. Any that are
// left must be destroyed before the server (async/home_context.hpp). An error ends its connection and is not logged, so
// that port scanners cannot fill the log. When all places are taken, a new connection replaces the one that has been
// idle for longest, so idle clients cannot lock out others.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "base/result.hpp"
#include "observe/monitor_answer.hpp"

namespace consent_sync::observe {

class monitor_server {
  public:
    using make_answer = std::function<boost::asio::awaitable<monitor_answer>(monitor_page)>;

    // `hosts`: names beside this machine's own by which it may be asked.
    monitor_server(const boost::asio::any_io_executor& home, make_answer make,
                   const std::vector<std::string>& hosts = {});

    // "IP:PORT". Errors: busy, io, with the system's message; then nothing listens.
    base::result<void> listen(const std::string& address);
    unsigned short port() const;
    void stop();
    boost::asio::awaitable<bool> drain(std::chrono::steady_clock::time_point deadline) {
        return tasks_.wait_empty(deadline);
    }

  private:
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
    bool make_room();

    make_answer make_;
    std::vector<std::string> names_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::list<boost::beast::tcp_stream*> idle_;  // that wait for their client, longest first
    async::task_group tasks_;
};

}  // namespace consent_sync::observe
