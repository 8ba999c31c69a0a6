// Numbers of seven bits a byte, the lowest first: how blocks of the ledger store them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/database.hpp"

namespace consent_sync::ledger {

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

}  // namespace consent_sync::ledger
