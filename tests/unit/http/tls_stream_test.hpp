// The TLS stream that tls_client makes, over a real socket, and a real server of OpenSSL at the other end.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/tls.hpp"
#include "unit/http/test_certificates.hpp"

namespace consent_sync::http::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using server_stream = asio::ssl::stream<tcp::socket>;

struct io_result {
    boost::system::error_code error;
    std::size_t bytes = 0;
};

inline std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 23 + i / 1000 % 3);
    return text;
}

struct pending {
    std::optional<io_result> outcome;
    asio::cancellation_signal signal;
};

inline asio::awaitable<io_result> read_some(tls_stream& from, std::span<char> into) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto area = asio::buffer(into.data(), into.size());
    const auto [error, bytes] = co_await from.async_read_some(area, asio::as_tuple(asio::use_awaitable));
    co_return io_result{error, bytes};
}

inline asio::awaitable<io_result> write_all(tls_stream& into, std::string_view text) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto area = asio::buffer(text.data(), text.size());
    const auto [error, bytes] = co_await asio::async_write(into, area, asio::as_tuple(asio::use_awaitable));
    co_return io_result{error, bytes};
}

class TlsStream : public ::testing::TestWithParam<int> {
  protected:
    void SetUp() override {
        const certificate& mine = server_certificate(flaw::none);
        server_context.use_certificate_chain(asio::buffer(mine.chain_pem));
        server_context.use_private_key(asio::buffer(mine.key_pem), asio::ssl::context::pem);
        SSL_CTX_set_max_proto_version(server_context.native_handle(), GetParam());
        connect();
    }
    void TearDown() override {
        client.reset();
        server.reset();
        context.restart();
        context.run_for(std::chrono::seconds(5));
        EXPECT_TRUE(context.stopped()) << "work is left behind";
    }

    void connect() {
        tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        tcp::socket near(context);
        near.connect(acceptor.local_endpoint());
        near.set_option(tcp::no_delay(true));
        server.emplace(acceptor.accept(), server_context);
        server->next_layer().set_option(tcp::no_delay(true));
        std::optional<boost::system::error_code> shaken;
        server->async_handshake(asio::ssl::stream_base::server,
                                [&](const boost::system::error_code& error) { shaken = error; });
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        asio::co_spawn(context, secured->secure(std::move(near), until), [&](const std::exception_ptr& bug, auto made) {
            if (bug) std::rethrow_exception(bug);
            client = std::move(made.value());
        });
        run_until([&] { return client && shaken; });
        ASSERT_FALSE(*shaken) << shaken->message();
    }

    void run_until(const std::function<bool()>& reached) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!reached() && std::chrono::steady_clock::now() < until) {
            context.restart();
            context.run_one_for(std::chrono::milliseconds(5));
        }
        ASSERT_TRUE(reached()) << "it did not happen within 20 s";
    }

    std::shared_ptr<pending> begin(asio::awaitable<io_result> what) {
        auto started = std::make_shared<pending>();
        asio::co_spawn(context, std::move(what),
                       asio::bind_cancellation_slot(started->signal.slot(),
                                                    [started](const std::exception_ptr& bug, io_result result) {
                                                        if (bug) std::rethrow_exception(bug);
                                                        started->outcome = result;
                                                    }));
        context.restart();
        context.poll();
        return started;
    }
    io_result finish(const std::shared_ptr<pending>& started) {
        run_until([&] { return started->outcome.has_value(); });
        return started->outcome.value_or(io_result{asio::error::timed_out, 0});
    }
    io_result read(std::span<char> into) { return finish(begin(read_some(*client, into))); }
    io_result write(std::string_view text) { return finish(begin(write_all(*client, text))); }

    // All of it, in pieces of at most `room`.
    std::string read_all(std::size_t size, std::size_t room) {
        std::string text;
        std::string piece(room, '\0');
        while (text.size() < size) {
            const io_result got = read(piece);
            EXPECT_FALSE(got.error) << got.error.message();
            if (got.error) break;
            text.append(piece, 0, got.bytes);
        }
        return text;
    }

    void serve(std::string_view text) { asio::write(*server, asio::buffer(text.data(), text.size())); }
    void serve_raw(std::string_view bytes) {
        asio::write(server->next_layer(), asio::buffer(bytes.data(), bytes.size()));
    }
    void cut() { server->next_layer().close(); }
    void reset() {
        server->next_layer().set_option(asio::socket_base::linger(true, 0));
        cut();
    }
    // Says goodbye and does not wait for the client's.
    void say_goodbye() {
        server->async_shutdown([](const boost::system::error_code&) {});
    }
    std::string take(std::size_t most) {
        std::string text(most, '\0');
        text.resize(server->read_some(asio::buffer(text)));
        return text;
    }
    // Past the tickets of TLS 1.3.
    void exchange_something() {
        serve("x");
        char byte = 0;
        EXPECT_EQ(read(std::span<char>(&byte, 1)).bytes, 1u);
    }
    bool quiet() { return is_quiet(client); }
    bool is_13() const { return GetParam() == TLS1_3_VERSION; }

    asio::io_context context{1};
    asio::ssl::context server_context{asio::ssl::context::tls_server};
    std::optional<server_stream> server;
    std::unique_ptr<tls_client> secured =
        tls_client::make(authority_file(), config::authority{"localhost", 443, false}).value();
    std::unique_ptr<tls_stream> client;
};

}  // namespace consent_sync::http::test
