#include "http/proxy.hpp"

#include <cstdlib>

namespace consent_sync::http {

namespace {

constexpr std::uint16_t proxy_default_port = 80;

base::error invalid_proxy(const std::string& reason) {
    return base::error{base::errc::invalid_input,
                       "proxy: " + reason + "; it looks like http://[user:password@]host:port"};
}

std::optional<int> hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

std::optional<std::string> decode_percent(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const auto high = hex_digit(text[i + 1]);
        const auto low = hex_digit(text[i + 2]);
        if (!high || !low) return std::nullopt;
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return decoded;
}

std::string lowered(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

bool entry_matches(std::string_view entry, const authority& target) {
    if (entry == "*") return true;
    std::string name = lowered(entry);
    if (!name.empty() && name.front() == '.') name.erase(0, 1);
    std::uint16_t port = target.port;
    if (const auto parsed = parse_authority(name, target.port)) {
        name = parsed->host;
        port = parsed->port;
    }
    if (name.empty() || port != target.port) return false;
    if (target.host == name) return true;
    if (target.is_address || target.host.size() <= name.size()) return false;
    return target.host.ends_with(name) && target.host[target.host.size() - name.size() - 1] == '.';
}

}  // namespace

base::result<proxy> parse_proxy(std::string_view url) {
    std::string_view rest = url;
    if (const std::size_t scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
        const std::string scheme = lowered(rest.substr(0, scheme_end));
        // What is no scheme may be a password that holds "://", and is not shown.
        const bool known = scheme == "https" || scheme == "socks5" || scheme == "socks5h" || scheme == "socks4";
        if (scheme != "http")
            return invalid_proxy("a proxy is reached by http://" + (known ? ", not by " + scheme + "://" : std::string()));
        rest.remove_prefix(scheme_end + 3);
    }
    proxy result;
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        const auto credentials = decode_percent(rest.substr(0, at));
        if (!credentials) return invalid_proxy("user or password holds a '%' that is not followed by two hex digits");
        result.credentials = *credentials;
        if (result.credentials.find(':') == std::string::npos) result.credentials += ':';
        rest.remove_prefix(at + 1);
    }
    if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    auto parsed = parse_authority(rest, proxy_default_port);
    // Without a '@' it may be user:password, so only what stands behind one is shown.
    const bool shown = !result.credentials.empty();
    if (!parsed) return invalid_proxy(shown ? parsed.error().message : "its host or its port (1 to 65535) is not valid");
    result.authority = std::move(*parsed);
    return result;
}

bool no_proxy_matches(std::string_view no_proxy, const authority& target) {
    std::size_t begin = 0;
    while (begin < no_proxy.size()) {
        std::size_t end = no_proxy.find_first_of(", \t", begin);
        if (end == std::string_view::npos) end = no_proxy.size();
        if (end > begin && entry_matches(no_proxy.substr(begin, end - begin), target)) return true;
        begin = end + 1;
    }
    return false;
}

base::result<std::optional<proxy>> choose_proxy(std::string_view option, const environment& variables,
                                                const endpoint& target) {
    if (option == "none" || target.plain) return std::optional<proxy>();
    std::string url(option);
    if (url.empty()) {
        url = variables("https_proxy");
        if (url.empty()) url = variables("HTTPS_PROXY");
        if (url.empty()) return std::optional<proxy>();
        std::string exceptions = variables("no_proxy");
        if (exceptions.empty()) exceptions = variables("NO_PROXY");
        if (no_proxy_matches(exceptions, target.authority)) return std::optional<proxy>();
    }
    auto parsed = parse_proxy(url);
    if (!parsed) return parsed.error();
    return std::optional<proxy>(std::move(*parsed));
}

environment process_environment() {
    return [](std::string_view name) {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::string() : std::string(value);
    };
}

}  // namespace consent_sync::http
