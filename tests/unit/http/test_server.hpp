// A small HTTP server on the tests' own io_context, on a loopback port that the kernel chose, that does what
// the script says: answers, half answers, garbage, silence, resets.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "unit/http/test_certificates.hpp"

namespace consent_sync::http::test {

struct reply {
    enum class then { keep, close, reset, hang, go_silent };  // go_silent: drops every packet, and acknowledges none
    std::string bytes;
    then after = then::keep;
    std::optional<std::chrono::milliseconds> drip;  // set: byte by byte, with this pause
    bool endless = false;                           // the bytes again and again, as fast as they are taken
};

// "HTTP/1.1 <status> X" with Content-Length.
std::string answer(unsigned status, const std::string& body, const std::string& headers = "");

struct server_options {
    enum class security { plain, tls, old_tls, tls_stalls, tls_12 };
    security secure = security::tls;
    flaw certificate = flaw::none;
    bool ipv6 = false;
    bool takes_early_data = false;            // says so with every session
    std::chrono::milliseconds idle_close{0};  // a connection without a request is closed after this; 0: never
};

struct server_parts;

class test_server {
  public:
    using script = std::function<reply(const std::string& request)>;

    test_server(const boost::asio::any_io_executor& executor, server_options options, script on_request);
    ~test_server();
    test_server(const test_server&) = delete;
    test_server& operator=(const test_server&) = delete;

    std::uint16_t port() const;
    unsigned connections() const;  // accepted
    unsigned handshakes() const;   // TLS handshakes that ended well
    unsigned resumed() const;      // of them, with a resumed session
    unsigned early_data() const;   // handshakes with which the client sent something already
    unsigned open() const;         // connections that are served now
    const std::vector<std::string>& requests() const;
    const std::string& server_name() const;  // the SNI of the last handshake
    // Ends all connections and the listening.
    void stop();

  private:
    std::shared_ptr<server_parts> parts_;
};

}  // namespace consent_sync::http::test
