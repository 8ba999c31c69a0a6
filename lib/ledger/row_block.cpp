#include "ledger/row_block.hpp"

#include "ledger/varint.hpp"

namespace consent_sync::ledger {
namespace {

// The byte of what is there: two bits of the state, three of the legal basis (0: none), then these.
constexpr unsigned state_mask = 0x03;
constexpr unsigned basis_shift = 2;
constexpr unsigned basis_mask = 0x07;
constexpr unsigned has_explanation = 0x20;
constexpr unsigned has_original = 0x40;
constexpr unsigned unknown_bits = 0x80;
static_assert(static_cast<unsigned>(consent::status_state::not_specified) <= state_mask);
static_assert(static_cast<unsigned>(consent::legal_basis::process_and_store) <= basis_mask);

constexpr std::size_t size_bytes = 2;  // of an entry: room for its size, nearly always enough

unsigned what_is_there(const new_row& row) {
    const consent::change& c = row.change;
    unsigned there = static_cast<unsigned>(c.state);
    if (c.basis) there |= static_cast<unsigned>(*c.basis) << basis_shift;
    if (c.explanation) there |= has_explanation;
    if (row.original) there |= has_original;
    return there;
}

// Two bytes, whatever the number, as long as it is below 2^14: so an entry's size can be filled in afterwards.
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

}  // namespace consent_sync::ledger
