// The oracle of the adversary: what an answer proves, by DESIGN's words, table by table.
#include "random_hubspot/proof.hpp"

#include <gtest/gtest.h>

#include <string>

#include "random_hubspot/addresses.hpp"
#include "random_hubspot/answers.hpp"
#include "random_hubspot/json_tree.hpp"

namespace consent_sync::random_hubspot {
namespace {

const std::string ann =
    R"({"subscriberIdString":"ann@example.org","subscriptionId":7,"channel":"EMAIL","status":"UNSUBSCRIBED"})";
const std::string ann_in =
    R"({"subscriberIdString":"ann@example.org","subscriptionId":7,"channel":"EMAIL","status":"SUBSCRIBED"})";

std::string complete(const std::string& results, const std::string& more = "") {
    return R"({"status":"COMPLETE","results":[)" + results + "]" + more + "}";
}

what_is_proved of_ann(unsigned status, const std::string& body, const std::string& address = "ann@example.org") {
    return read_proofs(status, body, {{address, 7, "UNSUBSCRIBED"}, {"bob@example.org", 7, "SUBSCRIBED"}})[0];
}

struct row {
    const char* name;
    std::string body;
    claim confirms;
    claim refuses = claim::no;
    friend void PrintTo(const row& r, std::ostream* out) { *out << r.name; }
};

class Proof : public testing::TestWithParam<row> {};

TEST_P(Proof, OfA200) {
    const what_is_proved says = of_ann(200, GetParam().body);
    EXPECT_EQ(says.confirms, GetParam().confirms) << GetParam().body;
    EXPECT_EQ(says.refuses, GetParam().refuses) << GetParam().body;
}

const std::string error_of_ann =
    R"({"category":"VALIDATION_ERROR","context":{"subscriberIdString":["ann@example.org"]}})";

INSTANTIATE_TEST_SUITE_P(
    Is, Proof,
    testing::Values(
        row{"AsAsked", complete(ann), claim::yes}, row{"AnotherStatus", complete(ann_in), claim::no},
        row{"Nobody", complete(""), claim::no}, row{"TwoThatDiffer", complete(ann + "," + ann_in), claim::no},
        row{"TwiceTheSame", complete(ann + "," + ann), claim::yes},
        row{"AnErrorBesideIt", complete(ann, R"(,"errors":[)" + error_of_ann + "]"), claim::no},
        row{"AnErrorAboutTheAddressInWords",
            complete(ann, R"(,"errors":[{"message":"Email address ann@example.org is invalid."}])"), claim::no},
        row{"AnErrorAboutAnotherSubscription",
            complete(ann,
                     R"(,"errors":[{"context":{"subscriberIdString":["ann@example.org"],"subscriptionId":["8"]}}])"),
            claim::arguable},
        row{"AnErrorAboutSomebodyElse",
            complete(ann, R"(,"errors":[{"context":{"subscriberIdString":["bob@example.org"]}}])"), claim::yes},
        row{"AnErrorAlone", complete("", R"(,"errors":[)" + error_of_ann + "]"), claim::no, claim::yes},
        row{"AnErrorOfTheMoment",
            complete(
                "",
                R"(,"errors":[{"category":"INTERNAL_ERROR","context":{"subscriberIdString":["ann@example.org"]}}])"),
            claim::no, claim::arguable},
        row{"ResultsTwice", R"({"status":"COMPLETE","results":[)" + ann + R"(],"results":[]})", claim::no},
        row{"ResultsTwiceByAnEscape", R"({"status":"COMPLETE","results":[)" + ann + R"(],"r\u0065sults":[]})",
            claim::no},
        row{"StatusOfTheBatchTwice", R"({"status":"COMPLETE","status":"PENDING","results":[)" + ann + "]}", claim::no},
        row{"AMemberTwice",
            complete(R"({"subscriberIdString":"ann@example.org","subscriptionId":7,"channel":"EMAIL","status":null,)"
                     R"("status":"UNSUBSCRIBED"})"),
            claim::no},
        row{"AddressTwice",
            complete(R"({"subscriberIdString":"bob@example.org","subscriberIdString":"ann@example.org",)"
                     R"("subscriptionId":7,"channel":"EMAIL","status":"UNSUBSCRIBED"})"),
            claim::no},
        row{"AnotherSubscription",
            complete(
                R"({"subscriberIdString":"ann@example.org","subscriptionId":8,"channel":"EMAIL","status":"UNSUBSCRIBED"})"),
            claim::no},
        row{"AnotherChannel",
            complete(
                R"({"subscriberIdString":"ann@example.org","subscriptionId":7,"channel":"SMS","status":"UNSUBSCRIBED"})"),
            claim::no},
        row{"WithoutAChannel",
            complete(R"({"subscriberIdString":"ann@example.org","subscriptionId":7,"status":"UNSUBSCRIBED"})"),
            claim::arguable},
        row{"InCapitals",
            complete(
                R"({"subscriberIdString":"ANN@example.ORG","subscriptionId":7,"channel":"EMAIL","status":"UNSUBSCRIBED"})"),
            claim::yes},
        row{"NotYet", R"({"status":"PENDING","results":[)" + ann + "]}", claim::no},
        row{"CutShort", complete(ann).substr(0, complete(ann).size() - 1), claim::no},
        row{"WithSomethingBehind", complete(ann) + "{}", claim::no},
        row{"InAnArray", "[" + complete(ann) + "]", claim::no}),
    [](const auto& r) { return std::string(r.param.name); });

TEST(Proof, ARefusalOfTheRequestIsOneOfWhatItNamesOrOfWhatWasAlone) {
    const std::string body = R"({"status":"error","message":"Email address ann@example.org is invalid"})";
    EXPECT_EQ(of_ann(400, body).refuses, claim::yes);
    EXPECT_EQ(of_ann(400, body, "anna@example.org").refuses, claim::no);
    EXPECT_EQ(of_ann(400, "{}").refuses, claim::no);
    EXPECT_EQ(read_proofs(400, "{}", {{"ann@example.org", 7, "SUBSCRIBED"}})[0].refuses, claim::yes);
    for (const unsigned status : {401, 405, 413, 415, 423, 429, 477, 500, 503, 301})
        EXPECT_EQ(of_ann(status, body).refuses, claim::no) << status;
}

TEST(Proof, AnErrorThatNamesNobodyIsAboutWhatWasAlone) {
    const std::string body = complete(ann, R"(,"errors":[{"message":"not valid"}])");
    EXPECT_EQ(of_ann(200, body).confirms, claim::yes);
    EXPECT_FALSE(of_ann(200, body).plainly);
    EXPECT_EQ(read_proofs(200, body, {{"ann@example.org", 7, "UNSUBSCRIBED"}})[0].confirms, claim::arguable);
}

TEST(Proof, ForeignAddressesHaveSpellings) {
    const std::string written = "ren\u00e9@b\u00fccher.example";
    EXPECT_TRUE(same_address(written, "Rene\u0301@XN--BCHER-KVA.Example"));
    EXPECT_FALSE(same_address(written, "rene@b\u00fccher.example"));
    EXPECT_FALSE(same_address("a@stra\u00dfe.example", "a@strasse.example"));
    chance luck(1);
    for (std::int64_t n = 0; n < 2'000; ++n) {
        const std::string address = foreign_address(n);
        const std::string again = respell(address, luck);
        const std::string other = look_alike(address, luck);
        EXPECT_TRUE(same_address(address, again)) << address << " " << again;
        EXPECT_FALSE(same_address(address, other)) << address << " " << other;
    }
}

TEST(Proof, OfGoodAnswersIsPlainForEverybody) {
    chance luck(7);
    habits h;
    h.respells = 0.5;
    std::vector<asked> changes;
    for (std::int64_t n = 0; n < 40; ++n)
        changes.push_back({foreign_address(n), 7, n % 2 == 0 ? "SUBSCRIBED" : "UNSUBSCRIBED"});
    for (int i = 0; i < 50; ++i) {
        const drawn d = good_answer(changes, h, 1'796'000'000, luck);
        for (const what_is_proved& p : read_proofs(d.status, d.body, changes)) EXPECT_TRUE(p.plainly) << d.body;
    }
}

TEST(Proof, NumbersAndTwinsStayAsTheyStand) {
    const auto read = read_json(R"({"a":7.0,"a":[1e400,"\u0061",null,true,{}]})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->count("a"), 2u);
    EXPECT_EQ(write_json(*read), R"({"a":7.0,"a":[1e400,"a",null,true,{}]})");
    for (const char* text : {"{} {}", "\xef\xbb\xbf{}", "{\"a\":\"\xff\"}", "{a:1}", "{\"a\":1,}", "/**/{}", ""})
        EXPECT_FALSE(read_json(text)) << text;
}

}  // namespace
}  // namespace consent_sync::random_hubspot
