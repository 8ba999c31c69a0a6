#include "hubspot/suspects.hpp"

#include <gmock/gmock.h>

#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector lookalikes{make_change("ann@example.com", 1), make_change("Joann@example.com", 58687837),
                        make_change("a@b.com", 180551219), make_change("x+y@b.com.au", 2),
                        make_change("ann@example.com", 3)};

std::vector<std::uint32_t> suspects(std::string_view text) { return find_suspects(lookalikes, read_body(text)); }
std::vector<std::uint32_t> suspects_of_message(const std::string& message) {
    return suspects(R"({"status":"error","message":")" + message + R"("})");
}

TEST(Suspects, AreNamedByAddressInTheMessage) {
    EXPECT_THAT(suspects(real::already_subscribed), ElementsAre(0, 4));
    EXPECT_THAT(suspects(real::opted_out), ElementsAre(2));
    EXPECT_THAT(suspects_of_message("'JOANN@EXAMPLE.COM' is bad"), ElementsAre(1));
    EXPECT_THAT(suspects_of_message("bad: a@b.com."), ElementsAre(2));
    EXPECT_THAT(suspects_of_message("x+y@b.com.au"), ElementsAre(3));
}

TEST(Suspects, APartOfAnotherAddressIsNone) {
    EXPECT_THAT(suspects_of_message("mann@example.com, ann@example.community, ann@example.com.tw"), IsEmpty());
    EXPECT_THAT(suspects_of_message("mann@example.com then ann@example.com"), ElementsAre(0, 4));
}

TEST(Suspects, AreNamedByPlace) {
    EXPECT_THAT(suspects_of_message("inputs[2].subscriberIdString is invalid"), ElementsAre(2));
    EXPECT_THAT(suspects_of_message("/inputs/3/subscriptionId and inputs.1"), ElementsAre(1, 3));
    EXPECT_THAT(suspects_of_message(R"(BatchInput[\"inputs\"]->java.util.ArrayList[4]->X)"), ElementsAre(4));
    EXPECT_THAT(suspects(R"({"message":"no","errors":[{"message":"bad","in":"inputs[0].channel"}]})"), ElementsAre(0));
    EXPECT_THAT(suspects_of_message("inputs[5], inputs[-1], inputs[x], inputs[99999999999999999999], inputs"),
                IsEmpty());
}

TEST(Suspects, AreNamedByContext) {
    EXPECT_THAT(suspects(R"({"message":"no","context":{"email":["A@B.com"]}})"), ElementsAre(2));
    EXPECT_THAT(
        suspects(R"({"message":"no","errors":[{"message":"x","context":{"any":["a@b.com","ann@example.com"]}}]})"),
        ElementsAre(0, 2, 4));
}

TEST(Suspects, AreNamedBySubscriptionWhenNothingElseNamesThem) {
    EXPECT_THAT(suspects(R"({"message":"no","context":{"subscriptionId":["58687837"]}})"), ElementsAre(1));
    EXPECT_THAT(suspects(R"({"message":"no","errors":[{"context":{"subscriptionId":[2,3]}}]})"), ElementsAre(3, 4));
    EXPECT_THAT(suspects(R"({"message":"a@b.com","context":{"subscriptionId":["58687837"]}})"), ElementsAre(2));
}

TEST(Suspects, EverybodyIsNobody) {
    EXPECT_THAT(suspects_of_message("inputs[0] inputs[1] inputs[2] inputs[3] inputs[4]"), IsEmpty());
    EXPECT_THAT(suspects(real::binding_failure), IsEmpty());
    EXPECT_THAT(suspects("<html>ann@example.com</html>"), IsEmpty());
}

}  // namespace
}  // namespace consent_sync::hubspot
