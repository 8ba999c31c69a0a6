#include "http/endpoint.hpp"

#include <gtest/gtest.h>

namespace consent_sync::http {
namespace {

TEST(Endpoint, ReadsHostPortAndPrefix) {
    struct row {
        const char* url;
        const char* host;
        unsigned port;
        const char* prefix;
        const char* host_header;
        bool plain;
    };
    const row rows[] = {
        {"https://api.hubapi.com", "api.hubapi.com", 443, "", "api.hubapi.com", false},
        {"https://api.hubapi.com/", "api.hubapi.com", 443, "", "api.hubapi.com", false},
        {"HTTPS://API.HubApi.com:8443/a/b/", "api.hubapi.com", 8443, "/a/b", "api.hubapi.com:8443", false},
        {"https://api.hubapi.com:443", "api.hubapi.com", 443, "", "api.hubapi.com", false},
        {"https://192.0.2.7", "192.0.2.7", 443, "", "192.0.2.7", false},
        {"https://[2001:DB8::1]:65535/x", "2001:db8::1", 65535, "/x", "[2001:db8::1]:65535", false},
        {"http://localhost:8080", "localhost", 8080, "", "localhost:8080", true},
        {"http://127.0.0.1", "127.0.0.1", 80, "", "127.0.0.1", true},
        {"http://127.9.9.9:81", "127.9.9.9", 81, "", "127.9.9.9:81", true},
        {"http://[::1]:80", "::1", 80, "", "[::1]", true},
    };
    for (const row& each : rows) {
        const auto parsed = parse_endpoint(each.url);
        ASSERT_TRUE(parsed) << each.url << ": " << parsed.error().message;
        EXPECT_EQ(parsed->authority.host, each.host);
        EXPECT_EQ(parsed->authority.port, each.port) << each.url;
        EXPECT_EQ(parsed->prefix, each.prefix);
        EXPECT_EQ(parsed->host_header(), each.host_header);
        EXPECT_EQ(parsed->is_plain(), each.plain);
    }
}

TEST(Endpoint, RefusesWhatItCannotOrMustNotUse) {
    struct row {
        const char* url;
        const char* words;
    };
    const row rows[] = {
        {"", "does not begin with https://"},
        {"api.hubapi.com", "does not begin with https://"},
        {"ftp://api.hubapi.com", "does not begin with https://"},
        {"https://", "the host is missing"},
        {"https:///path", "the host is missing"},
        {"https://a:0", "the port \"0\" is not 1 to 65535"},
        {"https://a:65536", "the port \"65536\" is not 1 to 65535"},
        {"https://a:", "the port \"\" is not 1 to 65535"},
        {"https://a:1x", "the port \"1x\" is not 1 to 65535"},
        {"https://a b", "is not a name"},
        {"https://a..", "is not a name"},
        {"https://b\xc3\xbc"
         "cher.example",
         "xn--"},
        {"https://::1", "stands in brackets"},
        {"https://[::1", "']' is missing"},
        {"https://[::1]x", "only a port may follow"},
        {"https://[1.2.3.4]", "is not an IPv6 address"},
        {"https://[fe80::1%\r\nX: y]", "is not an IPv6 address"},
        {"https://a/b?c", "its path holds"},
        {"https://a#b", "its path holds"},
        {"https://a/b c", "its path holds"},
        {"https://a/\r\nX: y", "its path holds"},
        {"http://api.hubapi.com", "would send the token unencrypted"},
        {"http://192.168.0.1", "would send the token unencrypted"},
        {"http://localhost.evil.example", "would send the token unencrypted"},
        {"http://127.0.0.1.example", "would send the token unencrypted"},
    };
    for (const row& each : rows) {
        const auto parsed = parse_endpoint(each.url);
        ASSERT_FALSE(parsed) << each.url;
        EXPECT_EQ(parsed.error().code, base::errc::invalid_input);
        EXPECT_NE(parsed.error().message.find(each.words), std::string::npos) << parsed.error().message;
    }
}

TEST(Endpoint, NeverRepeatsAPassword) {
    const auto parsed = parse_endpoint("https://user:hunter2@api.hubapi.com");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::http
