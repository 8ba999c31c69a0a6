// In which lines of a dropped file given bytes lie, for people who look at it in an editor.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace consent_sync::intake {

// `offsets`: ascending, of the content (decompressed); lines count from 1. Reads the file up to the last offset;
// blocking. `name` tells whether it is a .gz, of which at most `bytes_max` times decompressed_factor are unpacked.
// Errors: as file_reader::open; corrupt: the content ends before an offset.
base::result<std::vector<std::uint64_t>> find_lines(const std::string& path, std::string_view name,
                                                    std::uint64_t bytes_max, std::span<const std::uint64_t> offsets);

}  // namespace consent_sync::intake
