#include "config/url.hpp"

#include <gtest/gtest.h>

namespace consent_sync::config {
namespace {

TEST(UrlEndpoint, ReadsHostPortAndPrefix) {
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
        EXPECT_EQ(parsed->plain, each.plain);
    }
}

TEST(UrlEndpoint, RefusesWhatItCannotOrMustNotUse) {
    struct row {
        const char* url;
        const char* words;
    };
    const row rows[] = {
        {"", "it is not https://HOST[:PORT][/PATH]"},
        {"api.hubapi.com", "it is not https://HOST[:PORT][/PATH]"},
        {"ftp://api.hubapi.com", "does not begin with https://"},
        {"https:api.hubapi.com", "does not begin with https://"},
        {"https://", "the host is missing"},
        {"https:///path", "the host is missing"},
        {"https://a:0", "the port \"0\" is not 1 to 65535"},
        {"https://a:65536", "the port \"65536\" is not 1 to 65535"},
        {"https://a:65537", "is not 1 to 65535"},
        {"https://a:99999", "is not 1 to 65535"},
        {"https://a:18446744073709551617", "is not 1 to 65535"},
        {"https://a:", "the port \"\" is not 1 to 65535"},
        {"https://a:1x", "it is not https://HOST[:PORT][/PATH]"},
        {"https://a b", "it is not https://HOST[:PORT][/PATH]"},
        {"https://a..", "is not a name"},
        {"https://a%41", "is not a name"},
        {"https://[v1.x]", "is not a name"},
        {"https://b\xc3\xbc"
         "cher.example",
         "xn-- form"},
        {"https://::1", "stands in brackets"},
        {"https://[::1", "it is not https://HOST[:PORT][/PATH]"},
        {"https://[::1]x", "it is not https://HOST[:PORT][/PATH]"},
        {"https://[1.2.3.4]", "it is not https://HOST[:PORT][/PATH]"},
        {"https://[fe80::1%\r\nX: y]", "it is not https://HOST[:PORT][/PATH]"},
        {"https://user@a", "must not name a user"},
        {"https://a/b?c", "it has a '?'"},
        {"https://a#b", "a '#'"},
        {"https://a/b c", "are %-encoded"},
        {"https://a/\r\nX: y", "are %-encoded"},
        {"http://api.hubapi.com", "would send the token unencrypted"},
        {"http://192.168.0.1", "would send the token unencrypted"},
        {"http://localhost.evil.example", "would send the token unencrypted"},
        {"http://127.0.0.1.example", "it is not https://HOST[:PORT][/PATH]"},
        {"http://127.0.0.1x", "it is not https://HOST[:PORT][/PATH]"},
    };
    for (const row& each : rows) {
        const auto parsed = parse_endpoint(each.url);
        ASSERT_FALSE(parsed) << each.url;
        EXPECT_EQ(parsed.error().code, base::errc::invalid_input);
        EXPECT_NE(parsed.error().message.find(each.words), std::string::npos) << parsed.error().message;
    }
}

TEST(UrlEndpoint, NeverRepeatsAPassword) {
    const auto parsed = parse_endpoint("https://user:hunter2@api.hubapi.com");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos);
}

TEST(UrlProxy, ReadsCredentials) {
    EXPECT_EQ(parse_proxy("http://user:pass@p:1").value().credentials, "user:pass");
    EXPECT_EQ(parse_proxy("http://us%3aer:p%40@p:1").value().credentials, "us:er:p@");
    EXPECT_EQ(parse_proxy("http://user@p:1").value().credentials, "user:");
    EXPECT_EQ(parse_proxy("http://a:b@c@p:1").value().credentials, "a:b@c");
    EXPECT_EQ(parse_proxy("http://p:1").value().credentials, "");
    EXPECT_EQ(parse_proxy("http://[::1]:3128").value().authority.with_port(), "[::1]:3128");
}

TEST(UrlProxy, RefusesWhatItCannotUseWithoutShowingThePassword) {
    for (const char* url :
         {"https://user:hunter2@p:1", "socks5://user:hunter2@p:1", "http://user:hunter2@p:0",
          "http://user:hunter2%4@p:1", "http://user:hunter2@p:1/path", "http://user:hunter2@", "user:hunter2://@p:1",
          "http//user:hunter2@p:1/://x", "user:hunter2", "http://user:hunter2"}) {
        const auto parsed = parse_proxy(url);
        ASSERT_FALSE(parsed) << url;
        EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos) << parsed.error().message;
    }
}

TEST(UrlAuthority, NeedsAPortWhereThereIsNoDefault) {
    EXPECT_EQ(parse_authority("a", 7).value().with_port(), "a:7");
    EXPECT_FALSE(parse_authority("a", 0));
    EXPECT_EQ(parse_authority("[2001:DB8::1]:9", 0).value().with_port(), "[2001:db8::1]:9");
    EXPECT_FALSE(parse_authority("user@a", 7));
}

TEST(UrlAuthority, KnowsThisMachine) {
    for (const char* here : {"localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "[::1]", "[0:0:0:0:0:0:0:1]"})
        EXPECT_TRUE(parse_authority(here, 80).value().is_loopback()) << here;
    for (const char* elsewhere :
         {"localhost.example", "127.1", "127.000.0.1", "128.0.0.1", "[::2]", "[::ffff:127.0.0.1]"})
        EXPECT_FALSE(parse_authority(elsewhere, 80).value().is_loopback()) << elsewhere;
}

TEST(UrlListenAddress, IsAnAddressWithAPort) {
    EXPECT_EQ(parse_listen_address("127.0.0.1:0").value().port, 0);
    EXPECT_EQ(parse_listen_address("[::1]:65535").value().with_port(), "[::1]:65535");
    for (const char* bad : {"", "9464", ":9464", "localhost:1", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:99999",
                            "::1:80", "a@1.2.3.4:1"})
        EXPECT_FALSE(parse_listen_address(bad)) << bad;
}

TEST(UrlPath, HasNoQuery) {
    for (const char* good : {"/", "/a/b", "/a%20b", "//"}) EXPECT_TRUE(is_http_path(good)) << good;
    for (const char* bad : {"", "a", "/a?b", "/a#b", "/a b", "/a%2", "/a\r\nb"}) EXPECT_FALSE(is_http_path(bad)) << bad;
    EXPECT_TRUE(is_http_path("/" + std::string(1'023, 'a')));
    EXPECT_FALSE(is_http_path("/" + std::string(1'024, 'a')));
}

}  // namespace
}  // namespace consent_sync::config
