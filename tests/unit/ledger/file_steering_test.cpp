#include "ledger/file_steering.hpp"

#include <gmock/gmock.h>

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;
using consent::status_state;
using consent::verdict;
using testing::HasSubstr;

class FileSteering : public LedgerTest {
  protected:
    settled_change end_as(place id, verdict v, const std::string& category = "") {
        settled_change end;
        end.id = id;
        end.verdict = v;
        if (v != verdict::confirmed) end.reason = std::make_shared<const reason>(reason{category, "words", "corr", {}});
        return end;
    }
    void settle(std::vector<settled_change> ends) {
        ledger_change step;
        step.settled = std::move(ends);
        run([&](store& s) { s.apply(step); });
    }
    void done(consent::arrival_number file) {
        run([&](store& s) { s.files().done(file, now); });
    }
    steering_result retry(consent::arrival_number file) {
        steering_result r;
        run([&](store& s) { r = s.steering().retry(file); });
        return r;
    }
    file_record find(consent::arrival_number file) {
        file_record found;
        run([&](store& s) { found = *s.files().find(file); });
        return found;
    }
    fetched released(consent::arrival_number file) {
        fetched f;
        run([&](store& s) { f = s.changes().fetch_released(place(file, 0), place(file, place::row_max), 100); });
        return f;
    }
};

TEST_F(FileSteering, RetryTakesVerdictsOfRejectedAndUnconfirmedRowsBack) {
    const auto file = add_file(4);
    settle({end_as(place(file, 1), verdict::confirmed), end_as(place(file, 2), verdict::rejected, "X"),
            end_as(place(file, 3), verdict::unconfirmed, "Y"), end_as(place(file, 4), verdict::rejected, "X")});
    EXPECT_THAT(retry(file).refusal, HasSubstr("is not done yet"));
    done(file);
    const steering_result r = retry(file);
    EXPECT_EQ(r.refusal, "");
    EXPECT_EQ(r.rows, 3u);
    EXPECT_EQ(r.superseded, 0u);
    const file_record f = find(file);
    EXPECT_EQ(f.state, file_state::read);
    EXPECT_EQ(f.gate, file_gate::released);
    EXPECT_EQ(f.counts[1], 1u);
    EXPECT_EQ(f.counts[2] + f.counts[5], 0u);
    ASSERT_EQ(released(file).changes.size(), 3u);
    // Each may get its verdict, and reason, once more.
    settle({end_as(place(file, 2), verdict::rejected, "Z"), end_as(place(file, 3), verdict::confirmed),
            end_as(place(file, 4), verdict::confirmed)});
    EXPECT_EQ(find(file).counts[2], 1u);
}

TEST_F(FileSteering, RetrySupersedesRowsOfOptInsAndOptOutsThatHaveANewerChange) {
    const auto file = add_file(1);
    std::vector<new_row> more{make_row(place(file, 2), "Out@x.org", status_state::unsubscribed),
                              make_row(place(file, 3), who(3)), make_row(place(file, 4), who(4))};
    append(file, more, 4);
    settle({end_as(place(file, 1), verdict::rejected, "X"), end_as(place(file, 2), verdict::rejected, "X"),
            end_as(place(file, 3), verdict::rejected, "X"), end_as(place(file, 4), verdict::rejected, "X")});
    done(file);
    const auto newer = add_file(0, false);
    new_row invalid_in = make_row(place(newer, 3), who(4));
    invalid_in.invalid = reason{"invalid_address", "…", "", {}};
    append(newer, {make_row(place(newer, 1), "p1@X.org"), make_row(place(newer, 2), "out@x.org"), invalid_in}, 3);
    const steering_result r = retry(file);
    EXPECT_EQ(r.rows, 4u);
    EXPECT_EQ(r.superseded, 2u);  // rows 1 and 2; an invalid opt-in stands in nobody's way
    EXPECT_EQ(find(file).counts[4], 2u);
    ASSERT_EQ(released(file).changes.size(), 2u);
    EXPECT_EQ(released(file).changes[0].change.id, place(file, 3));
}

TEST_F(FileSteering, RetryOfAFileWithoutFailedRowsSaysSo) {
    const auto file = add_file(1);
    settle({end_as(place(file, 1), verdict::confirmed)});
    done(file);
    EXPECT_THAT(retry(file).refusal, HasSubstr("there is nothing to send again"));
    EXPECT_EQ(find(file).state, file_state::done);
    EXPECT_THAT(retry(99).refusal, HasSubstr("there is no file 00000099"));
}

TEST_F(FileSteering, AfterARestartRetriedRowsAreFetchedOnTheirOwn) {
    const auto file = add_file(2);
    settle({end_as(place(file, 1), verdict::confirmed), end_as(place(file, 2), verdict::rejected, "X")});
    done(file);
    retry(file);
    recovery past;
    run([&](store& s) { past = s.recover(now, base::milliseconds(0)); });
    ASSERT_EQ(past.released.size(), 1u);
    EXPECT_EQ(past.released[0], std::pair(place(file, 1), place(file, 2)));
    EXPECT_TRUE(bulk(place()).changes.empty());  // the cursor passes it
}

TEST_F(FileSteering, RefusedRowsAreInvalidAndOptOutsStay) {
    const auto file = add_file(2);
    append(file, {make_row(place(file, 3), "out@x.org", status_state::unsubscribed)}, 3);
    run([&](store& s) { s.files().set_gate(file, file_gate::held); });
    steering_result r;
    run([&](store& s) { r = s.steering().refuse(file, "no"); });
    EXPECT_EQ(r.rows, 2u);
    EXPECT_EQ(find(file).counts[3], 2u);
    EXPECT_EQ(find(file).gate, file_gate::open);
    run([&](store& s) { r = s.steering().refuse(file, "no"); });
    EXPECT_THAT(r.refusal, HasSubstr("is not held"));
    run([&](store& s) { r = s.steering().release(file); });
    EXPECT_THAT(r.refusal, HasSubstr("is not held"));
}

TEST_F(FileSteering, WhileAFileIsCountedOnlyItsOptOutsMayBeChosen) {
    const auto before = add_file(1);
    const auto file = add_file(2, false, 10);
    run([&](store& s) { s.files().set_gate(file, file_gate::counting); });
    EXPECT_EQ(bulk(place()).changes.size(), 1u);
    EXPECT_EQ(bulk(place()).changes[0].change.id.arrival(), before);
    end(file);
    run([&](store& s) { s.files().set_gate(file, file_gate::open); });
    EXPECT_EQ(bulk(place()).changes.size(), 3u);
}

}  // namespace
}  // namespace consent_sync::ledger
