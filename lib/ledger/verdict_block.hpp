// What became of the rows of a block: which are there, which are opt-outs, and how each ended.
//
// Changes that end alike (one attempt, one moment) share one end, so that settling a batch is a few bytes in a few
// blocks, and not a row for each change. Decoding garbage throws database_error(corrupt).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consent/verdict.hpp"
#include "ledger/records.hpp"
#include "ledger/row_block.hpp"

namespace consent_sync::ledger {

struct row_end {
    consent::verdict verdict = consent::verdict::confirmed;
    consent::success_reason success = consent::success_reason::none;
    attempt_id attempt = 0;            // that settled it; 0: none did
    std::int64_t hubspot_time_ms = 0;  // HubSpot's timestamp of a confirmed change; 0: none

    bool operator==(const row_end&) const = default;
};

class verdict_block {
  public:
    verdict_block() = default;
    explicit verdict_block(std::string_view bytes);
    void format(std::string& bytes) const;  // in place of what is there

    unsigned size() const { return size_; }  // behind the last index that is there
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

}  // namespace consent_sync::ledger
