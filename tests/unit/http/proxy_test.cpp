#include "http/proxy.hpp"

#include <gtest/gtest.h>

#include <map>

namespace consent_sync::http {
namespace {

environment variables(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
    };
}

config::endpoint hubspot() { return config::parse_endpoint("https://api.hubapi.com").value(); }

// "host:port", "direct", or the error.
std::string chosen(std::string_view option, const environment& of, const config::endpoint& to = hubspot()) {
    const auto choice = choose_proxy(option, of, to);
    if (!choice) return choice.error().message;
    return *choice ? (*choice)->authority.with_port() : "direct";
}

TEST(Proxy, OptionWinsOverTheEnvironment) {
    const auto of = variables({{"https_proxy", "http://low:1"}, {"HTTPS_PROXY", "http://high:2"}});
    EXPECT_EQ(chosen("", of), "low:1");
    EXPECT_EQ(chosen("", variables({{"HTTPS_PROXY", "high"}})), "high:80");
    EXPECT_EQ(chosen("http://mine:3/", of), "mine:3");
    EXPECT_EQ(chosen("none", of), "direct");
    EXPECT_EQ(chosen("", variables({})), "direct");
    EXPECT_EQ(chosen("", variables({{"HTTP_PROXY", "http://x:1"}})), "direct");
}

TEST(Proxy, NoProxyIsForTheEnvironmentOnly) {
    const auto of = variables({{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", "hubapi.com"}});
    EXPECT_EQ(chosen("", of), "direct");
    EXPECT_EQ(chosen("http://mine:3", of), "mine:3");
}

TEST(Proxy, PlainEndpointsGoDirectly) {
    const auto local = config::parse_endpoint("http://localhost:1").value();
    EXPECT_EQ(chosen("http://mine:3", variables({}), local), "direct");
}

TEST(Proxy, NoProxyMatches) {
    struct row {
        const char* list;
        const char* url;
        bool matches;
    };
    const row rows[] = {
        {"", "https://api.hubapi.com", false},
        {"*", "https://api.hubapi.com", true},
        {"api.hubapi.com", "https://api.hubapi.com", true},
        {"HubApi.COM", "https://api.hubapi.com", true},
        {".hubapi.com", "https://api.hubapi.com", true},
        {".hubapi.com", "https://hubapi.com", true},
        {"bapi.com", "https://api.hubapi.com", false},
        {"x, ,hubapi.com", "https://api.hubapi.com", true},
        {"x hubapi.com", "https://api.hubapi.com", true},
        {"hubapi.com:443", "https://api.hubapi.com", true},
        {"hubapi.com:8443", "https://api.hubapi.com", false},
        {"hubapi.com:8443", "https://api.hubapi.com:8443", true},
        {"192.0.2.1", "https://192.0.2.1", true},
        {"2.1", "https://192.0.2.1", false},
        {"[2001:db8::1]", "https://[2001:db8::1]", true},
        {"192.0.2.0/24", "https://192.0.2.1", false},
        {".", "https://api.hubapi.com", false},
    };
    for (const row& each : rows) {
        const auto target = config::parse_endpoint(each.url).value().authority;
        EXPECT_EQ(no_proxy_matches(each.list, target), each.matches) << each.list << " and " << each.url;
    }
}

TEST(Proxy, SaysWhatIsWrongWithIt) {
    EXPECT_NE(chosen("https://p:1", variables({})).find("not by https://"), std::string::npos);
    EXPECT_NE(chosen("", variables({{"https_proxy", "p:0"}})).find("proxy: "), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::http
