// The bytes of a TLS connection, over real sockets and with a real server of OpenSSL at the other end: TLS 1.2 and 1.3.
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
#include <optional>
#include <string>

#include "http/tls.hpp"
#include "unit/http/test_certificates.hpp"

namespace consent_sync::http::test {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using server_stream = asio::ssl::stream<tcp::socket>;
using io_result = byte_stream::io_result;

constexpr std::size_t record_most = 16'384;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 23 + i / 1000 % 3);
    return text;
}

struct pending {
    std::optional<io_result> outcome;
    asio::cancellation_signal signal;
};

asio::awaitable<io_result> read_one(byte_stream& stream, std::span<char> into) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await stream.read_some(into);
}

asio::awaitable<io_result> write_one(byte_stream& stream, std::string_view text) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await stream.write_all(text);
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
    io_result read(std::span<char> into) { return finish(begin(read_one(*client, into))); }
    io_result write(std::string_view text) { return finish(begin(write_one(*client, text))); }

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
    bool is_13() const { return GetParam() == TLS1_3_VERSION; }

    asio::io_context context{1};
    asio::ssl::context server_context{asio::ssl::context::tls_server};
    std::optional<server_stream> server;
    std::unique_ptr<tls_client> secured =
        tls_client::make(tls_options{authority_file()}, authority{"localhost", 443, false}).value();
    std::unique_ptr<byte_stream> client;
};

