// The sum behind the bytes of every block. SQLite finds a broken page, but not a bit that changed within what a page
// stores, and a changed bit of an address is somebody else's consent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/row_block.hpp"

namespace consent_sync::ledger {

enum class block_kind : std::uint8_t { rows = 1, verdicts = 2, overtakes = 3 };  // the last by attempt

// Appends the sum. It covers kind and id, so that no block passes for another.
void seal(std::string& block, block_kind kind, std::int64_t id);

// What was sealed, if that is what is there.
std::optional<std::string_view> find_sealed(std::string_view sealed, block_kind kind, std::int64_t id);

// What was sealed of a block of changes. Throws database_error(corrupt), which names the rows, if it is not there.
std::string_view unseal(std::string_view sealed, block_kind kind, block_id id);

// Throws database_error(corrupt): the rows of the block are not as they were written.
[[noreturn]] void fail_damaged(block_id id);

}  // namespace consent_sync::ledger
