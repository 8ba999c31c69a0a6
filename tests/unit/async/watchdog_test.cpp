#include "async/watchdog.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

namespace consent_sync::async {
namespace {

using std::chrono::steady_clock;

class Watchdog : public ::testing::Test {
  protected:
    boost::asio::io_context context{1};
    int calls = 0;
};

TEST_F(Watchdog, CallsOnceWhenTheDeadlinePasses) {
    watchdog dog(context.get_executor());
    dog.arm(steady_clock::now(), [&] { calls++; });
    EXPECT_FALSE(dog.expired());
    context.run();
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(dog.expired());
    dog.disarm();
    EXPECT_TRUE(dog.expired());
}

TEST_F(Watchdog, DisarmedItLetsTheContextEnd) {
    watchdog dog(context.get_executor());
    dog.arm(steady_clock::now() + std::chrono::hours(1), [&] { calls++; });
    dog.disarm();
    context.run();
    EXPECT_EQ(calls, 0);
    EXPECT_FALSE(dog.expired());
}

TEST_F(Watchdog, ArmedAgainOnlyTheLastCounts) {
    watchdog dog(context.get_executor());
    dog.arm(steady_clock::now(), [&] { calls += 100; });
    dog.arm(steady_clock::now(), [&] { calls++; });
    context.run();
    EXPECT_EQ(calls, 1);
    dog.arm(steady_clock::now() + std::chrono::hours(1), [] {});
    EXPECT_FALSE(dog.expired());
}

// The timers of both have fired by the time the first function runs; its word counts.
TEST_F(Watchdog, DisarmWorksAfterTheTimerFired) {
    watchdog first(context.get_executor());
    auto second = std::make_unique<watchdog>(context.get_executor());
    auto third = std::make_unique<watchdog>(context.get_executor());
    const auto at = steady_clock::now() - std::chrono::milliseconds(1);
    first.arm(at, [&] {
        calls++;
        second->disarm();
        third.reset();
    });
    second->arm(at, [&] { calls += 100; });
    third->arm(at, [&] { calls += 100; });
    context.run();
    EXPECT_EQ(calls, 1);
}

TEST_F(Watchdog, MayBeDestroyedByItsFunction) {
    auto dog = std::make_unique<watchdog>(context.get_executor());
    dog->arm(steady_clock::now(), [&] {
        dog.reset();
        calls++;
    });
    context.run();
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace consent_sync::async
