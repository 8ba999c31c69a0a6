#include "ledger/standing_opt_outs.hpp"

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;
using consent::status_state;

class StandingOptOuts : public LedgerTest {
  protected:
    // A file that was claimed, and of which nothing is read; it arrived together with `first`, or alone.
    file_record claim(consent::arrival_number first = 0) {
        std::vector<file_record> files(1);
        files[0].name = "f.csv";
        files[0].stored_name = ".csv";
        files[0].claimed_at = now;
        run([&](store& s) {
            s.files().add(files);
            if (first != 0) s.files().arrived_with(files[0], first);
            s.standing().expect(files[0]);
            s.files().claimed(files[0]);
            s.files().begin_reading(files[0].arrival, "sha of " + std::to_string(files[0].arrival), std::nullopt);
        });
        return files[0];
    }
    static new_row in(const file_record& f, std::uint64_t n, const std::string& who) {
        return make_row(place(f.arrival, n), who);
    }
    static new_row out(const file_record& f, std::uint64_t n, const std::string& who) {
        return make_row(place(f.arrival, n), who, status_state::unsubscribed);
    }
    // Stored as they are read. Returns the rows as they were marked.
    std::vector<new_row> read(const file_record& f, std::vector<new_row> rows) {
        run([&](store& s) {
            s.standing().mark(f, rows);
            s.changes().append(rows);
            s.files().progress(f.arrival, rows.back().change.id.row(), 10, 0);
        });
        return rows;
    }
    std::size_t end_of(const file_record& f) {
        std::size_t superseded = 0;
        run([&](store& s) {
            s.files().end_reading({f.arrival, now, "", "", 0, 0, "", 0});
            superseded = s.standing().end_file(f);
        });
        return superseded;
    }
    std::uint64_t superseded(const file_record& f) {
        std::uint64_t count = 0;
        run([&](store& s) {
            count = s.files().find(f.arrival)->counts[static_cast<std::size_t>(consent::verdict::superseded)];
        });
        return count;
    }
};

TEST_F(StandingOptOuts, StandBeforeAndBehindInOnePiece) {
    const file_record f = claim();
    const auto rows = read(f, {in(f, 1, "ann@x.org"), out(f, 2, "ANN@x.org"), in(f, 3, "ann@X.org"),
                               in(f, 4, "bob@x.org"), out(f, 5, "eve@x.org")});
    EXPECT_EQ(rows[0].contradicted_by, place(f.arrival, 2));
    EXPECT_FALSE(rows[1].contradicted_by);
    EXPECT_EQ(rows[2].contradicted_by, place(f.arrival, 2));
    EXPECT_FALSE(rows[3].contradicted_by);
    EXPECT_FALSE(rows[4].contradicted_by);
    EXPECT_EQ(superseded(f), 2u);
    run([&](store& s) { EXPECT_EQ(s.changes().count_contradictions(f.arrival), 2u); });
}

TEST_F(StandingOptOuts, StandInLaterPiecesAndAfterARestart) {
    const file_record f = claim();
    read(f, {out(f, 1, "ann@x.org")});
    EXPECT_EQ(read(f, {in(f, 2, "ann@x.org")})[0].contradicted_by, place(f.arrival, 1));
    run([&](store& s) { s.standing().forget(f); });  // as a restart does
    EXPECT_EQ(read(f, {in(f, 3, "ann@x.org"), in(f, 4, "bob@x.org")})[0].contradicted_by, place(f.arrival, 1));
}

TEST_F(StandingOptOuts, AnotherStateThanSubscribedGivesWayToo) {
    const file_record f = claim();
    const auto rows =
        read(f, {out(f, 1, "ann@x.org"), make_row(place(f.arrival, 2), "ann@x.org", status_state::not_specified)});
    EXPECT_TRUE(rows[1].contradicted_by);
}

TEST_F(StandingOptOuts, AnotherSubscriptionIsAnotherKey) {
    const file_record f = claim();
    new_row other = in(f, 2, "ann@x.org");
    other.change.subscription = 8;
    EXPECT_FALSE(read(f, {out(f, 1, "ann@x.org"), other})[1].contradicted_by);
}

