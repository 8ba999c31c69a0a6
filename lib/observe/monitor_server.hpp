// A small HTTP server for whoever watches: GET and HEAD, a few connections, short deadlines, nothing is read but
// headers.
//
// Home thread. stop() closes the port and cancels all connections, drain() waits until they are gone; one that still
// waits then must be destroyed before the server (async/home_context.hpp). Errors of a connection end that connection
// and are not logged: scanners are not our trouble. When all places are taken, a new connection gets that of the one
// that has been served nothing for longest: whoever holds connections open keeps nobody from looking.
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

    // "IP:PORT". busy or io: the words say what the system said; nothing listens then.
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
