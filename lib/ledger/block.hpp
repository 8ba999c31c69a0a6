// The bytes of a block: 128 changes in a row of one file. A ledger row for each change costs more time and space than
// all that is in it.
//
// A block has two parts, each a row of SQLite. The rows as they were read (row_blocks) never change once they are
// written. Their verdicts (verdict_blocks) say which rows are there, which are opt-outs, and how each ended. Each part
// ends with a sum of its bytes: SQLite finds a broken page, but not a bit that changed within a page, and a changed bit
// of an address is somebody else's consent. Decoding bytes that are not as they were written throws
// database_error(corrupt).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/change.hpp"
#include "ledger/database.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

using block_id = std::int64_t;

inline constexpr int block_bits = 7;
inline constexpr unsigned block_rows = 1U << block_bits;

constexpr block_id block_of(consent::place place) { return place.id() >> block_bits; }
constexpr unsigned index_in_block(consent::place place) { return static_cast<unsigned>(place.id()) & (block_rows - 1); }
constexpr consent::place place_in_block(block_id block, unsigned index) {
    return consent::place((block << block_bits) | static_cast<std::int64_t>(index));
}

// Seven bits a byte, the lowest first.
inline void append_varint(std::string& out, std::uint64_t number) {
    while (number >= 0x80) {
        out += static_cast<char>(static_cast<unsigned char>(number) | 0x80U);
        number >>= 7;
    }
    out += static_cast<char>(number);
}

// Small for small numbers of either sign.
inline void append_signed(std::string& out, std::int64_t number) {
    append_varint(out, (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63));
}

// Eight bytes, for what is rarely small.
inline void append_fixed(std::string& out, std::uint64_t number) {
    for (int i = 0; i < 8; ++i) out += static_cast<char>(number >> (8 * i));
}

// Takes values off the front of `text`. Throws database_error(corrupt) where there are none.
class varint_reader {
  public:
    explicit varint_reader(std::string_view text) : rest_(text) {}

    bool empty() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(bytes(1)[0]); }
    std::string_view bytes(std::uint64_t count) {
        if (count > rest_.size()) fail();
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t b = byte();
            value |= std::uint64_t{b & 0x7fU} << shift;
            if (b < 0x80) return value;
        }
        fail();
    }
    std::int64_t signed_number() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
    }
    std::uint64_t fixed() {
        std::uint64_t value = 0;
        const std::string_view all = bytes(8);
        for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(all[i])} << (8 * i);
        return value;
    }
    [[noreturn]] static void fail() {
        throw database_error(base::errc::corrupt, "ledger: a block of changes cannot be read");
    }

  private:
    std::string_view rest_;
};

// A row where it lies in its block: valid while those bytes are.
struct row_view {
    unsigned index = 0;
    std::string_view subscriber;
    std::int64_t subscription = 0;
    consent::channel channel = consent::channel::email;
    consent::status_state state = consent::status_state::subscribed;
    std::optional<consent::legal_basis> basis;
    std::optional<std::string_view> explanation;
    consent::place original;
    std::uint64_t offset = 0;

    bool is_opt_out() const { return state == consent::status_state::unsubscribed; }
    consent::key_hash hash() const { return consent::hash_key(subscriber, subscription, channel); }
    bool same_key(const consent::change& c) const {
        return subscription == c.subscription && channel == c.channel &&
               consent::same_subscriber(subscriber, c.subscriber);
    }
    consent::change change(consent::place id) const;
};

// Appends an entry: index in the block, size of what follows, state and legal basis and which fields are there,
// channel, subscription, offset, subscriber, original, explanation. Rows go in by ascending index.
void append_row(std::string& block, const new_row& row);

class row_block_reader {
  public:
    row_block_reader() = default;
    explicit row_block_reader(std::string_view block) : rest_(block) {}

    // The next row, or false behind the last.
    bool next(row_view& row);
    // The row with this index; false if there is none. Requires: `index` is above that of the last row that was read.
    bool find(unsigned index, row_view& row);

  private:
    std::string_view rest_;
};

// What became of the rows of a block. Changes that ended alike (in one attempt, at one moment) share one end, so that
// settling a batch changes a few bytes in a few blocks.
class verdict_block {
  public:
    verdict_block() = default;
    explicit verdict_block(std::string_view bytes);
    void format(std::string& bytes) const;  // replaces what is in `bytes`

    unsigned size() const { return size_; }  // one more than the last index that is there
    bool has(unsigned index) const { return slots_[index] != absent; }
    bool is_unsettled(unsigned index) const { return slots_[index] == unsettled; }
    bool is_opt_out(unsigned index) const { return (opt_outs_[index / 8] >> (index % 8) & 1U) != 0; }
    // nullptr: there is no such row, or it has no verdict.
    const row_end* end(unsigned index) const {
        return slots_[index] < first_end ? nullptr : &ends_[slots_[index] - first_end];
    }
    bool has_verdict(unsigned index, consent::verdict v) const {
        const row_end* const found = end(index);
        return found && found->verdict == v;
    }
    const std::vector<row_end>& ends() const { return ends_; }  // each of them is the end of a row
    unsigned rows() const;                                      // that are there
    unsigned unsent_opt_outs() const;                           // without a verdict

    // Requires: !has(index).
    void add(unsigned index, bool opt_out);
    // Requires: is_unsettled(index).
    void settle(unsigned index, const row_end& how);
    // Takes the verdict back. Requires: end(index). Follow the last one by drop_unused_ends().
    void reopen(unsigned index) { slots_[index] = unsettled; }
    void drop_unused_ends();

  private:
    void check_ends() const;

    // What a slot says. Behind that: the number of an end.
    static constexpr std::uint8_t absent = 0;
    static constexpr std::uint8_t unsettled = 1;
    static constexpr std::uint8_t first_end = 2;
    static_assert(first_end + block_rows <= 256);

    unsigned size_ = 0;
    std::array<std::uint8_t, block_rows> slots_{};
    std::array<std::uint8_t, block_rows / 8> opt_outs_{};
    std::vector<row_end> ends_;
};

// What the sum behind some bytes covers, beside them and their id.
enum class block_kind : std::uint8_t { rows = 1, verdicts = 2, overtakes = 3 };  // the last by attempt

// Appends the sum. It covers kind and id, so that no block passes for another.
void seal(std::string& block, block_kind kind, std::int64_t id);

// The bytes that were sealed; nothing if the sum does not match.
std::optional<std::string_view> find_sealed(std::string_view sealed, block_kind kind, std::int64_t id);

// The same for a block of changes. If the sum does not match, throws database_error(corrupt), which names the rows.
std::string_view unseal(std::string_view sealed, block_kind kind, block_id id);

// Throws database_error(corrupt): the rows of the block are not as they were written.
[[noreturn]] void fail_damaged(block_id id);

}  // namespace consent_sync::ledger
