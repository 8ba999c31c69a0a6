#include "http/read_response.hpp"

#include <utility>

namespace consent_sync::http::detail {

namespace {

std::string lower_name(boost::beast::string_view text) {
    std::string result(text.data(), text.size());
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

}  // namespace

std::string explain_refusal(const boost::system::error_code& code, const response_limits& limits) {
    using boost::beast::http::error;
    if (code.category() != make_error_code(error::end_of_stream).category()) return {};
    if (code == error::end_of_stream || code == error::partial_message) return {};
    if (code == error::body_limit) return "the body is larger than " + std::to_string(limits.body_bytes) + " bytes";
    if (code == error::header_limit)
        return "the header is larger than " + std::to_string(limits.header_bytes) + " bytes";
    if (code == error::buffer_overflow) return "a chunk header or trailer does not end";
    return "not a response of HTTP/1.1: " + code.message();
}

response take_response(response_parser& parser) {
    auto message = parser.release();
    response result;
    result.status = message.result_int();
    for (const auto& field : message.base())
        result.headers.emplace_back(lower_name(field.name_string()), std::string(field.value()));
    result.body = std::move(message.body());
    return result;
}

}  // namespace consent_sync::http::detail
