#include "unit/ledger/ledger_test.hpp"

#include <set>

namespace consent_sync::ledger {
namespace {

using consent::place;
using consent::status_state;
using consent::verdict;

class ChangeTable : public LedgerTest {};

std::vector<std::uint64_t> rows_of(const fetched& f) {
    std::vector<std::uint64_t> rows;
    for (const auto& c : f.changes) rows.push_back(c.change.id.row());
    return rows;
}

TEST_F(ChangeTable, KeepsEveryFieldOfAChange) {
    const auto file = add_file(0, false);
    new_row row = make_row(place(file, 1), "Ann@X.org", status_state::not_specified);
    row.change.basis = consent::legal_basis::non_gdpr;
    row.change.explanation = "asked \xE2\x9C\x93 on the phone";
    append(file, {row}, 1);
    end(file);
    const auto found = bulk(place());
    ASSERT_EQ(found.changes.size(), 1u);
    const consent::change& c = found.changes[0].change;
    EXPECT_EQ(c.subscriber, "Ann@X.org");
    EXPECT_EQ(c.subscription, 7);
    EXPECT_EQ(c.state, status_state::not_specified);
    EXPECT_EQ(c.basis, consent::legal_basis::non_gdpr);
    EXPECT_EQ(c.explanation, "asked \xE2\x9C\x93 on the phone");
    EXPECT_EQ(found.changes[0].hash, consent::hash_key("ann@x.org", 7, consent::channel::email));
    EXPECT_FALSE(found.changes[0].settled);
}

TEST_F(ChangeTable, FetchesInOrderPieceByPiece) {
    add_file(5);
    auto piece = bulk(place(), 2);
    EXPECT_EQ(rows_of(piece), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_FALSE(piece.reached_end);
    EXPECT_EQ(piece.scanned_to, place(1, 2));
    piece = bulk(piece.scanned_to, 3);
    EXPECT_EQ(rows_of(piece), (std::vector<std::uint64_t>{3, 4, 5}));
    piece = bulk(piece.scanned_to, 3);
    EXPECT_TRUE(piece.reached_end);
    EXPECT_TRUE(piece.changes.empty());
}

TEST_F(ChangeTable, TheBulkLaneDoesNotGoPastAFileThatIsStillRead) {
    const auto reading = add_file(2, false);
    add_file(3, true, 100);
    auto found = bulk(place());
    EXPECT_EQ(found.changes.size(), 2u);
    EXPECT_EQ(found.scanned_to, place(reading, 2));
    end(reading);
    EXPECT_EQ(bulk(found.scanned_to).changes.size(), 3u);
}

TEST_F(ChangeTable, NoRowOfAGatedFileIsChosenNorOfANewerOne) {
    const auto gated = add_file(2);
    add_file(3, true, 100);
    run([&](store& s) { s.files().set_gate(gated, file_gate::check); });
    EXPECT_TRUE(bulk(place()).changes.empty());
    run([&](store& s) { s.files().set_gate(gated, file_gate::open); });
    EXPECT_EQ(bulk(place()).changes.size(), 5u);
}

TEST_F(ChangeTable, PassesFilesThatAreOrWereHeldAndFetchesThoseOnTheirOwn) {
    add_file(2);
    const auto held = add_file(3, true, 50);
    add_file(2, true, 100);
    for (const file_gate gate : {file_gate::held, file_gate::released}) {
        run([&](store& s) { s.files().set_gate(held, gate); });
        EXPECT_EQ(bulk(place()).changes.size(), 4u);
        for (std::size_t most = 1; most <= 4; ++most) EXPECT_EQ(bulk(place(), most).changes.size(), most);
    }
    fetched found;
    run([&](store& s) { found = s.changes().fetch_released(place(held, 1), place(held, 3), 10); });
    EXPECT_EQ(rows_of(found), (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(ChangeTable, ABoundIsKept) {
    const auto file = add_file(5);
    const auto found = bulk(place(), 100, place(file, 3));
    EXPECT_EQ(found.changes.size(), 3u);
    EXPECT_EQ(found.scanned_to, place(file, 3));
}

TEST_F(ChangeTable, OptOutsAreFetchedByThemselves) {
    const auto file = add_file(0, false);
    append(file,
           {make_row(place(file, 1), who(1)), make_row(place(file, 2), who(2), status_state::unsubscribed),
            make_row(place(file, 3), who(3), status_state::unsubscribed)},
           3);
    EXPECT_EQ(bulk(place()).changes.size(), 1u);
    fetched outs;
    run([&](store& s) { outs = s.changes().fetch_opt_outs(place(), place(file, 2), 10); });
    EXPECT_EQ(rows_of(outs), (std::vector<std::uint64_t>{2}));
    EXPECT_TRUE(outs.reached_end);
    run([&](store& s) { outs = s.changes().fetch_opt_outs(place(), place(file, 3), 1); });
    EXPECT_FALSE(outs.reached_end);
    EXPECT_EQ(outs.scanned_to, place(file, 2));
}

TEST_F(ChangeTable, InvalidRowsAreStoredAndNeverFetched) {
    const auto file = add_file(0, false);
    new_row bad = make_row(place(file, 1), "nonsense", status_state::unsubscribed);
    bad.invalid = reason{"invalid_address", "no address", "", {}};
    append(file, {bad}, 1);
    end(file);
    EXPECT_TRUE(bulk(place()).changes.empty());
    run([&](store& s) {
        EXPECT_TRUE(s.changes().fetch_opt_outs(place(), place(INT64_MAX), 10).changes.empty());
        EXPECT_EQ(s.files().find(file)->counts[static_cast<std::size_t>(verdict::invalid)], 1u);
        EXPECT_EQ(s.files().settled_files(10), std::vector<consent::arrival_number>{file});
    });
}

TEST_F(ChangeTable, SettlesOnceAndCountsByFile) {
    const auto file = add_file(4);
    std::vector<settled_change> ends{confirmed(place(file, 1)), confirmed(place(file, 2)), confirmed(place(file, 4))};
    settled_change lost;
    lost.id = place(file, 3);
    lost.verdict = verdict::superseded;
    lost.reason = std::make_shared<const reason>(reason{"superseded", "newer", "", place(9, 9)});
    ends.push_back(lost);
    run([&](store& s) { s.changes().settle(ends); });
    EXPECT_TRUE(bulk(place()).changes.empty());
    run([&](store& s) {
        const auto counts = s.files().find(file)->counts;
        EXPECT_EQ(counts[static_cast<std::size_t>(verdict::confirmed)], 3u);
        EXPECT_EQ(counts[static_cast<std::size_t>(verdict::superseded)], 1u);
    });
}

TEST_F(ChangeTable, ASecondVerdictIsNotWrittenAndEverythingElseIs) {
    const auto file = add_file(3);
    const auto other = add_file(1);
    run([&](store& s) { s.changes().settle(std::vector{confirmed(place(file, 2))}); });
    settled_change second = confirmed(place(file, 2));
    second.verdict = verdict::rejected;
    second.reason = std::make_shared<const reason>(reason{"REFUSED", "no", "", {}});
    const std::vector step{confirmed(place(file, 1)), second,
                           confirmed(place(file, 9)), confirmed(place(other, 1)),
                           confirmed(place(file, 1)), confirmed(place(77, 1))};
    run([&](store& s) {
        const auto refused = s.changes().settle(step);
        EXPECT_EQ(std::set<const settled_change*>(refused.begin(), refused.end()),
                  (std::set<const settled_change*>{&step[1], &step[2], &step[4], &step[5]}))
            << "has its verdict, is not there, is there twice, of no file";
    });
    run([&](store& s) {
        const auto counts = s.files().find(file)->counts;
        EXPECT_EQ(counts[static_cast<std::size_t>(verdict::confirmed)], 2u);
        EXPECT_EQ(counts[static_cast<std::size_t>(verdict::rejected)], 0u);
        EXPECT_EQ(s.files().find(other)->counts[static_cast<std::size_t>(verdict::confirmed)], 1u);
        const auto found = s.changes().fetch(std::vector{place(file, 2)});
        ASSERT_EQ(found.size(), 1u);
        EXPECT_TRUE(found[0].confirmed) << "the first verdict stands";
    });
    EXPECT_EQ(bulk(place()).changes.size(), 1u);
}

TEST_F(ChangeTable, DeferredChangesComeBackInOrderAndOnce) {
    const auto file = add_file(5);
    run([&](store& s) {
        s.changes().defer(
            std::vector{std::pair(consent::key_hash(7), place(file, 4)), {7, place(file, 2)}, {8, place(file, 1)}});
        s.changes().defer(std::vector{std::pair(consent::key_hash(7), place(file, 4))});
        auto found = s.changes().fetch_deferred(7, 1);
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0].change.id, place(file, 2));
        EXPECT_TRUE(s.changes().any_deferred(7));
        EXPECT_EQ(s.changes().fetch_deferred(7, 10).size(), 1u);
        EXPECT_FALSE(s.changes().any_deferred(7));
        EXPECT_TRUE(s.changes().any_deferred(8));
    });
}

TEST_F(ChangeTable, FetchSaysWhichChangesHaveTheirVerdict) {
    const auto file = add_file(2);
    run([&](store& s) {
        s.changes().settle(std::vector{confirmed(place(file, 2))});
        const auto found = s.changes().fetch(std::vector{place(file, 1), place(file, 2), place(99, 1)});
        ASSERT_EQ(found.size(), 2u);
        EXPECT_FALSE(found[0].settled);
        EXPECT_TRUE(found[1].settled);
    });
}

TEST_F(ChangeTable, AChangeIdCountsOnlyForItsKey) {
    const auto file = add_file(2);
    run([&](store& s) {
        EXPECT_TRUE(s.changes().issued(place(file, 1), make_row(place(), "P1@x.org").change));
        EXPECT_FALSE(s.changes().issued(place(file, 1), make_row(place(), who(2)).change));
        EXPECT_FALSE(s.changes().issued(place(file, 3), make_row(place(), who(1)).change));
    });
}

}  // namespace
}  // namespace consent_sync::ledger
