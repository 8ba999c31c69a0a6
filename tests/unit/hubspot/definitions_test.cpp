#include "hubspot/definitions.hpp"

#include <gmock/gmock.h>

namespace consent_sync::hubspot {
namespace {

TEST(Definitions, AreReadAndSorted) {
    const auto read = parse_definitions(
        R"({"status":"COMPLETE","results":[{"id":"530858989","name":"Customer Service Communication","isActive":true,"isDefault":false},)"
        R"({"id":"7","name":"Old\nnews","isActive":false},{"id":8},{"id":"9","isActive":null}],"startedAt":"x"})");
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 4U);
    EXPECT_EQ((*read)[0].id, 7);
    EXPECT_EQ((*read)[0].name, "Old news");
    EXPECT_FALSE((*read)[0].active);
    EXPECT_EQ((*read)[1].id, 8);
    EXPECT_TRUE((*read)[1].active) << "silence makes nothing inactive";
    EXPECT_TRUE((*read)[2].active);
    EXPECT_EQ((*read)[3].id, 530858989);
    EXPECT_TRUE((*read)[3].active);
}

constexpr const char* item = R"({"id":"7","name":"News","isActive":true})";

std::string list_of(const std::string& items, const std::string& more = "") {
    return R"({"status":"COMPLETE","results":[)" + items + "]" + more + "}";
}

TEST(Definitions, AWholeListMaySayThatNothingIsMissing) {
    for (const char* more :
         {"", R"(,"errors":[])", R"(,"errors":null,"numErrors":0)", R"(,"paging":null)", R"(,"paging":{})",
          R"(,"paging":{"next":null})", R"(,"links":{"a":"x"})", R"(,"total":1,"hasMore":false)", R"(,"new":[1])"})
        EXPECT_TRUE(parse_definitions(list_of(item, more))) << more;
    EXPECT_TRUE(parse_definitions(R"({"status":"SUCCESS","results":[{"id":7}]})"));
}

TEST(Definitions, OneOddItemMakesTheListOdd) {
    for (const char* odd : {"{}",
                            "null",
                            "1",
                            "\"7\"",
                            "[]",
                            R"({"id":null})",
                            R"({"id":"x"})",
                            R"({"id":""})",
                            R"({"id":1.5})",
                            R"({"id":"8 "})",
                            R"({"id":-8})",
                            R"({"id":0})",
                            R"({"id":true})",
                            R"({"id":["8"]})",
                            R"({"id":18446744073709551615})",
                            R"({"name":"x"})",
                            R"({"id":"8","isActive":"false"})",
                            R"({"id":"8","isActive":0})",
                            R"({"id":"8","id":"9"})",
                            R"({"id":"8","isActive":true,"isActive":false})",
                            R"({"id":"8","\u0069d":"9"})",
                            item}) {
        EXPECT_FALSE(parse_definitions(list_of(std::string(item) + "," + odd))) << odd;
        EXPECT_FALSE(parse_definitions(list_of(std::string(odd) + "," + item))) << odd;
    }
}

TEST(Definitions, AnythingElseIsAnError) {
    const std::string whole = list_of(item);
    ASSERT_TRUE(parse_definitions(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(parse_definitions(whole.substr(0, size))) << size;
    for (const std::string& body : {std::string(),
                                    std::string("[]"),
                                    std::string("{}"),
                                    std::string("<html><body>Welcome</body></html>"),
                                    list_of(""),
                                    whole + ",",
                                    whole + whole,
                                    std::string(R"({"results":[{"id":"7"}]})"),
                                    std::string(R"({"status":null,"results":[{"id":"7"}]})"),
                                    std::string(R"({"status":"PENDING","results":[{"id":"7"}]})"),
                                    std::string(R"({"status":["COMPLETE"],"results":[{"id":"7"}]})"),
                                    std::string(R"({"status":"COMPLETE"})"),
                                    std::string(R"({"status":"COMPLETE","results":null})"),
                                    std::string(R"({"status":"COMPLETE","results":{"id":"7"}})"),
                                    list_of(item, R"(,"status":"COMPLETE")"),
                                    list_of(item, R"(,"results":[])"),
                                    list_of(item, R"(,"res\u0075lts":null)"),
                                    list_of(item, R"(,"errors":[{"message":"no"}])"),
                                    list_of(item, R"(,"errors":{"message":"no"})"),
                                    list_of(item, R"(,"errors":"no")"),
                                    list_of(item, R"(,"numErrors":1)"),
                                    list_of(item, R"(,"numErrors":"1")"),
                                    list_of(item, R"(,"category":"MISSING_SCOPES","message":"no")"),
                                    list_of(item, R"(,"paging":{"next":{"after":"x"}})"),
                                    list_of(item, R"(,"paging":"x")"),
                                    list_of(item, R"(,"links":{"next":"x"})"),
                                    list_of(item, R"(,"hasMore":true)"),
                                    list_of(item, R"(,"total":2)"),
                                    list_of(item, R"(,"new":[{"a":1,"a":1}])")})
        EXPECT_FALSE(parse_definitions(body)) << body;
}

}  // namespace
}  // namespace consent_sync::hubspot
