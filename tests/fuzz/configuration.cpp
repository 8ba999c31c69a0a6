#include <algorithm>

#include "config/difference.hpp"
#include "config/loader.hpp"
#include "fuzz/targets.hpp"
#include "config/url.hpp"
#include "http/proxy.hpp"

namespace consent_sync::fuzz {
namespace {

constexpr std::size_t faults_max = 51;  // lines: 50 and how many more

config::load_options options() {
    config::load_options o;
    o.credentials_dir = "/run/credentials";
    return o;
}

}  // namespace

void fuzz_configuration(std::string_view input) {
    const auto settings = config::parse_settings(input, "/etc/x.json", options());
    if (settings) {
        require(!config::show_settings(*settings).empty(), "settings can be shown");
        require(config::difference(*settings, *settings).empty(), "settings do not differ from themselves");
        require(bool(config::parse_endpoint(settings->hubspot.base_url)), "the transport takes the base_url");
        const auto none = [](std::string_view) { return std::string(); };
        const auto to = config::parse_endpoint(settings->hubspot.base_url);
        require(bool(http::choose_proxy(settings->hubspot.proxy, none, *to)), "the transport takes the proxy");
        return;
    }
    const std::string& words = settings.error().message;
    require(!words.empty(), "a refusal has its words");
    require(std::count(words.begin(), words.end(), '\n') <= static_cast<std::ptrdiff_t>(faults_max),
            "a refusal is bounded");
    require(words.find('\x1b') == std::string::npos, "a refusal does nothing to a terminal");
}

void fuzz_url(std::string_view input) {
    if (const auto to = config::parse_endpoint(input)) {
        require(!to->host_header().empty(), "an endpoint has a host");
        require(to->host_header().find_first_of("\r\n ") == std::string::npos, "a host is one word");
        require(to->prefix.find_first_of("\r\n ?#") == std::string::npos, "a prefix is a path");
        require(!to->plain || input.find("https") != 0, "https is never plain");
    }
    if (const auto via = config::parse_proxy(input)) {
        require(via->authority.with_port().find_first_of("\r\n ") == std::string::npos, "a proxy is one word");
    }
    constexpr std::string_view password = "hunter2-hunter2";
    const bool known = input.find(password) != std::string_view::npos;  // as the name of a host it may be shown
    if (const std::size_t at = input.rfind('@'); at != std::string_view::npos && !known) {
        const auto refused = config::parse_proxy(std::string(input.substr(0, at)).append(password) += input.substr(at));
        require(bool(refused) || refused.error().message.find(password) == std::string::npos,
                "a refusal does not show the password");
    }
    const auto target = config::parse_endpoint("https://api.hubapi.com");
    const bool listed = http::no_proxy_matches(input, target->authority);
    require(listed == http::no_proxy_matches(std::string(input) + ",", target->authority), "a list ends anywhere");
}

}  // namespace consent_sync::fuzz
