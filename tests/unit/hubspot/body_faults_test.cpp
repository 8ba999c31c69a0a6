// What is JSON and what is not, in every place of a body: none may be overlooked because nobody asks for it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hubspot/body_reader.hpp"

namespace consent_sync::hubspot {
namespace {

// Where a value may stand: known and unknown members of everything that is read.
std::vector<std::string> places(const std::string& value) {
    std::vector<std::string> bodies;
    for (const char* const around :
         {R"({"new":#})", R"({"status":#})", R"({"context":#})", R"({"results":#})", R"({"results":[#]})",
          R"({"results":[{"new":#}]})", R"({"results":[{"status":#}]})",
          R"({"results":[{"new":1},{"new":#}]})", R"({"results":[{"status":"A"},{"status":"B"},{"status":#}]})",
          R"({"results":[{"new":1},{"new":2},#]})", R"({"results":[{"new":1},{"new":#},{"new":2}]})", R"({"results":[{"subscriptionId":#}]})",
          R"({"errors":[#]})", R"({"errors":[{"new":#}]})", R"({"errors":[{"status":#}]})",
          R"({"errors":[{"errors":[#]}]})", R"({"errors":[{"errors":[{"new":#}]}]})",
          R"({"errors":[{"context":{"new":#}}]})", R"({"context":{"subscriberIdString":[#]}})",
          R"({"new":[[{"deep":#}]]})", R"({"new":#,"status":"COMPLETE"})", R"({"new":[1,#,2]})"}) {
        std::string body = around;
        bodies.push_back(body.replace(body.find('#'), 1, value));
    }
    return bodies;
}

const char* const faults[] = {"01",
                              "-",
                              "-01",
                              "1.",
                              "1.e",
                              "1.e1",
                              ".5",
                              "1e",
                              "1e+",
                              "+1",
                              "1-",
                              "0x1",
                              "1 2",
                              "1_0",
                              "NaN",
                              "Infinity",
                              "-Infinity",
                              "nul",
                              "nulll",
                              "null1",
                              "True",
                              "tru",
                              "true false",
                              "falsey",
                              "n",
                              "t",
                              "f",
                              "undefined",
                              "'a'",
                              "\"a",
                              "a\"",
                              "\"a\"\"b\"",
                              "\"a\"b",
                              "\"a\":1",
                              "\"\\x\"",
                              "\"\\u12\"",
                              "\"\\u12g4\"",
                              "\"\\",
                              "\"\\ud800\"",
                              "\"\\udc00\"",
                              "\"\\ud800\\u0041\"",
                              "\"\\ud800\\ud800\"",
                              "\"\\udc00\\ud800\"",
                              "\"\t\"",
                              "\"\n\"",
                              "\"\x1f\"",
                              "\x0c",
                              "\x1a",
                              "1\x0c",
                              "\"a\"\x0b",
                              "\x01",
                              "\"\xff\"",
                              "\"\xc0\xaf\"",
                              "\"\xe2\x82\"",
                              "\"\xed\xa0\x80\"",
                              "\"\xf4\x90\x80\x80\"",
                              "\xc2\xa0",
                              "[",
                              "]",
                              "{",
                              "}",
                              "[1",
                              "[1,]",
                              "[,1]",
                              "[1 2]",
                              "[1:2]",
                              "[1}",
                              "{]",
                              "{,}",
                              "{\"a\"}",
                              "{\"a\":}",
                              "{\"a\":1,}",
                              "{\"a\" 1}",
                              "{\"a\",1}",
                              "{\"a\"::1}",
                              "{:1}",
                              "{1:1}",
                              "{a:1}",
                              "{null:1}",
                              "{\"a\":1 \"b\":2}",
                              "{\"a\":1;\"b\":2}",
                              "{\"a\":1:\"b\"}",
                              "{\"\\x\":1}",
                              "{\"\\ud800\":1}",
                              "{\"a\tb\":1}",
                              "{[]:1}",
                              "1,",
                              ",1",
                              "1}",
                              "1]",
                              "[]]",
                              "{}}",
                              "/**/1",
                              "1//\n",
                              "1#"};

TEST(BodyFaults, AFaultAnywhereMakesTheBodyUnreadable) {
    for (const char* const fault : faults)
        for (const std::string& body : places(fault)) EXPECT_FALSE(read_body(body).readable) << body;
    for (const std::string& body : places(std::string("\"\0\"", 3))) EXPECT_FALSE(read_body(body).readable);
}

const char* const values[] = {"0",
                              "-0",
                              "-1",
                              "10",
                              "1.5",
                              "-0.0",
                              "1e5",
                              "1E+5",
                              "1e-5",
                              "0e0",
                              "1e400",
                              "-1e-400",
                              "9223372036854775807",
                              "9223372036854775808",
                              "18446744073709551615",
                              "18446744073709551616",
                              "null",
                              "true",
                              "false",
                              "\"\"",
                              "\" \"",
                              "\"null\"",
                              "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                              "\"\\u0000\"",
                              "\"\\uD83D\\ude00\"",
                              "\"\\uffff\"",
                              "\"\x7f\"",
                              "\"\xf0\x9f\x98\x80\"",
                              "\"{}[],:\"",
                              "[]",
                              "{}",
                              " [ ] ",
                              " { } ",
                              "[[],{}]",
                              "{\"\":{}}",
                              "\t1\r\n",
                              "{ \"a\" : 1 , \"b\" : [ 1 , \"c\" ] }",
                              "{\"\\\"\":\"\\\\\"}"};

TEST(BodyFaults, EveryValueOfJsonIsReadable) {
    for (const char* const value : values)
        for (const std::string& body : places(value)) EXPECT_TRUE(read_body(body).readable) << body;
    for (const std::string& value :
         std::vector{std::string(400, '9'), "0." + std::string(400, '3')})
        for (const std::string& body : places(value)) EXPECT_TRUE(read_body(body).readable) << body;
}

}  // namespace
}  // namespace consent_sync::hubspot
