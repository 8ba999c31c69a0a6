// Blocks of the ledger, as a disk may give them back: they are read as what they say, or they are corrupt, and what was
// read can be written again.
#include <algorithm>

#include "fuzz/targets.hpp"
#include "ledger/block.hpp"
#include "ledger/database.hpp"

namespace consent_sync::fuzz {
namespace {

using namespace ledger;

constexpr block_id block = (block_id{3} << 25) + 5;

// False: it is corrupt. Any other exception ends the run.
template <class Work>
bool reads(Work work) {
    try {
        work();
        return true;
    } catch (const database_error& e) {
        require(e.code == base::errc::corrupt, "what cannot be read is corrupt");
        return false;
    }
}

new_row kept(const row_view& row) {
    new_row out;
    out.change = row.change(place_in_block(block, row.index));
    out.original = row.original;
    out.offset = row.offset;
    return out;
}

void require_same(const row_view& row, const new_row& other) {
    const consent::change& c = other.change;
    require(row.index == index_in_block(c.id) && row.subscriber == c.subscriber && row.subscription == c.subscription &&
                row.channel == c.channel && row.state == c.state && row.basis == c.basis &&
                row.explanation == c.explanation && row.original == other.original && row.offset == other.offset,
            "a row is the same in whatever block it is");
    require(row.hash() == consent::hash_key(c) && row.same_key(c), "a row has its key");
}

bool lies_within(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_rows(std::string_view input) {
    std::vector<new_row> rows;
    const bool whole = reads([&] {
        row_block_reader reader(input);
        row_view row;
        while (reader.next(row)) {
            require(row.index < block_rows, "a block has 128 rows");
            require(lies_within(row.subscriber, input) && lies_within(row.explanation.value_or(""), input),
                    "a row lies within its block");
            require(!consent::name(row.state).empty() && (!row.basis || !consent::name(*row.basis).empty()),
                    "what a row says has a name");
            rows.push_back(kept(row));
        }
    });
    std::string again;
    for (const new_row& row : rows) append_row(again, row);
    row_block_reader second(again);
    row_view row;
    for (const new_row& first : rows) {
        require(second.next(row), "what was written can be read");
        require_same(row, first);
    }
    require(!second.next(row), "no row comes from nowhere");
    const auto index = [](const new_row& r) { return index_in_block(r.change.id); };
    const auto falls = [&](const new_row& a, const new_row& b) { return index(a) >= index(b); };
    if (!whole || std::adjacent_find(rows.begin(), rows.end(), falls) != rows.end()) return;
    row_block_reader search(input);
    for (auto next = rows.begin(); const unsigned i : {0U, 1U, 5U, 63U, 64U, 126U, 127U}) {
        next = std::find_if(next, rows.end(), [&](const new_row& r) { return index(r) >= i; });
        const bool there = next != rows.end() && index(*next) == i;
        require(search.find(i, row) == there, "a row is found where it is");
        if (there) require_same(row, *next);
    }
}

// The bit that changes is told by the input, so that a find can be repeated.
void check_sum(std::string_view input) {
    std::string sealed(input);
    seal(sealed, block_kind::rows, block);
    require(unseal(sealed, block_kind::rows, block) == input, "what was sealed comes back");
    (void)reads([&] { unseal(input, block_kind::rows, block); });
    const std::size_t bit = input.empty() ? 0 : static_cast<unsigned char>(input.back()) * 31 % (sealed.size() * 8);
    sealed[bit / 8] = static_cast<char>(sealed[bit / 8] ^ (1 << (bit % 8)));
    require(!reads([&] { unseal(sealed, block_kind::rows, block); }), "a bit that changed is corruption");
}

// As the ledger uses them: everything gets its verdict, then loses it again.
void check_life(verdict_block block_of_verdicts) {
    verdict_block& v = block_of_verdicts;
    std::string bytes;
    const unsigned rows = v.rows();
    for (unsigned i = 0; i < block_rows; ++i) {
        if (!v.has(i)) v.add(i, i % 2 == 0);
        if (v.is_unsettled(i)) v.settle(i, {consent::verdict::rejected, {}, 1'000'000 + i, 0});
    }
    require(v.rows() == block_rows && v.rows() >= rows && v.unsent_opt_outs() == 0, "every row has its verdict");
    v.format(bytes);
    const verdict_block full(bytes);
    for (unsigned i = 0; i < block_rows; ++i)
        require(full.end(i) && v.end(i) && *full.end(i) == *v.end(i), "every verdict is kept");
    for (unsigned i = 0; i < block_rows; i += 2) v.reopen(i);
    v.drop_unused_ends();
    v.format(bytes);
    const verdict_block half(bytes);
    for (unsigned i = 0; i < block_rows; ++i)
        require(i % 2 == 0 ? half.is_unsettled(i) : half.end(i) && *half.end(i) == *full.end(i),
                "what was taken back is, and nothing else");
}

}  // namespace

void fuzz_row_block(std::string_view input) {
    check_rows(input);
    check_sum(input);
}

void fuzz_verdict_block(std::string_view input) {
    verdict_block read;
    if (!reads([&] { read = verdict_block(input); })) return;
    unsigned ended = 0;
    for (unsigned i = 0; i < block_rows; ++i) {
        const row_end* const end = read.end(i);
        require(!end || read.has(i), "a row that ended is there");
        if (!end) continue;
        ++ended;
        require(!consent::name(end->verdict).empty(), "a verdict has a name");
        require(end->success == consent::success_reason::none || !consent::name(end->success).empty(),
                "so has a reason of success");
    }
    require(ended <= read.rows() && read.ends().size() <= ended && read.unsent_opt_outs() <= read.rows() - ended,
            "the counts fit each other");
    std::string bytes;
    read.format(bytes);
    const verdict_block again(bytes);
    require(again.size() == read.size() && again.ends() == read.ends(), "what was read can be written again");
    check_life(read);
}

}  // namespace consent_sync::fuzz
