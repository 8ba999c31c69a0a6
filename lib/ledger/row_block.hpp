// The rows of a block as bytes. A block is 128 changes in a row of one file: a ledger row for each change costs more
// time and space than all that is in it.
//
// A row never changes once it is written; what became of it is in the block's verdicts (verdict_block). Bytes of an
// entry: index in the block, size of what follows, state and legal basis and what is there, channel, subscription,
// offset, subscriber, original, explanation. Numbers are varints. Decoding garbage throws database_error(corrupt).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consent/change.hpp"
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

// Rows go in by ascending index.
void append_row(std::string& block, const new_row& row);

class row_block_reader {
  public:
    row_block_reader() = default;
    explicit row_block_reader(std::string_view block) : rest_(block) {}

    // The next row, or false behind the last.
    bool next(row_view& row);
    // The row with this index, which is not before the last one that was read; false if there is none.
    bool find(unsigned index, row_view& row);

  private:
    std::string_view rest_;
};

}  // namespace consent_sync::ledger
