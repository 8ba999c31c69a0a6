// The bytes of a server, read as the transport reads them, without a socket.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "http/read_response.hpp"

namespace consent_sync::http::test {

class text_reader {
  public:
    static constexpr std::size_t in_one_piece = std::numeric_limits<std::size_t>::max();

    explicit text_reader(response_limits limits = {}, std::size_t piece = in_one_piece)
        : limits_(limits), buffer_(make_read_buffer(limits)) {
        stream_.read_size(piece);
    }

    text_reader& gets(std::string_view text) {
        stream_.append(text);
        return *this;
    }
    // The server closes the connection, after what it has sent.
    text_reader& ends() {
        stream_.close_remote();
        return *this;
    }
    // The next response; nothing: more bytes are needed. Then the reader is of no further use.
    std::optional<read_outcome> read(bool has_body = true) {
        const auto outcome = std::make_shared<std::optional<read_outcome>>();
        auto on_end = [outcome](const std::exception_ptr& bug, read_outcome result) {
            if (bug) std::rethrow_exception(bug);
            *outcome = std::move(result);
        };
        boost::asio::co_spawn(context_, read_response(stream_, buffer_, limits_, has_body), std::move(on_end));
        context_.restart();
        context_.poll();
        return std::move(*outcome);
    }

  private:
    boost::asio::io_context context_{1};
    response_limits limits_;
    boost::beast::test::stream stream_{context_};
    boost::beast::flat_buffer buffer_;
};

}  // namespace consent_sync::http::test
