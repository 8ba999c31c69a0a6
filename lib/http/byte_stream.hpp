// The bytes of one connection, plain or TLS, so that all that is above sees neither.
//
// Terminal cancellation ends a wait with operation_aborted; the stream is of no use after that, nor after any
// error. close() may be called at any time, also during a wait, which then ends with an error. Destruction
// closes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <span>
#include <string_view>

namespace consent_sync::http {

class byte_stream {
  public:
    struct io_result {
        boost::system::error_code error;  // asio::error::eof: the peer ended its side in an orderly way
        std::size_t bytes = 0;
    };

    virtual ~byte_stream() = default;
    virtual boost::asio::awaitable<io_result> read_some(std::span<char> into) = 0;
    // Returns when the kernel has taken all of it.
    virtual boost::asio::awaitable<io_result> write_all(std::string_view bytes) = 0;
    virtual void close() noexcept = 0;
    // Nothing has come in and the peer has not closed: asked (by one system call) before an idle connection
    // is used again. Between exchanges a server has nothing to say, so whatever is there, the connection is
    // not to be trusted.
    virtual bool is_quiet() noexcept = 0;
};

}  // namespace consent_sync::http
