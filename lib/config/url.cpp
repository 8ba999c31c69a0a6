#include "config/url.hpp"

#include <algorithm>
#include <boost/url/authority_view.hpp>
#include <boost/url/grammar/ci_string.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/parse_path.hpp>
#include <boost/url/pct_string_view.hpp>
#include <charconv>
#include <optional>
#include <utility>

namespace consent_sync::config {

namespace urls = boost::urls;

namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::uint16_t http_port = 80;
constexpr std::size_t host_bytes_max = 253;
constexpr std::size_t path_bytes_max = 1'024;

base::error invalid_url(std::string words) { return base::error{base::errc::invalid_input, std::move(words)}; }

base::error invalid_base_url(std::string_view base_url, const std::string& reason) {
    // What stands before an '@' is likely a password.
    const bool shown = base_url.find('@') == std::string_view::npos;
    return invalid_url("base_url" + (shown ? " \"" + std::string(base_url) + '"' : std::string()) + ": " + reason +
                       "; it looks like https://api.hubapi.com");
}

base::error invalid_proxy(const std::string& reason) {
    return invalid_url("proxy: " + reason + "; it looks like http://[user:password@]host:port");
}

// Boost 1.81 takes 65,537 and above for what is left of them in 16 bits. Nothing: not a number, or too large.
std::optional<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

// Port 0 is left to the caller, and stands for one that is not valid.
base::result<authority> check_host(const urls::authority_view& parsed, std::uint16_t default_port) {
    authority result;
    result.host = std::string_view(parsed.encoded_host_address());
    std::transform(result.host.begin(), result.host.end(), result.host.begin(), urls::grammar::to_lower);
    result.is_address = parsed.host_type() == urls::host_type::ipv4 || parsed.host_type() == urls::host_type::ipv6;
    result.port = parsed.has_port() ? read_port(parsed.port()).value_or(0) : default_port;
    if (parsed.has_userinfo()) return invalid_url("it must not name a user");
    if (result.host.empty()) return invalid_url("the host is missing");
    const bool is_name = parsed.host_type() == urls::host_type::name && is_host_name(result.host);
    if (!result.is_address && !is_name)
        return invalid_url("the host \"" + result.host + "\" is not a name of letters, digits, '-' and '.'");
    return result;
}

base::result<authority> check_authority(const urls::authority_view& parsed, std::uint16_t default_port) {
    auto result = check_host(parsed, default_port);
    if (result && result->port == 0) {
        if (!parsed.has_port()) return invalid_url("the port is missing");
        return invalid_url("the port \"" + std::string(parsed.port()) + "\" is not 1 to 65535");
    }
    return result;
}

}  // namespace

bool is_host_name(std::string_view text) {
    const auto is_allowed = [](char c) {
        const char low = urls::grammar::to_lower(c);
        return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !text.empty() && text.size() <= host_bytes_max && text.front() != '.' && text.back() != '.' &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

std::string authority::bracketed_host() const { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

std::string authority::with_port() const { return bracketed_host() + ':' + std::to_string(port); }

bool authority::is_loopback() const {
    if (!is_address) return host == "localhost";
    if (const auto v4 = urls::parse_ipv4_address(host)) return v4->is_loopback();
    const auto v6 = urls::parse_ipv6_address(host);
    return v6 && v6->is_loopback();
}

base::result<authority> parse_authority(std::string_view text, std::uint16_t default_port) {
    const auto parsed = urls::parse_authority(text);
    if (!parsed) {
        return invalid_url('"' + std::string(text) +
                           "\" is not HOST[:PORT] (an IPv6 address stands in brackets, an international name in its " +
                           "xn-- form)");
    }
    return check_authority(*parsed, default_port);
}

base::result<authority> parse_listen_address(std::string_view text) {
    const auto parsed = urls::parse_authority(text);
    const bool has_number = parsed && read_port(parsed->port()).has_value();
    auto result = has_number ? check_host(*parsed, 0) : invalid_url("");
    if (!result || !result->is_address) {
        return invalid_url("\"" + std::string(text) + "\" is not IP:PORT; it looks like 127.0.0.1:9464 or [::1]:9464");
    }
    return result;
}

std::string endpoint::host_header() const {
    const bool own_port = authority.port == (plain ? http_port : https_port);
    return own_port ? authority.bracketed_host() : authority.with_port();
}

base::result<endpoint> parse_endpoint(std::string_view base_url) {
    const auto parsed = urls::parse_uri(base_url);
    // Boost 1.81 takes "127.0.0.1.example" for the address with ".example" as its path, and "host:1x" alike.
    const bool is_whole = parsed && (parsed->encoded_path().empty() || parsed->encoded_path().starts_with('/'));
    if (!parsed || (parsed->has_authority() && !is_whole)) {
        return invalid_base_url(base_url,
                                "it is not https://HOST[:PORT][/PATH] (an IPv6 address stands in brackets, an "
                                "international name in its xn-- form, other characters are %-encoded)");
    }
    endpoint result;
    result.plain = parsed->scheme_id() == urls::scheme::http;
    if ((parsed->scheme_id() != urls::scheme::https && !result.plain) || !parsed->has_authority())
        return invalid_base_url(base_url, "it does not begin with https://");
    if (parsed->has_userinfo())
        return invalid_base_url(base_url, "it must not name a user or password, requests carry the token");
    auto at = check_authority(parsed->authority(), result.plain ? http_port : https_port);
    if (!at) return invalid_base_url(base_url, at.error().message);
    result.authority = std::move(*at);
    if (parsed->has_query() || parsed->has_fragment() || parsed->encoded_path().size() > path_bytes_max)
        return invalid_base_url(base_url, "it has a '?', a '#' or a path of more than 1024 bytes");
    result.prefix = std::string_view(parsed->encoded_path());
    while (result.prefix.ends_with('/')) result.prefix.pop_back();
    if (result.plain && !result.authority.is_loopback()) {
        return invalid_base_url(base_url,
                                "http:// would send the token unencrypted, so it is allowed only to localhost and "
                                "loopback addresses");
    }
    return result;
}

base::result<proxy> parse_proxy(std::string_view url) {
    std::string_view rest = url;
    if (const std::size_t scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
        const std::string_view scheme = rest.substr(0, scheme_end);
        // What is not a known scheme may be a password that holds "://", and is not shown.
        for (const char* other : {"https", "socks4", "socks4a", "socks5", "socks5h"})
            if (urls::grammar::ci_is_equal(scheme, std::string_view(other)))
                return invalid_proxy("a proxy is reached by http://, not by " + std::string(other) + "://");
        if (!urls::grammar::ci_is_equal(scheme, std::string_view("http")))
            return invalid_proxy("a proxy is reached by http://");
        rest.remove_prefix(scheme_end + 3);
    }
    proxy result;
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        const auto encoded = urls::make_pct_string_view(rest.substr(0, at));
        if (!encoded) return invalid_proxy("user or password holds a '%' that is not followed by two hex digits");
        result.credentials = encoded->decode();
        if (result.credentials.find(':') == std::string::npos) result.credentials += ':';
        rest.remove_prefix(at + 1);
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    auto parsed = parse_authority(rest, http_port);
    // Without a '@' it may be user:password, so only what stands behind one is shown.
    const bool shown = !result.credentials.empty();
    if (!parsed)
        return invalid_proxy(shown ? parsed.error().message : "its host or its port (1 to 65535) is not valid");
    result.authority = std::move(*parsed);
    return result;
}

bool is_http_path(std::string_view text) {
    return text.starts_with('/') && text.size() <= path_bytes_max && urls::parse_path(text);
}

}  // namespace consent_sync::config
