#include "http/authority.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace consent_sync::http {

namespace {

base::error invalid(std::string words) { return base::error{base::errc::invalid_input, std::move(words)}; }

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

base::result<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stop != end || port == 0 || port > 65535) {
        return invalid("the port " + quoted(text) + " is not 1 to 65535");
    }
    return static_cast<std::uint16_t>(port);
}

// The system's parser stops at a NUL and takes any zone behind '%'.
bool is_ipv6_character(char c) { return is_host_character(c) || c == ':' || c == '%'; }

base::result<authority> check_host(std::string_view host, bool bracketed) {
    authority result;
    result.host.assign(host);
    std::transform(result.host.begin(), result.host.end(), result.host.begin(), lower);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(result.host, error);
    if (bracketed) {
        if (error || !address.is_v6() || !std::all_of(result.host.begin(), result.host.end(), is_ipv6_character))
            return invalid(quoted(host) + " is not an IPv6 address");
        result.is_address = true;
        return result;
    }
    if (result.host.empty()) return invalid("the host is missing");
    if (!error && address.is_v6()) return invalid("an IPv6 address stands in brackets: [" + result.host + "]");
    result.is_address = !error;
    const bool valid = std::all_of(result.host.begin(), result.host.end(), is_host_character) &&
                       result.host.size() <= 253 && result.host.front() != '.' && result.host.back() != '.';
    if (!valid) {
        return invalid("the host " + quoted(host) + " is not a name of letters, digits, '-' and '.' (write an " +
                       "international name in its xn-- form)");
    }
    return result;
}

}  // namespace

std::string authority::bracketed_host() const { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

std::string authority::with_port() const { return bracketed_host() + ':' + std::to_string(port); }

base::result<authority> parse_authority(std::string_view text, std::uint16_t default_port) {
    const bool bracketed = !text.empty() && text.front() == '[';
    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (bracketed) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return invalid("']' is missing after the IPv6 address");
        host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        has_port = !rest.empty();
        if (has_port && rest.front() != ':') return invalid("only a port may follow the IPv6 address");
        if (has_port) port = rest.substr(1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        has_port = true;
        host = text.substr(0, text.find(':'));
        port = text.substr(text.find(':') + 1);
    }
    auto result = check_host(host, bracketed);
    if (!result) return result;
    result->port = default_port;
    if (has_port) {
        const auto number = parse_port(port);
        if (!number) return number.error();
        result->port = *number;
    }
    if (result->port == 0) return invalid("the port is missing");
    return result;
}

}  // namespace consent_sync::http
