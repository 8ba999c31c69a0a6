#include "hubspot/encode.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>
#include <vector>

#include "unit/hubspot/batches.hpp"

namespace consent_sync::hubspot {
namespace {

TEST(EncodeBatch, WritesTheDocumentedFields) {
    consent::change full = make_change("Ann@Example.com", 530858989, unsubscribed);
    full.basis = consent::legal_basis::legitimate_interest_client;
    full.explanation = "asked on the phone";
    const std::vector batch{full, make_change("b@example.com", 7)};
    EXPECT_EQ(encode_batch(batch),
              R"({"inputs":[{"subscriberIdString":"Ann@Example.com","subscriptionId":530858989,"channel":"EMAIL",)"
              R"("statusState":"UNSUBSCRIBED","legalBasis":"LEGITIMATE_INTEREST_CLIENT",)"
              R"("legalBasisExplanation":"asked on the phone"},{"subscriberIdString":"b@example.com",)"
              R"("subscriptionId":7,"channel":"EMAIL","statusState":"SUBSCRIBED"}]})");
}

TEST(EncodeBatch, AnEmptyBatchIsAnEmptyList) { EXPECT_EQ(encode_batch({}), R"({"inputs":[]})"); }

TEST(EncodeBatch, AnEmptyExplanationIsNotAnAbsentOne) {
    std::vector batch{make_change("a@b.c", 1)};
    batch[0].explanation = "";
    EXPECT_NE(encode_batch(batch).find(R"("legalBasisExplanation":"")"), std::string::npos);
}

TEST(EncodeBatch, EscapesEveryCharacterThatJsonForbids) {
    for (int byte = 1; byte < 0x80; ++byte) {
        std::vector batch{make_change("a@b.c", 1)};
        batch[0].explanation = std::string("x") + static_cast<char>(byte) + "y" + static_cast<char>(byte);
        boost::system::error_code ec;
        const auto value = boost::json::parse(encode_batch(batch), ec);
        ASSERT_FALSE(ec) << byte;
        EXPECT_EQ(value.at("inputs").at(0).at("legalBasisExplanation").as_string(), *batch[0].explanation) << byte;
    }
}

TEST(EncodeBatch, KeepsNulBytesAndUnicode) {
    std::vector batch{make_change("j\xc3\xb6rg@m\xc3\xbcnchen.de", 1)};
    batch[0].explanation = std::string("a\0\xf0\x9f\x98\x80", 6);
    const auto value = boost::json::parse(encode_batch(batch));
    EXPECT_EQ(value.at("inputs").at(0).at("subscriberIdString").as_string(), batch[0].subscriber);
    EXPECT_EQ(value.at("inputs").at(0).at("legalBasisExplanation").as_string(), *batch[0].explanation);
}

TEST(EncodeBatch, WritesTheWholeRangeOfIds) {
    for (const std::int64_t id : {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                                  std::int64_t{0}, std::int64_t{9007199254740993}}) {
        const std::vector batch{make_change("a@b.c", id)};
        EXPECT_NE(encode_batch(batch).find("\"subscriptionId\":" + std::to_string(id) + ","), std::string::npos);
    }
}

}  // namespace
}  // namespace consent_sync::hubspot
