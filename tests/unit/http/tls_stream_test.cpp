// What the transport relies on in a TLS connection: how it ends, and when it is quiet. TLS 1.2 and 1.3.
#include "unit/http/tls_stream_test.hpp"

namespace consent_sync::http::test {
namespace {

TEST_P(TlsStream, ReadsMoreThanARecordAndMoreThanItsBufferIntoAnyRoom) {
    for (const std::size_t room : {std::size_t(300), std::size_t(5000), std::size_t(16'384), std::size_t(200'000)}) {
        const std::string text = pattern(300'000);
        bool written = false;
        asio::async_write(*server, asio::buffer(text), [&](const boost::system::error_code& error, std::size_t) {
            EXPECT_FALSE(error) << error.message();
            written = true;
        });
        EXPECT_TRUE(read_all(text.size(), room) == text) << room;
        run_until([&] { return written; });
        EXPECT_TRUE(quiet());
    }
}

TEST_P(TlsStream, KeepsWhatTheRoomDoesNotHold) {
    serve(pattern(30'000));
    std::string piece(100, '\0');
    EXPECT_EQ(read(piece).bytes, 100u);
    EXPECT_FALSE(quiet());
    cut();
    EXPECT_EQ(read_all(29'900, 29'900), pattern(30'000).substr(100));
    EXPECT_EQ(read(piece).error, asio::ssl::error::stream_truncated);
}

TEST_P(TlsStream, WritesMegabytesToAPeerThatReadsSlowly) {
    server->next_layer().set_option(asio::socket_base::receive_buffer_size(65'536));
    const std::string text = pattern(8'000'000);
    const auto written = begin(write_all(*client, text));
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
        EXPECT_TRUE(quiet());
    }
}

TEST_P(TlsStream, ALineThatIsCutIsNoOrderlyEnd) {
    exchange_something();
    serve("half");
    cut();
    std::string into(100, '\0');
    EXPECT_EQ(read(into).bytes, 4u);
    EXPECT_FALSE(quiet());
    EXPECT_EQ(read(into).error, asio::ssl::error::stream_truncated);
}

TEST_P(TlsStream, ALineThatIsCutInARecordLosesThatRecordOnly) {
    serve("whole");
    serve_raw(std::string("\x17\x03\x03\x10\x00half", 9));
    cut();
    std::string into(100, '\0');
    EXPECT_EQ(read(into).bytes, 5u);
    EXPECT_FALSE(quiet());
    EXPECT_EQ(read(into).error, asio::ssl::error::stream_truncated);
}

TEST_P(TlsStream, AResetIsAnError) {
    exchange_something();
    reset();
    std::string into(100, '\0');
    EXPECT_EQ(read(into).error, asio::error::connection_reset);
    EXPECT_FALSE(quiet());
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
    EXPECT_FALSE(quiet());
    std::string into(100, '\0');
    EXPECT_EQ(read(into).error, asio::error::eof);
    EXPECT_FALSE(quiet());
    EXPECT_EQ(read(into).error, asio::error::eof);
}

TEST_P(TlsStream, AnEndThatComesWithTheLastBytesIsToldAfterThem) {
    serve(pattern(20'000));
    say_goodbye();
    context.restart();
    context.poll();
    EXPECT_EQ(read_all(20'000, 48 * 1024), pattern(20'000));
    EXPECT_FALSE(quiet());
    std::string into(100, '\0');
    EXPECT_EQ(read(into).error, asio::error::eof);
}

TEST_P(TlsStream, WhatCameWithoutBeingAskedForIsNotQuiet) {
    exchange_something();
    EXPECT_TRUE(quiet());
    serve("y");
    EXPECT_FALSE(quiet());
}

TEST_P(TlsStream, ARecordOfWhichOnlyTheHeaderCameIsNotQuiet) {
    for (const std::size_t size : {std::size_t(1), std::size_t(5), std::size_t(9)}) {
        connect();
        serve("whole");
        serve_raw(std::string("\x17\x03\x03\x10\x00half", size));
        std::string into(100, '\0');
        EXPECT_EQ(read(into).bytes, 5u);
        EXPECT_FALSE(quiet()) << size;
    }
}

TEST_P(TlsStream, ABadRecordIsAnErrorOfTheProtocolAndThePeerIsTold) {
    serve("whole");
    serve_raw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
    std::string into(100, '\0');
    EXPECT_EQ(read(into).bytes, 5u);
    EXPECT_FALSE(quiet());
    EXPECT_EQ(read(into).error.category(), asio::error::get_ssl_category());
    EXPECT_TRUE(write("more").error);
    boost::system::error_code told;
    server->read_some(asio::buffer(into), told);
    EXPECT_EQ(ERR_GET_REASON(static_cast<unsigned long>(told.value())), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
}

TEST_P(TlsStream, TicketsAreTakenOnTheWay) {
    std::string into(100, '\0');
    EXPECT_EQ(quiet(), !is_13());  // they are what has come
    EXPECT_FALSE(write("request").error);
    EXPECT_EQ(take(10), "request");
    serve("answer");
    EXPECT_EQ(read(into).bytes, 6u);
    EXPECT_TRUE(quiet());
    EXPECT_EQ(secured->sessions_resumed(), 0u);
    connect();
    EXPECT_EQ(secured->sessions_resumed(), 1u);
}

TEST_P(TlsStream, CancellationEndsAReadAndAWrite) {
    exchange_something();
    char byte = 0;
    auto waiting = begin(read_some(*client, std::span<char>(&byte, 1)));
    EXPECT_FALSE(waiting->outcome);
    asio::post(context, [&] { waiting->signal.emit(asio::cancellation_type::terminal); });
    EXPECT_EQ(finish(waiting).error, asio::error::operation_aborted);
    connect();
    const std::string text = pattern(30'000'000);
    waiting = begin(write_all(*client, text));
    EXPECT_FALSE(waiting->outcome);
    asio::post(context, [&] { waiting->signal.emit(asio::cancellation_type::terminal); });
    EXPECT_EQ(finish(waiting).error, asio::error::operation_aborted);
}

TEST_P(TlsStream, CloseEndsAReadAndAWrite) {
    exchange_something();
    char byte = 0;
    auto waiting = begin(read_some(*client, std::span<char>(&byte, 1)));
    EXPECT_FALSE(waiting->outcome);
    client->next_layer().close();
    EXPECT_TRUE(finish(waiting).error);
    EXPECT_FALSE(quiet());
    EXPECT_TRUE(read(std::span<char>(&byte, 1)).error);
    connect();
    const std::string text = pattern(30'000'000);
    waiting = begin(write_all(*client, text));
    EXPECT_FALSE(waiting->outcome);
    client->next_layer().close();
    EXPECT_TRUE(finish(waiting).error);
    EXPECT_TRUE(write("more").error);
}

// So that a peer that never stops keeps neither a deadline nor other connections from their turn.
TEST_P(TlsStream, AReceiveLeavesOthersTheirTurnFirst) {
    serve("answer");
    std::string into(100, '\0');
    bool other = false;
    bool other_was_first = false;
    asio::co_spawn(context, read_some(*client, into), [&](const std::exception_ptr&, const io_result& got) {
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

}  // namespace
}  // namespace consent_sync::http::test
