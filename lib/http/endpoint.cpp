#include "http/endpoint.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace consent_sync::http {

namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::uint16_t http_port = 80;

base::error invalid(std::string_view base_url, const std::string& reason) {
    return base::error{base::errc::invalid_input, "base_url \"" + std::string(base_url) + "\": " + reason +
                                                      "; it looks like https://api.hubapi.com"};
}

bool is_loopback(const authority& at) {
    if (!at.is_address) return at.host == "localhost";
    return boost::asio::ip::make_address(at.host).is_loopback();
}

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
    return text.size() >= scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), text.begin(),
                      [](char want, char got) { return want == (got >= 'A' && got <= 'Z' ? got - 'A' + 'a' : got); });
}

bool is_target_character(char c) { return c > ' ' && c < '\x7f' && c != '?' && c != '#' && c != '\\'; }

}  // namespace

std::string endpoint::host_header() const {
    const bool own_port = authority.port == (plain ? http_port : https_port);
    return own_port ? authority.bracketed_host() : authority.with_port();
}

base::result<endpoint> parse_endpoint(std::string_view base_url) {
    endpoint result;
    std::string_view rest = base_url;
    if (starts_with_scheme(base_url, "https://")) {
        rest.remove_prefix(8);
    } else if (starts_with_scheme(base_url, "http://")) {
        rest.remove_prefix(7);
        result.plain = true;
    } else {
        return invalid(base_url, "it does not begin with https://");
    }
    const std::size_t slash = rest.find_first_of("/?#");
    const std::string_view at = rest.substr(0, slash);
    const std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    if (at.find('@') != std::string_view::npos) {
        // Not quoted: what stands before the '@' is likely a password.
        return invalid("https://…@…", "a user or password has no place here, requests carry the token");
    }
    auto parsed = parse_authority(at, result.plain ? http_port : https_port);
    if (!parsed) return invalid(base_url, parsed.error().message);
    result.authority = std::move(*parsed);
    if (!std::all_of(path.begin(), path.end(), is_target_character)) {
        return invalid(base_url, "its path holds a space, '?', '#', '\\' or a character that must be %-encoded");
    }
    result.prefix.assign(path);
    while (!result.prefix.empty() && result.prefix.back() == '/') result.prefix.pop_back();
    if (result.plain && !is_loopback(result.authority)) {
        return invalid(base_url, "http:// would send the token unencrypted, so it is taken only for localhost and " +
                                     std::string("loopback addresses"));
    }
    return result;
}

}  // namespace consent_sync::http
