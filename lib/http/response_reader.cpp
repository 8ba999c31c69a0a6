#include "http/response_reader.hpp"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <utility>

#include "http/text_body.hpp"

namespace consent_sync::http {

namespace beast = boost::beast;

namespace {

using parser = beast::http::response_parser<text_body>;

constexpr std::size_t read_bytes = 48 * 1024;    // an answer of HubSpot to a full batch has 43 KB
constexpr std::size_t buffer_slack = 32 * 1024;  // above the header limit, for what follows the header
constexpr unsigned informational_max = 8;

std::string lowered(beast::string_view text) {
    std::string result(text.data(), text.size());
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

}  // namespace

struct response_reader::parts {
    explicit parts(response_limits l) : limits(l), buffer(l.header_bytes + buffer_slack) {}

    void restart() {
        parser.emplace();
        parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
        parser->body_limit(limits.body_bytes);
        parser->eager(true);
        parser->skip(what == expect::no_body);
    }

    response_limits limits;
    beast::flat_buffer buffer;
    std::optional<http::parser> parser;
    expect what = expect::body;
    unsigned informational = 0;
    std::size_t received = 0;
    std::string failure;
};

response_reader::response_reader(response_limits limits) : parts_(std::make_unique<parts>(limits)) {}
response_reader::~response_reader() = default;

void response_reader::start(expect what) {
    parts_->what = what;
    parts_->informational = 0;
    parts_->received = 0;
    parts_->failure.clear();
    parts_->restart();
}

std::span<char> response_reader::room() {
    const std::size_t free = parts_->buffer.max_size() - parts_->buffer.size();
    const auto area = parts_->buffer.prepare(std::min(read_bytes, free));
    return std::span<char>(static_cast<char*>(area.data()), area.size());
}

response_reader::progress response_reader::fail(std::string reason) {
    parts_->failure = std::move(reason);
    return progress::failed;
}

response_reader::progress response_reader::added(std::size_t bytes) {
    parts_->buffer.commit(bytes);
    parts_->received += bytes;
    return parse();
}

response_reader::progress response_reader::parse() {
    parts& p = *parts_;
    for (;;) {
        beast::error_code error;
        const std::size_t used = p.parser->put(p.buffer.data(), error);
        p.buffer.consume(used);
        if (error && error != beast::http::error::need_more) {
            if (error == beast::http::error::body_limit) {
                return fail("the body is larger than " + std::to_string(p.limits.body_bytes) + " bytes");
            }
            if (error == beast::http::error::header_limit) {
                return fail("the header is larger than " + std::to_string(p.limits.header_bytes) + " bytes");
            }
            return fail("not a response of HTTP/1.1: " + error.message());
        }
        if (p.parser->is_done()) {
            const unsigned status = p.parser->get().result_int();
            if (status >= 200) return progress::complete;
            if (status < 100 || status == 101) return fail("status " + std::to_string(status) + " was not asked for");
            if (++p.informational > informational_max) return fail("too many informational (1xx) answers");
            p.restart();
        } else if (used == 0 && p.buffer.size() == p.buffer.max_size()) {
            return fail("a chunk header or trailer does not end");
        } else if (used == 0 || error) {
            return progress::more;
        }
        if (p.buffer.size() == 0) return progress::more;
    }
}

response_reader::progress response_reader::ended() {
    if (parts_->parser->is_header_done()) {
        beast::error_code error;
        parts_->parser->put_eof(error);
        const unsigned status = parts_->parser->get().result_int();
        if (!error && status < 200) return fail("status " + std::to_string(status) + " was not asked for");
        if (!error) return progress::complete;
    }
    return fail("the response ended after " + std::to_string(parts_->received) + " bytes, before it was complete");
}

std::size_t response_reader::received() const { return parts_->received; }
const std::string& response_reader::failure() const { return parts_->failure; }
bool response_reader::has_leftover() const { return parts_->buffer.size() != 0; }

bool response_reader::keeps_alive() const { return parts_->parser->keep_alive() && !has_leftover(); }

response response_reader::take() {
    auto message = parts_->parser->release();
    response result;
    result.status = message.result_int();
    for (const auto& field : message.base()) {
        result.headers.emplace_back(lowered(field.name_string()), std::string(field.value()));
    }
    result.body = std::move(message.body());
    return result;
}

}  // namespace consent_sync::http
