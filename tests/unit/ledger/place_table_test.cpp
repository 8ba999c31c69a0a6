#include "ledger/place_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace consent_sync::ledger {
namespace {

using consent::place;

TEST(PlaceTable, KeepsTheNewestPlaceAndRemovesNoNewerOne) {
    place_table table;
    EXPECT_EQ(table.find(5), place());
    table.put(5, place(2, 1));
    table.put(5, place(1, 9));
    EXPECT_EQ(table.find(5), place(2, 1));
    table.remove_up_to(5, place(1, 9));
    EXPECT_EQ(table.find(5), place(2, 1));
    table.remove_up_to(5, place(2, 1));
    EXPECT_EQ(table.find(5), place());
    EXPECT_EQ(table.size(), 0u);
    table.remove_up_to(5, place(2, 1));
}

// Against a map, with hashes that crowd at both ends of the slots, so that entries wrap around and move up.
TEST(PlaceTable, DoesWhatAMapDoes) {
    std::mt19937_64 random(7);
    place_table table;
    std::map<consent::key_hash, place> model;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t crowd = random() % 3;
        const std::uint64_t upper = crowd == 0   ? random() % 300
                                    : crowd == 1 ? 0xffffff00U + random() % 256
                                                 : random() >> 40;
        const consent::key_hash hash = (upper + (upper == 0)) << 32 | random() % 2;
        const place at(1, random() % 1'000 + 1);
        if (random() % 5 < 3) {
            table.put(hash, at);
            model[hash] = std::max(model[hash], at);
        } else {
            table.remove_up_to(hash, at);
            const auto found = model.find(hash);
            if (found != model.end() && found->second <= at) model.erase(found);
        }
        ASSERT_EQ(table.size(), model.size());
        if (i % 100 != 0) continue;
        for (const auto& [known, where] : model) ASSERT_EQ(table.find(known), where) << i;
    }
    for (const auto& [known, where] : model) table.remove_up_to(known, place(2, 1));
    EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace consent_sync::ledger
