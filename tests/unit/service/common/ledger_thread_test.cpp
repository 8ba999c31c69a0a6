#include "service/common/ledger_thread.hpp"

#include <gtest/gtest.h>

#include "ledger/database.hpp"
#include "unit/service/test_environment.hpp"

namespace consent_sync::service {
namespace {

std::int64_t next_number(ledger::store& s) {
    const std::int64_t next = s.duties().meta("test", 0) + 1;
    s.duties().put_meta("test", next);
    return next;
}

TEST(LedgerThread, ReturnsWhatTheWorkReturned) {
    test_environment t;
    EXPECT_EQ(t.wait_for(t.ledger.run(next_number)), 1);
    EXPECT_EQ(t.wait_for(t.ledger.run(next_number)), 2);
}

TEST(LedgerThread, DoesItsWorkInOrderAndSaysWhatCameOfIt) {
    test_environment t;
    std::vector<std::int64_t> seen;
    for (int i = 0; i < 3; ++i) t.ledger.submit(next_number, [&seen](std::int64_t n) { seen.push_back(n); });
    t.ledger.submit([](ledger::store&) {}, [&seen] { seen.push_back(0); });
    EXPECT_EQ(t.wait_for(t.ledger.run(next_number)), 4);
    EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3, 0}));
}

// The whole transaction is rolled back, so what the work wrote the first time does not count.
TEST(LedgerThread, RunsWorkAgainThatCouldNotBeWritten) {
    test_environment t;
    auto tries = std::make_shared<int>(0);
    auto work = [tries](ledger::store& s) {
        const std::int64_t next = next_number(s);
        if (++*tries == 1) throw ledger::database_error(base::errc::no_space, "the disk is full");
        return next;
    };
    EXPECT_EQ(t.wait_for(t.ledger.run(work)), 1);
    EXPECT_EQ(*tries, 2);
    const auto failed = t.wait_for(t.ledger.health_changed());
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->code, base::errc::no_space);
    EXPECT_FALSE(t.wait_for(t.ledger.health_changed())) << "it works again";
}

TEST(LedgerThread, GivesUpALedgerThatStaysDamaged) {
    test_environment t;
    t.ledger.submit([](ledger::store&) { throw ledger::database_error(base::errc::corrupt, "a broken page"); }, [] {});
    const auto failed = t.wait_for(t.ledger.health_changed());
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->code, base::errc::corrupt);
}

TEST(LedgerThread, GoesOnWithALedgerThatWasDamagedForAMoment) {
    test_environment t;
    auto tries = std::make_shared<int>(0);
    auto work = [tries](ledger::store& s) {
        if (++*tries == 1) throw ledger::database_error(base::errc::corrupt, "a broken page");
        return next_number(s);
    };
    EXPECT_EQ(t.wait_for(t.ledger.run(work)), 1);
}

}  // namespace
}  // namespace consent_sync::service
