#include "http/request_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace consent_sync::http {
namespace {

std::string text_of(const request& r) {
    return format_request(r, config::parse_endpoint("https://api.hubapi.com").value());
}

TEST(RequestText, HasALengthWhenItMayHaveABody) {
    request r;
    r.target = "/t";
    EXPECT_EQ(text_of(r), "POST /t HTTP/1.1\r\nHost: api.hubapi.com\r\nContent-Length: 0\r\n\r\n");
    r.method = "GET";
    EXPECT_EQ(text_of(r), "GET /t HTTP/1.1\r\nHost: api.hubapi.com\r\n\r\n");
    r.body = "ab";
    EXPECT_EQ(text_of(r), "GET /t HTTP/1.1\r\nHost: api.hubapi.com\r\nContent-Length: 2\r\n\r\nab");
}

// A token file with a line break in its middle must not become a second header.
TEST(RequestText, NeverLetsALineBreakThrough) {
    const auto refused = [](const std::string& method, const std::string& target, const std::string& name,
                            const std::string& value) {
        request r;
        r.method = method;
        r.target = target;
        r.headers.emplace_back(name, value);
        EXPECT_THROW(text_of(r), std::invalid_argument) << method << target << name << value;
    };
    refused("POST", "/t", "Authorization", "Bearer a\r\nX: y");
    refused("POST", "/t", "Authorization", "Bearer a\n");
    refused("POST", "/t", "Authorization", std::string("a\0b", 3));
    refused("POST", "/t", "Bad Name", "x");
    refused("POST", "/t", "", "x");
    refused("POST", "/t", "X:", "x");
    refused("POST", "/t x", "A", "x");
    refused("POST", "t", "A", "x");
    refused("POST", "", "A", "x");
    refused("PO ST", "/t", "A", "x");
    refused("", "/t", "A", "x");
    refused("POST\r\nX: y", "/t", "A", "x");
    refused("POST", "/t", "Content-length", "3");
    refused("POST", "/t", "HOST", "x");
    refused("POST", "/t", "Transfer-Encoding", "chunked");
}

TEST(RequestText, AsksAProxyForATunnel) {
    const auto target = config::parse_endpoint("https://[2001:db8::1]").value().authority;
    EXPECT_EQ(format_connect(config::parse_proxy("p:1").value(), target),
              "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
}

}  // namespace
}  // namespace consent_sync::http
