// The control socket: a Unix stream socket that root, the service's user and the group consent-sync-admin may use to
// steer the daemon, and the service's group to look at it. The kernel tells who asks (SO_PEERCRED, SO_PEERGROUPS).
//
// Home thread. One request a connection, small and within a deadline. stop() removes the socket and cancels all of
// them, drain() waits until they are gone; one that still waits then must be destroyed before the server
// (async/home_context.hpp).
// Connections are bounded by user and by rights (control_places.hpp), so that nobody keeps out who may do more.
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
    // Called for what the peer may ask. It may take its time: a scan of the ledger.
    using perform = std::function<boost::asio::awaitable<control_reply>(control_request, unsigned uid)>;

    control_server(const boost::asio::any_io_executor& home, std::string state_dir, perform act);
    ~control_server();

    // A socket that is left from before is replaced: the caller holds the state folder's lock. After an error it is
    // tried again every few seconds until it can be made (control.listening) or stop() is called. Errors: io, busy,
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
