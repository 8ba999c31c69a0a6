// The control socket: a Unix stream socket. Root, the service's user and the group consent-sync-admin may control the
// daemon; the service's group may ask for its status. The kernel tells who is asking (SO_PEERCRED, SO_PEERGROUPS).
//
// Home thread. A connection carries one small request, within a deadline. stop() removes the socket and cancels all
// connections; drain() waits until they have ended. Any that are left must be destroyed before the server
// (async/home_context.hpp). The number of connections is limited by user and by rights (control_places.hpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "async/task_group.hpp"
#include "base/result.hpp"
#include "observe/control_message.hpp"
#include "observe/control_places.hpp"

namespace consent_sync::observe {

class control_server {
  public:
    // Called for requests that the peer may make. It may take long: some scan the ledger.
    using perform = std::function<boost::asio::awaitable<control_reply>(control_request, unsigned uid)>;

    control_server(const boost::asio::any_io_executor& home, std::string state_dir, perform act);
    ~control_server();

    // Replaces a socket that an earlier run left: the caller holds the lock of the state folder. After an error it
    // tries again every few seconds, until it succeeds (control.listening) or stop() is called. Errors: io, busy,
    // invalid_input.
    base::result<void> listen(const std::string& path);
    void stop();
    boost::asio::awaitable<bool> drain(std::chrono::steady_clock::time_point deadline) {
        return tasks_.wait_empty(deadline);
    }

  private:
    base::result<void> open(const std::string& path);
    boost::asio::awaitable<void> listen_later(std::string path);
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(boost::asio::local::stream_protocol::socket socket, control_peer who,
                                       control_places::kind kind);
    boost::asio::awaitable<control_reply> reply_to(std::string line, control_peer who);
    void log_refused(control_command command, unsigned uid);

    boost::asio::any_io_executor home_;
    std::string state_dir_;
    perform act_;
    std::string path_;
    control_rights rights_;
    control_places places_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    async::task_group tasks_;
};

}  // namespace consent_sync::observe
