// Results that are alike are read without the parser: nothing may come out otherwise than with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "hubspot/body_reader.hpp"

namespace consent_sync::hubspot {
namespace {

std::string result(const std::string& address, const std::string& more = "") {
    return R"({"businessUnitId":0,"channel":"EMAIL","subscriberIdString":")" + address +
           R"(","subscriptionId":77,"subscriptionName":"News","status":"SUBSCRIBED","legalBasis":null,)"
           R"("setStatusSuccessReason":"REQUESTED_CHANGE_OCCURRED","timestamp":"2026-01-08T06:34:39.478Z")" +
           more + "}";
}

std::string body_of(const std::vector<std::string>& results) {
    std::string text = R"({"status":"COMPLETE","results":[)";
    for (const std::string& r : results) text += (&r == results.data() ? "" : ",") + r;
    return text + R"(],"numErrors":1,"completedAt":"2026-01-08T06:34:39.598Z"})";
}

// Everything that reading `text` gives.
std::string all_of(const std::string& text) {
    const answer_body body = read_body(text);
    if (!body.readable) return "not readable";
    std::string all = body.whole.status + "," + std::to_string(body.num_errors) + (body.unsound ? "!" : ".");
    for (const body_error& e : body.errors) all += e.message + "|" + e.text + (e.unsound ? "!" : ".");
    for (const std::string& address : body.doubted) all += address + ";";
    for (const body_result& r : body.results)
        for (const std::string_view part :
             {std::string_view("\n"), r.subscriber, std::string_view("|"), r.channel, std::string_view("|"), r.status,
              std::string_view("|"), r.reason, std::string_view("|"), r.timestamp,
              std::string_view(r.unsound ? "|!|" : "|"),
              r.subscription ? std::string_view("=") : std::string_view("-")})
            all += part;
    for (const body_result& r : body.results) all += " " + std::to_string(r.subscription.value_or(-1));
    return all;
}

// A space behind the colon says the same, and leaves every result to the parser.
std::string by_the_parser_alone(std::string text) {
    const std::string results = "\"results\":[";
    for (std::size_t at = text.find(results); at != std::string::npos; at = text.find(results, at + 1))
        text.insert(at + results.size() - 1, " ");
    return text;
}

TEST(AlikeResults, SayTheSame) {
    std::vector<std::string> results;
    for (int i = 0; i < 100; ++i) results.push_back(result("person" + std::to_string(i) + "@example.com"));
    const std::string text = body_of(results);
    const answer_body body = read_body(text);
    ASSERT_TRUE(body.readable);
    ASSERT_EQ(body.results.size(), 100U);
    EXPECT_EQ(body.results[99].subscriber, "person99@example.com");
    EXPECT_EQ(body.results[99].subscription, 77);
    EXPECT_EQ(body.num_errors, 1);
    EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text)));
}

TEST(AlikeResults, OddOnesAmongThemAreTheParsers) {
    for (const char* odd : {R"({})",
                            R"({"status":"A"})",
                            R"({"status":["A"],"status":"B"})",
                            R"({"status":"A","status":"B"})",
                            R"({"subscriberIdString":"a\"b","status":"A\u0042"})",
                            R"({"subscriptionId":"77"})",
                            R"({"subscriptionId":1.5})",
                            R"({"subscriptionId":12345678901234567890123})",
                            R"({"new":{"results":[{"status":"A"}]}})",
                            R"({"subscriberIdString":"a@b.c","new":1,"new":1})",
                            R"(null)",
                            R"("text")",
                            R"([])",
                            R"({"status":tru})",
                            R"({"status":"A",})",
                            R"({"status" "A"})",
                            R"({)",
                            R"(})",
                            R"()",
                            R"({"status":"A"}})"}) {
        std::vector<std::string> results{result("a@b.c"), result("d@e.f"), odd, result("g@h.i"), odd, odd,
                                         result("j@k.l")};
        for (std::size_t from = 0; from < 4; ++from) {
            const std::string text = body_of({results.begin() + static_cast<std::ptrdiff_t>(from), results.end()});
            EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text))) << text;
        }
    }
}

TEST(AlikeResults, ManyOddOnes) {
    std::vector<std::string> results;
    for (int i = 0; i < 200; ++i)
        results.push_back(result("p" + std::to_string(i) + "@b.c", i % 3 == 0 ? R"(,"status":"SUBSCRIBED")" : ""));
    const std::string text = body_of(results);
    const answer_body body = read_body(text);
    EXPECT_EQ(body.results.size(), 200U);
    EXPECT_EQ(std::count_if(body.results.begin(), body.results.end(), [](const auto& r) { return r.unsound; }), 67);
    EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text)));
}

