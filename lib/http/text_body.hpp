// The body of a response as a string. Beast's string_body fills each part with zeros before it copies into it.
#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstdint>
#include <string>

namespace consent_sync::http {

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

}  // namespace consent_sync::http
