#include "ledger/block.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace consent_sync::ledger {
namespace {

// The byte that says which fields an entry has: two bits for the state, three for the legal basis (0: none), then
// these.
constexpr unsigned state_mask = 0x03;
constexpr unsigned basis_shift = 2;
constexpr unsigned basis_mask = 0x07;
constexpr unsigned has_explanation = 0x20;
constexpr unsigned has_original = 0x40;
constexpr unsigned unknown_bits = 0x80;
static_assert(static_cast<unsigned>(consent::status_state::not_specified) <= state_mask);
static_assert(static_cast<unsigned>(consent::legal_basis::process_and_store) <= basis_mask);

constexpr std::size_t size_bytes = 2;  // reserved for the size of an entry; nearly always enough

unsigned what_is_there(const new_row& row) {
    const consent::change& c = row.change;
    unsigned there = static_cast<unsigned>(c.state);
    if (c.basis) there |= static_cast<unsigned>(*c.basis) << basis_shift;
    if (c.explanation) there |= has_explanation;
    if (row.original) there |= has_original;
    return there;
}

// Any number below 2^14 takes two bytes here, so that the size of an entry can be filled in afterwards.
void put_size(std::string& block, std::size_t at, std::size_t size) {
    if (size < 1U << 14) {
        block[at] = static_cast<char>((size & 0x7fU) | 0x80U);
        block[at + 1] = static_cast<char>(size >> 7);
        return;
    }
    std::string longer;
    append_varint(longer, size);
    block.replace(at, size_bytes, longer);
}

}  // namespace

void append_row(std::string& block, const new_row& row) {
    const consent::change& c = row.change;
    block += static_cast<char>(index_in_block(c.id));
    const std::size_t size_at = block.size();
    block.append(size_bytes, '\0');
    block += static_cast<char>(what_is_there(row));
    block += static_cast<char>(c.channel);
    append_signed(block, c.subscription);
    append_varint(block, row.offset);
    append_varint(block, c.subscriber.size());
    block += c.subscriber;
    if (row.original) append_signed(block, row.original.id());
    if (c.explanation) block += *c.explanation;
    put_size(block, size_at, block.size() - size_at - size_bytes);
}

bool row_block_reader::next(row_view& row) {
    if (rest_.empty()) return false;
    return find(static_cast<unsigned char>(rest_.front()), row);
}

bool row_block_reader::find(unsigned index, row_view& row) {
    varint_reader entries(rest_);
    while (!entries.empty()) {
        rest_ = entries.rest();
        const unsigned at = entries.byte();
        if (at > index) return false;
        const std::string_view entry = entries.bytes(entries.number());
        if (at < index) continue;
        varint_reader in(entry);
        const unsigned there = in.byte();
        if (at >= block_rows || (there & state_mask) == 0 || (there & unknown_bits) != 0) varint_reader::fail();
        row.index = at;
        row.state = static_cast<consent::status_state>(there & state_mask);
        const unsigned basis = (there >> basis_shift) & basis_mask;
        row.basis.reset();
        if (basis != 0) row.basis = static_cast<consent::legal_basis>(basis);
        row.channel = static_cast<consent::channel>(in.byte());
        if (row.channel != consent::channel::email) varint_reader::fail();
        row.subscription = in.signed_number();
        row.offset = in.number();
        row.subscriber = in.bytes(in.number());
        row.original = (there & has_original) != 0 ? consent::place(in.signed_number()) : consent::place();
        row.explanation.reset();
        if ((there & has_explanation) != 0)
            row.explanation = in.rest();
        else if (!in.empty())
            varint_reader::fail();
        rest_ = entries.rest();
        return true;
    }
    rest_ = {};
    return false;
}

consent::change row_view::change(consent::place id) const {
    return {id, subscriber, subscription, channel, state, basis, explanation};
}

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

// Every slot has its end, and every end a slot: otherwise there may be more ends than a slot can name.
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
    // Search from the newest: a batch settles many rows alike.
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

namespace {

using sum_bytes = std::array<char, 8>;

sum_bytes sum_of(std::string_view bytes, block_kind kind, std::int64_t id) {
    const auto seed = (static_cast<XXH64_hash_t>(id) << 2) | static_cast<XXH64_hash_t>(kind);
    XXH64_hash_t sum = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
    sum_bytes out;
    for (char& byte : out) {  // the lowest first, on every machine
        byte = static_cast<char>(sum & 0xff);
        sum >>= 8;
    }
    return out;
}

}  // namespace

void seal(std::string& block, block_kind kind, std::int64_t id) {
    const sum_bytes sum = sum_of(block, kind, id);
    block.append(sum.data(), sum.size());
}

std::optional<std::string_view> find_sealed(std::string_view sealed, block_kind kind, std::int64_t id) {
    if (sealed.size() < sum_bytes().size()) return std::nullopt;
    const std::string_view bytes = sealed.substr(0, sealed.size() - sum_bytes().size());
    const sum_bytes sum = sum_of(bytes, kind, id);
    if (std::memcmp(sum.data(), sealed.data() + bytes.size(), sum.size()) != 0) return std::nullopt;
    return bytes;
}

std::string_view unseal(std::string_view sealed, block_kind kind, block_id id) {
    const auto bytes = find_sealed(sealed, kind, id);
    if (!bytes) fail_damaged(id);
    return *bytes;
}

void fail_damaged(block_id id) {
    const consent::place first = place_in_block(id, 0);
    const consent::place last = place_in_block(id, block_rows - 1);
    throw database_error(base::errc::corrupt, "rows " + std::to_string(std::max<std::uint64_t>(1, first.row())) +
                                                  " to " + std::to_string(last.row()) + " of file " +
                                                  consent::format_file_id(first.arrival()) + ", block " +
                                                  std::to_string(id) + ", are not as they were written");
}

}  // namespace consent_sync::ledger
