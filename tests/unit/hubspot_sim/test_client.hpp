// A small blocking HTTPS client for the tests of the simulator: it sees bytes as they are, and TLS as OpenSSL
// does.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "hubspot_sim/simulator.hpp"

namespace consent_sync::hubspot_sim {

namespace http = boost::beast::http;

inline const std::string test_token = options().tokens.front();

struct test_answer {
    boost::system::error_code error;  // set: there is no whole answer
    unsigned status = 0;
    http::fields headers;
    std::string body;
    boost::json::object json() const { return boost::json::parse(body).as_object(); }
    std::string header(const std::string& name) const { return std::string(headers[name]); }
};

inline std::string item(const std::string& subscriber, const std::string& status = "SUBSCRIBED",
                        std::int64_t subscription = 7) {
    return "{\"subscriberIdString\":\"" + subscriber + "\",\"subscriptionId\":" + std::to_string(subscription) +
           ",\"channel\":\"EMAIL\",\"statusState\":\"" + status + "\"}";
}

inline std::string batch(const std::vector<std::string>& items) {
    std::string body = "{\"inputs\":[";
    for (const std::string& i : items) body += (body.back() == '[' ? "" : ",") + i;
    return body + "]}";
}

class test_client {
  public:
    explicit test_client(const simulator& sim) : sim_(sim), tls_(boost::asio::ssl::context::tls_client) {
        if (!sim.authority_pem().empty()) tls_.add_certificate_authority(boost::asio::buffer(sim.authority_pem()));
        tls_.set_verify_mode(boost::asio::ssl::verify_peer);
    }

    // The error of the connection or the handshake.
    boost::system::error_code connect() {
        stream_.emplace(context_, tls_);
        buffer_.clear();
        stream_->set_verify_callback(boost::asio::ssl::host_name_verification("localhost"));
        boost::system::error_code ec;
        const boost::asio::ip::tcp::endpoint at(boost::asio::ip::address_v4::loopback(), sim_.port());
        stream_->lowest_layer().connect(at, ec);
        if (!ec) stream_->handshake(boost::asio::ssl::stream_base::client, ec);
        return ec;
    }

    // Without an answer in between: for requests that get none.
    void send(const std::string& body, const std::string& token = test_token, const std::string& path = {}) {
        const std::string head =
            "POST " + (path.empty() ? std::string(write_path) : path) +
            " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + token +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
        send_raw(head + body);
    }
    void send_raw(const std::string& text) {
        boost::system::error_code ignored;
        boost::asio::write(*stream_, boost::asio::buffer(text), ignored);
    }

    test_answer receive() {
        http::response_parser<http::string_body> parser;
        parser.body_limit(1 << 20);
        test_answer a;
        http::read(*stream_, buffer_, parser, a.error);
        a.status = parser.get().result_int();
        a.headers = parser.get().base();
        a.body = parser.get().body();
        return a;
    }

    test_answer write(const std::vector<std::string>& items) {
        send(batch(items));
        return receive();
    }

    void close() { stream_->lowest_layer().close(); }

  private:
    const simulator& sim_;
    boost::asio::io_context context_;
    boost::asio::ssl::context tls_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> stream_;
    boost::beast::flat_buffer buffer_;
};

}  // namespace consent_sync::hubspot_sim
