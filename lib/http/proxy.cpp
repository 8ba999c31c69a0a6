#include "http/proxy.hpp"

#include <algorithm>
#include <boost/url/grammar/ci_string.hpp>
#include <cstdlib>

namespace consent_sync::http {

namespace {

bool entry_matches(std::string_view entry, const config::authority& target) {
    if (entry == "*") return true;
    std::string name(entry.starts_with('.') ? entry.substr(1) : entry);
    std::transform(name.begin(), name.end(), name.begin(), boost::urls::grammar::to_lower);
    std::uint16_t port = target.port;
    if (const auto parsed = config::parse_authority(name, target.port)) {
        name = parsed->host;
        port = parsed->port;
    }
    if (name.empty() || port != target.port) return false;
    if (target.host == name) return true;
    if (target.is_address || target.host.size() <= name.size()) return false;
    return target.host.ends_with(name) && target.host[target.host.size() - name.size() - 1] == '.';
}

}  // namespace

bool no_proxy_matches(std::string_view no_proxy, const config::authority& target) {
    std::size_t begin = 0;
    while (begin < no_proxy.size()) {
        std::size_t end = no_proxy.find_first_of(", \t", begin);
        if (end == std::string_view::npos) end = no_proxy.size();
        if (end > begin && entry_matches(no_proxy.substr(begin, end - begin), target)) return true;
        begin = end + 1;
    }
    return false;
}

base::result<std::optional<config::proxy>> choose_proxy(std::string_view option, const environment& variables,
                                                        const config::endpoint& target) {
    if (option == "none" || target.plain) return std::optional<config::proxy>();
    std::string url(option);
    if (url.empty()) {
        url = variables("https_proxy");
        if (url.empty()) url = variables("HTTPS_PROXY");
        if (url.empty()) return std::optional<config::proxy>();
        std::string exceptions = variables("no_proxy");
        if (exceptions.empty()) exceptions = variables("NO_PROXY");
        if (no_proxy_matches(exceptions, target.authority)) return std::optional<config::proxy>();
    }
    auto parsed = config::parse_proxy(url);
    if (!parsed) return parsed.error();
    return std::optional<config::proxy>(std::move(*parsed));
}

environment process_environment() {
    return [](std::string_view name) {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::string() : std::string(value);
    };
}

}  // namespace consent_sync::http
