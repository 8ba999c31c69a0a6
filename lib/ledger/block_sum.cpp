#include "ledger/block_sum.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "ledger/database.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace consent_sync::ledger {
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
