#include "observe/control_places.hpp"

#include <gtest/gtest.h>

namespace consent_sync::observe {
namespace {

using kind = control_places::kind;

TEST(ControlPlaces, AreOfTheKindThatTheRightsGive) {
    const control_rights rights{990, 991, true, 992};
    EXPECT_EQ(control_places::kind_of({0, {0}}, rights), kind::root);
    EXPECT_EQ(control_places::kind_of({990, {991}}, rights), kind::service_user);
    EXPECT_EQ(control_places::kind_of({1000, {1000, 992, 991}}, rights), kind::admin);
    EXPECT_EQ(control_places::kind_of({1000, {1000, 991}}, rights), kind::reader);
    EXPECT_EQ(control_places::kind_of({1000, {1000}}, rights), kind::stranger);
}

TEST(ControlPlaces, AKindThatIsFullKeepsNoOtherOut) {
    for (std::size_t full = 0; full < control_places::rooms.size(); ++full) {
        control_places places;
        for (unsigned uid = 0; uid < 200; ++uid)
            for (int i = 0; i < 200; ++i) places.enter(static_cast<kind>(full), uid);
        for (std::size_t k = 0; k < control_places::rooms.size(); ++k)
            EXPECT_EQ(places.enter(static_cast<kind>(k), 1'000), k != full) << full << " " << k;
    }
}

TEST(ControlPlaces, AUserHasAShareAndGetsItBack) {
    for (std::size_t k = 0; k < control_places::rooms.size(); ++k) {
        control_places places;
        const auto room = control_places::rooms[k];
        for (std::size_t i = 0; i < room.of_one_user; ++i) EXPECT_TRUE(places.enter(static_cast<kind>(k), 7));
        EXPECT_FALSE(places.enter(static_cast<kind>(k), 7));
        EXPECT_EQ(places.enter(static_cast<kind>(k), 8), room.all > room.of_one_user);
        places.leave(static_cast<kind>(k), 7);
        EXPECT_TRUE(places.enter(static_cast<kind>(k), 7));
        EXPECT_FALSE(places.enter(static_cast<kind>(k), 7));
    }
}

TEST(ControlPlaces, AreBoundedInAll) {
    control_places places;
    for (std::size_t k = 0; k < control_places::rooms.size(); ++k) {
        std::size_t entered = 0;
        for (unsigned uid = 0; uid < 200; ++uid) entered += places.enter(static_cast<kind>(k), uid);
        EXPECT_EQ(entered, control_places::rooms[k].all);
    }
}

}  // namespace
}  // namespace consent_sync::observe
