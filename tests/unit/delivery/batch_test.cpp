#include "delivery/batch.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using consent::place;

consent::change change_at(std::int64_t row, bool opt_out = false) {
    consent::change c;
    c.id = place(1, static_cast<std::uint64_t>(row));
    c.state = opt_out ? consent::status_state::unsubscribed : consent::status_state::subscribed;
    return c;
}

batch& batch_of(batches& all, std::int64_t rows) {
    batch& b = all.make();
    for (std::int64_t row = 1; row <= rows; ++row) b.content.add(change_at(row), static_cast<consent::key_hash>(row));
    return b;
}

TEST(Items, KeepHashAndHistoryBesideTheirChange) {
    items some;
    for (std::int64_t row = 1; row <= 4; ++row)
        some.add(change_at(row, row == 2), static_cast<consent::key_hash>(10 * row), row == 3);
    EXPECT_TRUE(some.mixed());
    const items taken = some.take({false, true, true, false});
    ASSERT_EQ(taken.size(), 2u);
    EXPECT_EQ(taken[1].id.row(), 3u);
    EXPECT_EQ(taken.hash(1), 30u);
    EXPECT_TRUE(taken.answered_otherwise(1));
    EXPECT_FALSE(taken.answered_otherwise(0));
    some.remove(0);
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some.hash(0), 40u);
    EXPECT_EQ(some.opt_outs(), 0u);
}

TEST(Batches, APartHasThePastOfTheWhole) {
    batches all;
    all.restore(7);
    batch& whole = batch_of(all, 3);
    EXPECT_EQ(whole.id, 7);
    whole.attempts = 4;
    whole.past.alone = 2;
    whole.past.words.message = "no";
    whole.retry.cost = 3;
    whole.last.id = 99;
    whole.where = batch::place::waiting;
    all.mark_assertion(whole);
    batch& part = all.split(whole, {false, false, true});
    EXPECT_EQ(part.id, 8);
    EXPECT_EQ(part.attempts, 0u) << "attempts are counted for each batch";
    EXPECT_EQ(part.past.alone, 2u);
    EXPECT_EQ(part.past.words.message, "no");
    EXPECT_EQ(part.retry.cost, 3u);
    EXPECT_EQ(part.last.id, 99);
    EXPECT_EQ(part.where, batch::place::waiting);
    EXPECT_EQ(all.assertions(), 2u);
    EXPECT_EQ(all.find(8, place(1, 3)), &part.content[0]);
    EXPECT_FALSE(all.find(7, place(1, 3)));
    all.end(part);
    EXPECT_FALSE(all.find(8));
    EXPECT_EQ(all.assertions(), 1u);
}

TEST(Refusal, CountsForAllThatItWasAPartOf) {
    auto whole = std::make_shared<refusal>();
    auto part = std::make_shared<refusal>();
    part->of = whole;
    part->name(place(1, 1));
    EXPECT_TRUE(whole->names(place(1, 1)));
    part->accept(place(1, 2));
    part->accept(place(1, 1));
    for (const auto& r : {whole, part}) {
        EXPECT_EQ(r->accepted, 2u);
        EXPECT_EQ(r->unnamed_accepted, 1u);
    }
}

}  // namespace
}  // namespace consent_sync::delivery
