#include "hubspot/definitions.hpp"

#include <gmock/gmock.h>

namespace consent_sync::hubspot {
namespace {

TEST(Definitions, AreReadAndSorted) {
    const auto read = parse_definitions(
        R"({"status":"COMPLETE","results":[{"id":"530858989","name":"Customer Service Communication","isActive":true,"isDefault":false},)"
        R"({"id":"7","name":"Old\nnews","isActive":false},{"id":8},{"id":"7","name":"again"}],"startedAt":"x"})");
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 3U);
    EXPECT_EQ((*read)[0].id, 7);
    EXPECT_EQ((*read)[0].name, "Old news");
    EXPECT_FALSE((*read)[0].active);
    EXPECT_EQ((*read)[1].id, 8);
    EXPECT_TRUE((*read)[1].active) << "silence makes nothing inactive";
    EXPECT_EQ((*read)[2].id, 530858989);
    EXPECT_TRUE((*read)[2].active);
}

TEST(Definitions, ItemsWithoutAnIdAreLeftOut) {
    const auto read = parse_definitions(R"({"results":[{},null,1,[],{"id":null},{"id":"x"},{"id":1.5},{"id":"3"}]})");
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ((*read)[0].id, 3);
}

TEST(Definitions, AnEmptyListIsAList) { EXPECT_TRUE(parse_definitions(R"({"results":[]})")->empty()); }

TEST(Definitions, AnythingElseIsAnError) {
    for (const char* body : {"", "[]", "{}", R"({"results":null})", R"({"results":{}})", R"({"results":[]},)",
                             R"({"status":"PENDING","results":[]})", "<html>"})
        EXPECT_EQ(parse_definitions(body).has_error(), true) << body;
}

}  // namespace
}  // namespace consent_sync::hubspot
