#include "http/request_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/verb.hpp>
#include <stdexcept>

namespace consent_sync::http {

namespace {

constexpr std::size_t head_bytes_usual = 512;

using request_head = boost::beast::http::request<boost::beast::http::empty_body>;

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_visible_character(char c) { return c > ' ' && c < '\x7f'; }

bool breaks_a_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

bool is_own_header(std::string_view name) {
    using boost::beast::http::field;
    const field known = boost::beast::http::string_to_field(name);
    return known == field::host || known == field::content_length || known == field::connection ||
           known == field::transfer_encoding;
}

// Beast writes whatever it is given.
void check_request(const request& r) {
    const bool is_target =
        r.target.starts_with('/') && std::all_of(r.target.begin(), r.target.end(), is_visible_character);
    if (boost::beast::http::string_to_verb(r.method) == boost::beast::http::verb::unknown || !is_target)
        throw std::invalid_argument("http request: bad method or target");
    for (const auto& [name, value] : r.headers) {
        const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), is_token_character);
        if (!is_name || is_own_header(name) || std::any_of(value.begin(), value.end(), breaks_a_line))
            throw std::invalid_argument("http request: bad header " + name);
    }
}

void append_head(const request_head& head, std::string& text) {
    namespace beast = boost::beast;
    beast::http::request_serializer<beast::http::empty_body> serializer(head);
    while (!serializer.is_done()) {
        beast::error_code error;
        serializer.next(error, [&](const beast::error_code&, const auto& buffers) {
            for (const boost::asio::const_buffer part : beast::buffers_range_ref(buffers))
                text.append(static_cast<const char*>(part.data()), part.size());
            serializer.consume(beast::buffer_bytes(buffers));
        });
        if (error) throw std::logic_error("http request: " + error.message());
    }
}

std::string encode_base64(std::string_view text) {
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a NUL
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

}  // namespace

std::string format_request(const request& r, const config::endpoint& to) {
    using boost::beast::http::field;
    check_request(r);
    request_head head;
    head.method(boost::beast::http::string_to_verb(r.method));
    head.target(to.prefix + r.target);
    head.set(field::host, to.host_header());
    for (const auto& [name, value] : r.headers) head.insert(name, value);
    const bool may_have_body =
        head.method() != boost::beast::http::verb::get && head.method() != boost::beast::http::verb::head;
    if (may_have_body || !r.body.empty()) head.content_length(r.body.size());
    std::string text;
    text.reserve(head_bytes_usual + r.body.size());
    append_head(head, text);
    return text.append(r.body);
}

std::string format_connect(const config::proxy& via, const config::authority& target) {
    using boost::beast::http::field;
    request_head head(boost::beast::http::verb::connect, target.with_port(), 11);
    head.set(field::host, target.with_port());
    if (!via.credentials.empty()) head.set(field::proxy_authorization, "Basic " + encode_base64(via.credentials));
    std::string text;
    append_head(head, text);
    return text;
}

}  // namespace consent_sync::http
