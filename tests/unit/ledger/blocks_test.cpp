#include <gtest/gtest.h>

#include "ledger/block_reader.hpp"
#include "ledger/block.hpp"
#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;
using consent::status_state;
using consent::verdict;

new_row row_at(unsigned index, const std::string& who) {
    new_row row;
    row.change.id = place(3, block_rows + index);
    row.change.subscriber = who;
    row.change.subscription = -7'000'000'000;
    row.offset = 1ULL << 40;
    return row;
}

TEST(RowBlock, KeepsEveryFieldOfEveryRow) {
    std::string block;
    new_row first = row_at(0, "ann@x.org");
    first.original = place(1, 5);
    first.change.basis = consent::legal_basis::process_and_store;
    new_row second = row_at(9, std::string(300, 'a') + '\0');
    second.change.state = status_state::not_specified;
    second.change.explanation = std::string(70'000, 'e');  // longer than two bytes can say
    new_row third = row_at(127, "");
    third.change.explanation = "";
    for (const new_row& row : {first, second, third}) append_row(block, row);

    row_block_reader reader(block);
    row_view row;
    for (const new_row& put : {first, second, third}) {
        ASSERT_TRUE(reader.next(row));
        EXPECT_EQ(place_in_block(block_of(put.change.id), row.index), put.change.id);
        const consent::change back = row.change(put.change.id);
        EXPECT_EQ(back.subscriber, put.change.subscriber);
        EXPECT_EQ(back.subscription, put.change.subscription);
        EXPECT_EQ(back.state, put.change.state);
        EXPECT_EQ(back.basis, put.change.basis);
        EXPECT_EQ(back.explanation, put.change.explanation);
        EXPECT_EQ(row.original, put.original);
        EXPECT_EQ(row.offset, put.offset);
        EXPECT_EQ(row.hash(), consent::hash_key(put.change));
        EXPECT_TRUE(row.same_key(put.change));
    }
    EXPECT_FALSE(reader.next(row));
}

TEST(RowBlock, FindsARowByItsIndexAndMissesNone) {
    std::string block;
    for (const unsigned index : {1U, 4U, 6U}) append_row(block, row_at(index, std::to_string(index)));
    row_block_reader reader(block);
    row_view row;
    EXPECT_FALSE(reader.find(0, row));
    EXPECT_FALSE(reader.find(3, row));
    ASSERT_TRUE(reader.find(4, row));
    EXPECT_EQ(row.subscriber, "4");
    ASSERT_TRUE(reader.find(6, row));
    EXPECT_FALSE(reader.find(7, row));
}

// Every beginning of a block, and every byte of it changed: an error or other rows, and no byte outside is read.
TEST(RowBlock, GarbageIsAnError) {
    std::string block;
    append_row(block, row_at(1, "ann@x.org"));
    append_row(block, row_at(2, "bob@x.org"));
    const auto read = [](const std::string& bytes) {
        row_block_reader reader(bytes);
        row_view row;
        try {
            while (reader.next(row)) (void)row.hash();
            return true;
        } catch (const database_error& e) {
            EXPECT_EQ(e.code, base::errc::corrupt);
            return false;
        }
    };
    EXPECT_TRUE(read(block));
    EXPECT_FALSE(read(block.substr(0, block.size() - 1)));
    for (std::size_t i = 0; i < block.size(); ++i) {
        read(block.substr(0, i));
        std::string other = block;
        for (int bit = 0; bit < 8; ++bit) {
            other[i] = static_cast<char>(block[i] ^ (1 << bit));
            read(other);
        }
    }
}

TEST(VerdictBlock, KeepsWhatBecameOfEachRow) {
    verdict_block made;
    for (unsigned i = 1; i < block_rows; ++i) made.add(i, i % 10 == 0);
    EXPECT_EQ(made.unsent_opt_outs(), 12u);
    made.settle(1, {verdict::confirmed, consent::success_reason::other, 77, 1'767'000'000'123});
    made.settle(10, {verdict::rejected, {}, 78, 0});
    std::string bytes;
    made.format(bytes);
    const verdict_block read(bytes);
    EXPECT_FALSE(read.has(0));
    EXPECT_EQ(read.size(), block_rows);
    EXPECT_EQ(read.rows(), 127u);
    EXPECT_EQ(read.unsent_opt_outs(), 11u);
    EXPECT_TRUE(read.is_unsettled(2));
    EXPECT_TRUE(read.is_opt_out(10));
    ASSERT_TRUE(read.end(1));
    EXPECT_EQ(*read.end(1), (row_end{verdict::confirmed, consent::success_reason::other, 77, 1'767'000'000'123}));
    EXPECT_TRUE(read.has_verdict(10, verdict::rejected));
    EXPECT_FALSE(read.end(2));
}

// 128 ends that all differ, which is the most, and again after each was taken back.
TEST(VerdictBlock, HoldsAnEndForEachRowHoweverOftenTheyAreTakenBack) {
    verdict_block block;
    for (unsigned i = 0; i < block_rows; ++i) block.add(i, false);
    for (int round = 0; round < 3; ++round) {
        for (unsigned i = 0; i < block_rows; ++i) block.settle(i, {verdict::rejected, {}, 1'000 * round + i + 1, 0});
        std::string bytes;
        block.format(bytes);
        block = verdict_block(bytes);
        for (unsigned i = 0; i < block_rows; ++i) EXPECT_EQ(block.end(i)->attempt, 1'000 * round + i + 1);
        for (unsigned i = 0; i < block_rows; ++i) block.reopen(i);
        block.drop_unused_ends();
        EXPECT_TRUE(block.ends().empty());
    }
}

TEST(VerdictBlock, ChangesThatEndAlikeShareOneEnd) {
    verdict_block block;
    for (unsigned i = 0; i < block_rows; ++i) block.add(i, false);
    for (unsigned i = 0; i < block_rows; ++i) block.settle(i, {verdict::confirmed, {}, i % 2 + 1, 5});
    EXPECT_EQ(block.ends().size(), 2u);
}

TEST(VerdictBlock, GarbageIsAnError) {
    verdict_block block;
    for (unsigned i = 0; i < 9; ++i) block.add(i, true);
    block.settle(3, {verdict::confirmed, {}, 7, 5});
    std::string bytes;
    block.format(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_THROW(verdict_block(bytes.substr(0, i)), database_error) << i;
    bytes[5] = '\x7f';  // a row whose end is not there
    EXPECT_THROW(verdict_block{bytes}, database_error);
    bytes[0] = '\xff';
    EXPECT_THROW(verdict_block{bytes}, database_error);
}

TEST(VerdictBlock, AnEndThatNoRowHasIsAnError) {
    verdict_block block;
    block.add(0, false);
    block.settle(0, {verdict::confirmed, {}, 7, 5});
    block.reopen(0);
    std::string bytes;
    block.format(bytes);  // a bug: the end was not dropped
    EXPECT_THROW(verdict_block{bytes}, database_error);
}

TEST(BlockSum, TellsEveryBitThatChangedAndEveryOtherBlock) {
    std::string block;
    append_row(block, row_at(1, "ann@x.org"));
    const std::string bytes = block;
    seal(block, block_kind::rows, 9);
    EXPECT_EQ(unseal(block, block_kind::rows, 9), bytes);
    EXPECT_THROW(unseal(block, block_kind::verdicts, 9), database_error);
    EXPECT_THROW(unseal(block, block_kind::rows, 10), database_error);
    for (std::size_t i = 0; i < block.size(); ++i) {
        EXPECT_THROW(unseal(block.substr(0, i), block_kind::rows, 9), database_error) << i;
        for (int bit = 0; bit < 8; ++bit) {
            std::string other = block;
            other[i] = static_cast<char>(block[i] ^ (1 << bit));
            EXPECT_THROW(unseal(other, block_kind::rows, 9), database_error) << i << ' ' << bit;
        }
    }
}

class Blocks : public LedgerTest {};

// A block grows over several pieces; whatever comes twice, or after a later row, is a broken invariant.
TEST_F(Blocks, APieceMayEndInTheMiddleOfOne) {
    const auto file = add_file(0, false);
    std::uint64_t row = 0;
    for (const std::uint64_t size : {1, 126, 1, 1, 200, 3}) {
        std::vector<new_row> rows;
        for (std::uint64_t n = 0; n < size; ++n) {
            ++row;
            rows.push_back(make_row(place(file, row), who(row)));
        }
        append(file, rows, row);
    }
    end(file);
    const auto found = bulk(place());
    ASSERT_EQ(found.changes.size(), row);
    for (std::uint64_t n = 1; n <= row; ++n) EXPECT_EQ(found.changes[n - 1].change.id, place(file, n));
    for (const std::uint64_t again : {row, row - 1})
        EXPECT_EQ(failure([&](store& s) { s.changes().append(std::vector{make_row(place(file, again), who(again))}); }),
                  base::errc::corrupt);
}

TEST_F(Blocks, ScansInOrderWithinItsBounds) {
    const auto first = add_file(300);
    const auto second = add_file(10);
    std::vector<place> seen;
    run([&](store& s) {
        s.changes().settle(std::vector{confirmed(place(first, 130))});
        s.changes().blocks().scan(place(first, 127), place(second, 2), [&](const scanned_row& at) {
            EXPECT_EQ(at.end != nullptr, at.id == place(first, 130));
            seen.push_back(at.id);
        });
    });
    ASSERT_EQ(seen.size(), 300u - 126u + 2u);
    EXPECT_EQ(seen.front(), place(first, 127));
    EXPECT_EQ(seen.back(), place(second, 2));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(Blocks, RowsAreFoundOneByOneInAnyOrder) {
    const auto file = add_file(300);
    run([&](store& s) {
        s.changes().settle(std::vector{confirmed(place(file, 130), 17)});
        row_finder rows(s.changes().blocks());
        for (const std::uint64_t n : {1, 2, 2, 127, 128, 300, 130, 129, 131, 130, 5, 4, 299}) {
            ASSERT_TRUE(rows.find(place(file, n))) << n;
            EXPECT_EQ(rows.row().subscriber, who(n));
            EXPECT_EQ(rows.row().offset, n * 10);
            EXPECT_EQ(rows.row().subscriber, who(n)) << "a second time";
            ASSERT_EQ(rows.end() != nullptr, n == 130);
            EXPECT_TRUE(!rows.end() || rows.end()->attempt == 17);
        }
        for (const place missing : {place(file, 0), place(file, 301), place(file, 1'000), place(file + 1, 1), place()})
            EXPECT_FALSE(rows.find(missing)) << missing.id();
        EXPECT_TRUE(rows.find(place(file, 9)));
        EXPECT_EQ(rows.row().subscriber, who(9));
    });
}

}  // namespace
}  // namespace consent_sync::ledger