TEST(AlikeResults, OnlyThoseOfTheBodyItself) {
    for (const char* text :
         {R"({"context":{"results":[{"status":"A"},{"status":"B"}]},"status":"COMPLETE"})",
          R"({"new":[{"results":[{"status":"A"},{"status":"B"}]}],"results":[{"status":"C"},{"status":"D"}]})",
          R"({"x\"results":[{"status":"A"},{"status":"B"}]})",
          R"({"errors":[{"results":[{"status":"A"},{"status":"B"}]}]})",
          R"({"results":[{"status":"A"},{"status":"B"}],"results":[{"status":"C"},{"status":"D"}]})",
          R"({"results":[{"status":"A"},{"status":"B"},]})", R"({"results":[{"status":"A"}{"status":"B"}]})",
          R"({"results":[{"status":"A"},,{"status":"B"}]})", R"({"results":[,{"status":"A"},{"status":"B"}]})",
          R"({} "results":[{"status":"COMPLETE"})", R"({} "results":[{"status":"A"},{"status":"B"}])",
          R"({"status":"COMPLETE"},"results":[{"status":"A"}])",
          "{\"results\":[ {\"status\":\"A\"}\n,\t{\"status\":\"B\"} , {\"status\":\"C\"} ]}"})
        EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text))) << text;
}

// One result that says two things, among many that are like it but for the one place.
TEST(AlikeResults, WhatIsNoProofIsNoneForBoth) {
    const std::string usual = result("a@b.c");
    for (const auto& [what, instead] :
         std::vector<std::pair<std::string, std::string>>{{"\"EMAIL\"", "1"},
                                                          {"\"EMAIL\"", "true"},
                                                          {"\"EMAIL\"", "null"},
                                                          {"\"EMAIL\"", "1.5"},
                                                          {"\"EMAIL\"", "[\"EMAIL\"]"},
                                                          {":77", ":\"77\""},
                                                          {":77", ":\"077\""},
                                                          {":77", ":\" 77\""},
                                                          {":77", ":null"},
                                                          {":77", ":-77"},
                                                          {"\"SUBSCRIBED\"", "null"},
                                                          {"\"SUBSCRIBED\"", "{}"},
                                                          {"\"status\"", "\"st\\u0061tus\""},
                                                          {"\"subscriptionName\"", "\"status\""},
                                                          {"\"subscriptionName\"", "\"channel\""},
                                                          {"\"legalBasis\"", "\"status\""},
                                                          {"\"legalBasis\"", "\"subscriberIdString\""},
                                                          {"\"legalBasis\"", "\"businessUnitId\""},
                                                          {"\"timestamp\"", "\"status\""},
                                                          {"a@b.c", "\\u0061@b.c"}}) {
        std::string odd = usual;
        odd.replace(odd.find(what), what.size(), instead);
        for (const std::string& text :
             {body_of({usual, odd, usual}), body_of({odd, odd, usual}), body_of({usual, usual, odd})})
            EXPECT_EQ(all_of(text), all_of(by_the_parser_alone(text))) << text;
    }
}

// Bytes changed, taken away, doubled and put in at random: whatever comes of it, both read the same.
TEST(AlikeResults, DamagedOnesAreReadAsTheParserDoes) {
    std::mt19937 random(20260);
    const std::string pieces[] = {"\"", "\\", "{",    "}",    "[", "]",    ",",
                                  ":",  "0",  "\xc3", "\x01", " ", "null", "\\u0041"};
    int readable = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::string> results;
        for (int k = 0; k < 4; ++k)
            results.push_back(result("p" + std::to_string(k) + (k == 2 ? "\xc3\xb6@b.c" : "@b.c")));
        std::string text = body_of(results);
        const std::size_t at = random() % text.size();
        switch (random() % 4) {
            case 0: text[at] = pieces[random() % std::size(pieces)][0]; break;
            case 1: text.erase(at, 1 + random() % 3); break;
            case 2: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
            default: text.insert(at, pieces[random() % std::size(pieces)]); break;
        }
        const std::string by_parser = all_of(by_the_parser_alone(text));
        ASSERT_EQ(all_of(text), by_parser) << text;
        readable += by_parser != "not readable";
    }
    EXPECT_GT(readable, 2'000);
}

}  // namespace
}  // namespace consent_sync::hubspot
