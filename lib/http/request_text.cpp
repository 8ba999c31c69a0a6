#include "http/request_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace consent_sync::http {

namespace {

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

bool breaks_a_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

bool same_name(std::string_view left, std::string_view lowered) {
    return std::equal(left.begin(), left.end(), lowered.begin(), lowered.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

bool is_own_header(std::string_view name) {
    constexpr std::array<std::string_view, 4> own = {"host", "content-length", "connection", "transfer-encoding"};
    return std::any_of(own.begin(), own.end(), [&](std::string_view one) { return same_name(name, one); });
}

void check(const request& r) {
    const bool target_ok =
        !r.target.empty() && r.target.front() == '/' && std::all_of(r.target.begin(), r.target.end(), is_visible);
    if (!is_token(r.method) || !target_ok) throw std::invalid_argument("http request: bad method or target");
    for (const auto& [name, value] : r.headers) {
        if (!is_token(name) || is_own_header(name) || std::any_of(value.begin(), value.end(), breaks_a_line)) {
            throw std::invalid_argument("http request: bad header " + name);
        }
    }
}

std::string base64(std::string_view text) {
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a NUL
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

}  // namespace

void format_request(const request& r, const config::endpoint& to, std::string& text) {
    check(r);
    text.clear();
    text.append(r.method).append(" ").append(to.prefix).append(r.target).append(" HTTP/1.1\r\nHost: ");
    text.append(to.host_header()).append("\r\n");
    for (const auto& [name, value] : r.headers) text.append(name).append(": ").append(value).append("\r\n");
    if (!r.body.empty() || (r.method != "GET" && r.method != "HEAD")) {
        text.append("Content-Length: ").append(std::to_string(r.body.size())).append("\r\n");
    }
    text.append("\r\n").append(r.body);
}

std::string format_connect(const config::proxy& via, const config::authority& target) {
    const std::string at = target.with_port();
    std::string text = "CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n";
    if (!via.credentials.empty()) text += "Proxy-Authorization: Basic " + base64(via.credentials) + "\r\n";
    return text + "\r\n";
}

}  // namespace consent_sync::http
