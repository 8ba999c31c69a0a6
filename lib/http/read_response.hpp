// Reads one response from a stream, by Beast, within bounds.
//
// Informational answers (1xx) are skipped, a bounded number of them. Redirects are responses like any other. A
// template, so that the tests give it every kind of garbage without a socket.
#pragma once

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/optional.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "http/connector.hpp"
#include "http/step_failure.hpp"
#include "http/transport.hpp"

namespace consent_sync::http {

struct read_outcome {
    // The connection ended or failed first: an error of the stream, end_of_stream before the first byte of a response,
    // or partial_message in the middle of one.
    boost::system::error_code lost;
    std::string refused;       // set: what came is not a response that is accepted, and why
    std::size_t received = 0;  // bytes, also of a response that was not complete
    bool keeps_alive = false;  // another request may follow: the server agrees, and nothing follows the response
    http::response response;
};

// A buffer for read_response(), kept from response to response. A TLS record brings at most 16 KiB.
inline boost::beast::flat_buffer make_read_buffer(const response_limits& limits) {
    constexpr std::size_t beyond_header = 32 * 1024;
    constexpr std::size_t record_bytes = 16 * 1024;
    boost::beast::flat_buffer buffer(limits.header_bytes + beyond_header);
    buffer.reserve(std::min(buffer.max_size(), record_bytes));
    return buffer;
}

namespace detail {

// The body of a response as a string. Beast's string_body fills each part with zeros before it copies into it.
struct text_body {
    using value_type = std::string;

    // The parser has compared `length` with its body limit before; memory is taken for what is usual, and for the rest
    // as it comes in.
    class reader {
      public:
        template <bool IsRequest, class Fields>
        reader(boost::beast::http::header<IsRequest, Fields>&, value_type& text) : text_(text) {}

        void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& error) {
            if (length) text_.reserve(static_cast<std::size_t>(std::min(*length, reserve_most)));
            error = {};
        }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::beast::error_code& error) {
            const std::size_t before = text_.size();
            for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers))
                text_.append(static_cast<const char*>(part.data()), part.size());
            error = {};
            return text_.size() - before;
        }
        void finish(boost::beast::error_code& error) { error = {}; }

      private:
        static constexpr std::uint64_t reserve_most = 256 * 1024;
        value_type& text_;
    };
};

// Passes reads on, until the caller is cancelled. Beast's loop reads on when the signal comes while bytes are already
// on their way to it; then the stream is closed here.
template <class Stream>
class cancellable_reads {
  public:
    using executor_type = typename Stream::executor_type;

    cancellable_reads(Stream& stream, boost::asio::cancellation_state state) : stream_(stream), state_(state) {}
    executor_type get_executor() noexcept { return stream_.get_executor(); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token)
        -> decltype(std::declval<Stream&>().async_read_some(into, std::forward<Token>(token))) {
        if (is_cancelled(state_)) close_stream(boost::beast::get_lowest_layer(stream_));
        return stream_.async_read_some(into, std::forward<Token>(token));
    }

  private:
    static void close_stream(boost::asio::ip::tcp::socket& socket) { close_now(socket); }
    template <class TestStream>
    static void close_stream(TestStream& stream) {
        stream.close();
    }

    Stream& stream_;
    boost::asio::cancellation_state state_;
};

using response_parser = boost::beast::http::response_parser<text_body>;

// Why what came is not accepted; empty where nothing is wrong with it but that it ended.
std::string explain_refusal(const boost::system::error_code& code, const response_limits& limits);
response take_response(response_parser& parser);

}  // namespace detail

// `buffer` is from make_read_buffer(), and stays with the connection. Cancellation: terminal; the stream is closed.
template <class Stream>
boost::asio::awaitable<read_outcome> read_response(Stream& stream, boost::beast::flat_buffer& buffer,
                                                   response_limits limits, bool has_body) {
    constexpr unsigned informational_max = 8;
    constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
    detail::cancellable_reads<Stream> reads(stream, state);
    read_outcome result;
    for (unsigned informational = 0;; ++informational) {
        detail::response_parser parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
        parser.body_limit(limits.body_bytes);
        parser.skip(!has_body);
        const auto [error, bytes] = co_await boost::beast::http::async_read(reads, buffer, parser, token);
        result.received += bytes;
        if (error) {
            result.received += buffer.size();
            result.refused = detail::explain_refusal(error, limits);
            if (result.refused.empty()) result.lost = error;
            co_return result;
        }
        const unsigned status = parser.get().result_int();
        if (status >= 200) {
            result.keeps_alive = parser.keep_alive() && buffer.size() == 0;
            result.response = detail::take_response(parser);
            co_return result;
        }
        if (status < 100 || status == 101) {
            result.refused = "status " + std::to_string(status) + " was not asked for";
            co_return result;
        }
        if (informational == informational_max) {
            result.refused = "too many informational (1xx) answers";
            co_return result;
        }
    }
}

}  // namespace consent_sync::http