TEST_P(TlsStream, BringsWhatHasComeInOneRead) {
    const std::string text = pattern(43'000);
    serve(text);
    std::string into(48 * 1024, '\0');
    const io_result got = read(into);
    EXPECT_FALSE(got.error) << got.error.message();
    EXPECT_EQ(into.substr(0, got.bytes), text);
    EXPECT_TRUE(client->is_quiet());
}

TEST_P(TlsStream, ReadsMoreThanARecordAndMoreThanItsBufferIntoAnyRoom) {
    for (const std::size_t room : {std::size_t(300), std::size_t(5000), record_most, std::size_t(200'000)}) {
        const std::string text = pattern(300'000);
        bool written = false;
        asio::async_write(*server, asio::buffer(text), [&](const boost::system::error_code& error, std::size_t) {
            EXPECT_FALSE(error) << error.message();
            written = true;
        });
        EXPECT_TRUE(read_all(text.size(), room) == text) << room;
        run_until([&] { return written; });
        EXPECT_TRUE(client->is_quiet());
    }
}

TEST_P(TlsStream, KeepsWhatTheRoomDoesNotHold) {
    serve(pattern(30'000));
    std::string piece(100, '\0');
    EXPECT_EQ(read(piece).bytes, 100u);
    EXPECT_FALSE(client->is_quiet());
    cut();
    EXPECT_EQ(read_all(29'900, 29'900), pattern(30'000).substr(100));
    EXPECT_EQ(read(piece).error, asio::ssl::error::stream_truncated);
}

TEST_P(TlsStream, WritesMegabytesToAPeerThatReadsSlowly) {
    server->next_layer().set_option(asio::socket_base::receive_buffer_size(65'536));
    const std::string text = pattern(8'000'000);
    const auto written = begin(write_one(*client, text));
    EXPECT_FALSE(written->outcome);
    std::string came;
    std::string piece(10'000, '\0');
    std::function<void(const boost::system::error_code&, std::size_t)> on_read;
    on_read = [&](const boost::system::error_code& error, std::size_t bytes) {
        ASSERT_FALSE(error) << error.message();
        came.append(piece, 0, bytes);
        if (came.size() < text.size()) server->async_read_some(asio::buffer(piece), on_read);
    };
    server->async_read_some(asio::buffer(piece), on_read);
    run_until([&] { return came.size() == text.size(); });
    EXPECT_TRUE(came == text);
    const io_result result = finish(written);
    EXPECT_FALSE(result.error) << result.error.message();
    EXPECT_EQ(result.bytes, text.size());
}

TEST_P(TlsStream, ExchangesOneAfterTheOther) {
    for (std::size_t size : {1u, 22'000u, 16'384u, 70'000u}) {
        EXPECT_FALSE(write(pattern(size)).error);
        std::string came;
        while (came.size() < size) came += take(size);
        EXPECT_EQ(came, pattern(size));
        serve("got " + std::to_string(size));
        std::string into(100, '\0');
        const io_result got = read(into);
        EXPECT_EQ(into.substr(0, got.bytes), "got " + std::to_string(size));
        EXPECT_TRUE(client->is_quiet());
    }
}

TEST_P(TlsStream, ALineThatIsCutIsNoOrderlyEnd) {
    exchange_something();
    serve("half");
    cut();
    std::string into(100, '\0');
    EXPECT_EQ(read(into).bytes, 4u);
    EXPECT_FALSE(client->is_quiet());
    EXPECT_EQ(read(into).error, asio::ssl::error::stream_truncated);
    EXPECT_EQ(read(into).error, asio::ssl::error::stream_truncated);
}

TEST_P(TlsStream, ALineThatIsCutInARecordLosesThatRecordOnly) {
    serve("whole");
    serve_raw(std::string("\x17\x03\x03\x10\x00half", 9));
    cut();
    std::string into(100, '\0');
    EXPECT_EQ(read(into).bytes, 5u);
    EXPECT_FALSE(client->is_quiet());
    EXPECT_EQ(read(into).error, asio::ssl::error::stream_truncated);
}

TEST_P(TlsStream, AResetIsAnError) {
    exchange_something();
    reset();
    std::string into(100, '\0');
    EXPECT_EQ(read(into).error, asio::error::connection_reset);
    EXPECT_FALSE(client->is_quiet());
}

TEST_P(TlsStream, WritingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
    exchange_something();
    reset();
    EXPECT_TRUE(write("one").error);
    EXPECT_TRUE(write("two").error);
}

TEST_P(TlsStream, AnOrderlyEndIsTheEnd) {
    exchange_something();
    say_goodbye();
    context.restart();
    context.poll();
    EXPECT_FALSE(client->is_quiet());
    std::string into(100, '\0');
    EXPECT_EQ(read(into).error, asio::error::eof);
    EXPECT_FALSE(client->is_quiet());
    EXPECT_EQ(read(into).error, asio::error::eof);
}

TEST_P(TlsStream, AnEndThatComesWithTheLastBytesIsToldAfterThem) {
    serve(pattern(20'000));
    say_goodbye();
    context.restart();
    context.poll();
    std::string into(48 * 1024, '\0');
    const io_result got = read(into);
    EXPECT_FALSE(got.error) << got.error.message();
    EXPECT_EQ(got.bytes, 20'000u);
    EXPECT_FALSE(client->is_quiet());
    EXPECT_EQ(read(into).error, asio::error::eof);
}

TEST_P(TlsStream, WhatCameWithoutBeingAskedForIsNotQuiet) {
    exchange_something();
    EXPECT_TRUE(client->is_quiet());
    serve("y");
    EXPECT_FALSE(client->is_quiet());
}

TEST_P(TlsStream, ARecordOfWhichOnlyTheHeaderCameIsNotQuiet) {
    for (const std::size_t size : {std::size_t(1), std::size_t(5), std::size_t(9)}) {
        connect();
        serve("whole");
        serve_raw(std::string("\x17\x03\x03\x10\x00half", size));
        std::string into(100, '\0');
        EXPECT_EQ(read(into).bytes, 5u);
        EXPECT_FALSE(client->is_quiet()) << size;
    }
}

TEST_P(TlsStream, ABadRecordIsAnErrorOfTheProtocolAndThePeerIsTold) {
    serve("whole");
    serve_raw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
    std::string into(100, '\0');
    EXPECT_EQ(read(into).bytes, 5u);
    EXPECT_FALSE(client->is_quiet());
    EXPECT_EQ(read(into).error.category(), asio::error::get_ssl_category());
    EXPECT_TRUE(write("more").error);
    boost::system::error_code told;
    server->read_some(asio::buffer(into), told);
    EXPECT_EQ(ERR_GET_REASON(static_cast<unsigned long>(told.value())), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
}

class TlsNewKeys : public TlsStream {};  // TLS 1.2 has none

// Counts what a client says to a server of its keys.
void count_key_updates(int is_written, int, int kind, const void* message, std::size_t size, SSL*, void* count) {
    if (is_written != 0 || kind != SSL3_RT_HANDSHAKE || size == 0) return;
    if (*static_cast<const unsigned char*>(message) == SSL3_MT_KEY_UPDATE) ++*static_cast<int*>(count);
}

TEST_P(TlsNewKeys, AreTakenAndGivenInTheMiddleOfAnExchange) {
    int updates = 0;
    SSL_set_msg_callback(server->native_handle(), &count_key_updates);
    SSL_set_msg_callback_arg(server->native_handle(), &updates);
    serve(pattern(20'000));
    for (int round = 0; round < 3; ++round) {
        SSL_key_update(server->native_handle(), SSL_KEY_UPDATE_REQUESTED);
        serve(pattern(20'000));
    }
    EXPECT_EQ(read_all(80'000, 48 * 1024), pattern(20'000) + pattern(20'000) + pattern(20'000) + pattern(20'000));
    EXPECT_TRUE(client->is_quiet());
    EXPECT_FALSE(write("next").error);
    EXPECT_EQ(take(10), "next");
    EXPECT_EQ(updates, 3);
}

// By a server that does not wait for a request.
TEST_P(TlsNewKeys, AreNotQuietWithoutAnAnswerAndKeepNothingFromWorking) {
    exchange_something();
    SSL_key_update(server->native_handle(), SSL_KEY_UPDATE_REQUESTED);
    std::optional<boost::system::error_code> shaken;
    server->async_handshake(asio::ssl::stream_base::server,
                            [&](const boost::system::error_code& error) { shaken = error; });
    run_until([&] { return shaken.has_value(); });
    ASSERT_FALSE(*shaken) << shaken->message();
    EXPECT_FALSE(client->is_quiet());
    EXPECT_FALSE(write("request").error);
    EXPECT_EQ(take(10), "request");
    exchange_something();
    EXPECT_TRUE(client->is_quiet());
}

TEST_P(TlsStream, TicketsAreTakenOnTheWay) {
    std::string into(100, '\0');
    EXPECT_EQ(client->is_quiet(), !is_13());  // they are what has come
    EXPECT_FALSE(write("request").error);
    EXPECT_EQ(take(10), "request");
    serve("answer");
    EXPECT_EQ(read(into).bytes, 6u);
    EXPECT_TRUE(client->is_quiet());
    EXPECT_EQ(secured->sessions_resumed(), 0u);
    connect();
    EXPECT_EQ(secured->sessions_resumed(), 1u);
}

TEST_P(TlsStream, CancellationEndsAReadAndAWrite) {
    exchange_something();
    char byte = 0;
    auto waiting = begin(read_one(*client, std::span<char>(&byte, 1)));
    EXPECT_FALSE(waiting->outcome);
    asio::post(context, [&] { waiting->signal.emit(asio::cancellation_type::terminal); });
    EXPECT_EQ(finish(waiting).error, asio::error::operation_aborted);
    connect();
    const std::string text = pattern(30'000'000);
    waiting = begin(write_one(*client, text));
    EXPECT_FALSE(waiting->outcome);
    asio::post(context, [&] { waiting->signal.emit(asio::cancellation_type::terminal); });
    EXPECT_EQ(finish(waiting).error, asio::error::operation_aborted);
}

TEST_P(TlsStream, CloseEndsAReadAndAWrite) {
    exchange_something();
    char byte = 0;
    auto waiting = begin(read_one(*client, std::span<char>(&byte, 1)));
    EXPECT_FALSE(waiting->outcome);
    client->close();
    EXPECT_TRUE(finish(waiting).error);
    EXPECT_FALSE(client->is_quiet());
    EXPECT_TRUE(read(std::span<char>(&byte, 1)).error);
    connect();
    const std::string text = pattern(30'000'000);
    waiting = begin(write_one(*client, text));
    EXPECT_FALSE(waiting->outcome);
    client->close();
    EXPECT_TRUE(finish(waiting).error);
    EXPECT_TRUE(write("more").error);
}

// So that a peer that never stops keeps neither a deadline nor other connections from their turn.
TEST_P(TlsStream, AReceiveLeavesOthersTheirTurnFirst) {
    serve("answer");
    std::string into(100, '\0');
    bool other = false;
    bool other_was_first = false;
    asio::co_spawn(context, read_one(*client, into), [&](const std::exception_ptr&, const io_result& got) {
        EXPECT_EQ(got.bytes, 6u);
        other_was_first = other;
    });
    asio::post(context, [&] { other = true; });
    context.restart();
    context.run();
    EXPECT_TRUE(other_was_first);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsStream, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

INSTANTIATE_TEST_SUITE_P(Versions, TlsNewKeys, ::testing::Values(TLS1_3_VERSION),
                         [](const auto&) { return "Tls13"; });

}  // namespace
}  // namespace consent_sync::http::test
