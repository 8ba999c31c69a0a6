// One accepted connection, with TLS or without: bytes in, bytes out, and every way of ending it.
//
// Used from the thread of its io_context alone. All waits end when the peer leaves or close() or reset() is
// called.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace consent_sync::hubspot_sim {

using std::chrono::milliseconds;

// How a connection dies under its next request, which is long after it was opened. A new one knows nothing of it.
struct death {
    enum class moment {
        request_begun,    // its head is read, nothing else; nobody has received it
        request_read,     // all of it, and nothing is done about it
        request_applied,  // and done what it asks for, without a word
        answer_begun,     // the same, and half the head of the answer is out
        timed_out,        // nothing is done: an answer of 408, as of a server that waited too long for a request
    };
    enum class way { close_notify, fin, reset };
    moment at = moment::request_begun;
    way how = way::fin;
};

// As text: "request-begun", "request-read", "request-applied", "answer-begun", "timed-out"; "close-notify", "fin",
// "reset".
std::optional<death> parse_death(std::string_view moment, std::string_view way);

class connection {
  public:
    // `tls` null: plain. Borrowed for the life of the connection.
    connection(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, std::uint64_t id);

    boost::asio::awaitable<boost::system::error_code> handshake();
    // `limit` 0: waits for ever. At the limit the connection is closed.
    boost::asio::awaitable<std::pair<boost::system::error_code, std::size_t>> read_some(boost::asio::mutable_buffer to,
                                                                                        milliseconds limit);
    boost::asio::awaitable<boost::system::error_code> write(boost::asio::const_buffer from);

    boost::asio::awaitable<void> close();  // in order: close_notify, FIN
    void reset();                          // TCP RST
    void stop();                           // without a word of TLS; pending operations end
    // The peer has closed its side, whatever bytes may still be unread.
    bool peer_is_gone();
    int native_socket();
    boost::asio::awaitable<void> die(death::way how);
    std::uint64_t id() const { return id_; }
    bool idle = false;  // waits for a request

    void doom(death d) { doom_ = d; }
    const std::optional<death>& doomed() const { return doom_; }

  private:
    boost::beast::tcp_stream stream_;
    std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
    std::uint64_t id_;
    std::optional<death> doom_;
};

// Waits on the current executor.
boost::asio::awaitable<void> pause_for(milliseconds duration);
// Returns when the peer has left.
boost::asio::awaitable<void> wait_until_gone(connection& c);

}  // namespace consent_sync::hubspot_sim