// Rows that were left out as a repetition may be released one day; other invalid ones never are sent.
TEST_F(StandingOptOuts, ARepetitionGivesWayAnInvalidRowStaysInvalid) {
    const file_record f = claim();
    new_row repeated = in(f, 2, "ann@x.org");
    repeated.invalid = reason{"duplicate_file", "", "", {}};
    new_row faulty = in(f, 3, "ann@x.org");
    faulty.invalid = reason{"invalid_channel", "", "", {}};
    const auto rows = read(f, {out(f, 1, "ann@x.org"), repeated, faulty});
    EXPECT_TRUE(rows[1].contradicted_by);
    EXPECT_FALSE(rows[1].invalid);
    EXPECT_FALSE(rows[2].contradicted_by);
    EXPECT_TRUE(rows[2].invalid);
}

TEST_F(StandingOptOuts, FilesThatCameLaterAreAnotherMatter) {
    const file_record first = claim();
    const file_record second = claim();
    read(first, {out(first, 1, "ann@x.org")});
    end_of(first);
    EXPECT_FALSE(read(second, {in(second, 1, "ann@x.org")})[0].contradicted_by);
}

TEST_F(StandingOptOuts, StandAgainstFilesThatArrivedTogetherWhicheverIsReadFirst) {
    const file_record first = claim();
    const file_record second = claim(first.arrival);
    const file_record third = claim(first.arrival);
    EXPECT_FALSE(read(second, {in(second, 1, "ann@x.org"), in(second, 2, "bob@x.org")})[0].contradicted_by);
    EXPECT_EQ(end_of(second), 0u);
    read(first, {out(first, 1, "ann@x.org")});
    EXPECT_EQ(end_of(first), 1u);
    EXPECT_EQ(superseded(second), 1u);
    EXPECT_EQ(read(third, {in(third, 1, "ann@x.org")})[0].contradicted_by, place(first.arrival, 1));
    EXPECT_EQ(end_of(third), 0u);
    run([](store& s) { EXPECT_EQ(s.standing().groups(), 0u); });
}

TEST_F(StandingOptOuts, ComparesRowsThatComeBack) {
    const file_record first = claim();
    const file_record held = claim(first.arrival);
    read(held, {in(held, 1, "ann@x.org"), in(held, 2, "bob@x.org")});
    read(first, {out(first, 1, "ann@x.org")});
    run([&](store& s) {
        EXPECT_EQ(s.standing().supersede(held), 1u);
        EXPECT_EQ(s.standing().supersede(held), 0u) << "twice";
    });
}

TEST_F(StandingOptOuts, AreKeptUntilTheLastFileOfTheirGroupIsRead) {
    const file_record first = claim();
    const file_record second = claim(first.arrival);
    read(first, {out(first, 1, "ann@x.org")});
    end_of(first);
    run([](store& s) { EXPECT_EQ(s.standing().groups(), 1u); });
    read(second, {out(second, 1, "bob@x.org")});
    end_of(second);
    run([](store& s) { EXPECT_EQ(s.standing().groups(), 0u); });
}

// A slot holds 38 bits of a hash: of some 600,000 keys a few share one.
TEST_F(StandingOptOuts, KeysThatShareASlotAreKeptApart) {
    const file_record f = claim();
    constexpr std::uint64_t people = 1'200'000;
    std::uint64_t n = 0;
    std::vector<new_row> piece;
    for (std::uint64_t i = 1; i <= people; ++i) {
        piece.push_back(out(f, ++n, who(i)));
        if (piece.size() == 4'096 || i == people) read(f, std::move(piece)), piece.clear();
    }
    std::uint64_t contradicted = 0;
    for (std::uint64_t i = 1; i <= people; ++i) {
        piece.push_back(in(f, ++n, who(i)));
        if (piece.size() < 4'096 && i != people) continue;
        run([&](store& s) { s.standing().mark(f, piece); });
        for (const new_row& row : piece)
            contradicted += row.contradicted_by == place(f.arrival, row.change.id.row() - people);
        piece.clear();
    }
    EXPECT_EQ(contradicted, people);
}

}  // namespace
}  // namespace consent_sync::ledger
