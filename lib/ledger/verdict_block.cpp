#include "ledger/verdict_block.hpp"

#include <algorithm>
#include <bitset>
#include <cstring>

#include "ledger/varint.hpp"

namespace consent_sync::ledger {
namespace {

constexpr auto success_last = consent::success_reason::other;

constexpr std::size_t opt_out_bytes(unsigned size) { return (size + 7) / 8; }

row_end read_end(varint_reader& in) {
    const unsigned verdict = in.byte();
    const unsigned success = in.byte();
    if (verdict == 0 || verdict > consent::verdict_count || success > static_cast<unsigned>(success_last))
        varint_reader::fail();
    row_end end;
    end.verdict = static_cast<consent::verdict>(verdict);
    end.success = static_cast<consent::success_reason>(success);
    end.attempt = in.signed_number();
    end.hubspot_time_ms = in.signed_number();
    return end;
}

}  // namespace

// Bytes: number of slots, slots, opt-outs, then the ends to the last byte.
verdict_block::verdict_block(std::string_view bytes) {
    varint_reader in(bytes);
    size_ = in.byte();
    if (size_ > block_rows) varint_reader::fail();
    const std::string_view slots = in.bytes(size_);
    std::memcpy(slots_.data(), slots.data(), slots.size());
    const std::string_view opt_outs = in.bytes(opt_out_bytes(size_));
    std::memcpy(opt_outs_.data(), opt_outs.data(), opt_outs.size());
    ends_.reserve(in.rest().size() / 8);
    while (!in.empty()) ends_.push_back(read_end(in));
    check_ends();
}

// Every slot has its end, and every end a slot: else there may be more of them than a slot can name.
void verdict_block::check_ends() const {
    std::bitset<256> used;
    for (unsigned i = 0; i < size_; ++i) used.set(slots_[i]);
    used.reset(absent);
    used.reset(unsettled);
    if (used.count() != ends_.size() || (used >> (first_end + ends_.size())).any()) varint_reader::fail();
}

void verdict_block::format(std::string& bytes) const {
    bytes.clear();
    bytes += static_cast<char>(size_);
    bytes.append(reinterpret_cast<const char*>(slots_.data()), size_);
    bytes.append(reinterpret_cast<const char*>(opt_outs_.data()), opt_out_bytes(size_));
    for (const row_end& end : ends_) {
        bytes += static_cast<char>(end.verdict);
        bytes += static_cast<char>(end.success);
        append_signed(bytes, end.attempt);
        append_signed(bytes, end.hubspot_time_ms);
    }
}

unsigned verdict_block::rows() const {
    return size_ - static_cast<unsigned>(std::count(slots_.begin(), slots_.begin() + size_, absent));
}

unsigned verdict_block::unsent_opt_outs() const {
    unsigned count = 0;
    for (unsigned i = 0; i < size_; ++i) count += is_unsettled(i) && is_opt_out(i);
    return count;
}

void verdict_block::add(unsigned index, bool opt_out) {
    slots_[index] = unsettled;
    if (opt_out) opt_outs_[index / 8] = static_cast<std::uint8_t>(opt_outs_[index / 8] | 1U << (index % 8));
    size_ = std::max(size_, index + 1);
}

void verdict_block::settle(unsigned index, const row_end& how) {
    // The newest first: a batch settles many rows alike.
    std::size_t number = ends_.size();
    while (number > 0 && !(ends_[number - 1] == how)) --number;
    if (number == 0) {
        ends_.push_back(how);
        number = ends_.size();
    }
    slots_[index] = static_cast<std::uint8_t>(first_end + number - 1);
}

void verdict_block::drop_unused_ends() {
    std::vector<row_end> used;
    std::array<std::uint8_t, block_rows + 1> moved{};  // end: its new slot value
    for (std::uint8_t& slot : slots_) {
        if (slot < first_end) continue;
        std::uint8_t& to = moved[slot - first_end];
        if (to == 0) {
            used.push_back(ends_[slot - first_end]);
            to = static_cast<std::uint8_t>(first_end + used.size() - 1);
        }
        slot = to;
    }
    ends_ = std::move(used);
}

}  // namespace consent_sync::ledger
