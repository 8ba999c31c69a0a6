// Every bound of reading, by name. Sizes are bytes of the decompressed file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace consent_sync::intake {

inline constexpr std::size_t block_bytes = 256 * 1024;     // one read of the operating system
inline constexpr std::size_t row_bytes_max = 1024 * 1024;  // a longer row is malformed; bounds the memory of a reader
inline constexpr std::size_t sniff_bytes = 4096;           // looked at to tell text from something else
inline constexpr std::size_t columns_max = 1024;           // of a header
inline constexpr std::size_t unknown_columns_max = 100;    // names kept of columns that are not known
inline constexpr std::size_t notes_max = 20;               // told of one kind
inline constexpr std::size_t nested_names_max = 4096;      // members below others whose meaning is remembered
inline constexpr std::size_t column_name_bytes_max = 64;   // a longer name is cut where it is shown
inline constexpr std::size_t json_key_bytes_max = 4096;    // of a member beside "inputs"
inline constexpr int json_depth_max = 32;                  // nesting inside one row

// A .gz may grow to this multiple of inbox.max_bytes; a larger one breaks off there. Text of consent changes
// compresses five- to twelvefold.
inline constexpr std::uint64_t decompressed_factor = 16;

// RFC 5321 4.5.3.1: a path is at most 256 octets with its brackets, a local part 64. RFC 1035 2.3.4: a
// label 63.
inline constexpr std::size_t address_bytes_max = 254;
inline constexpr std::size_t local_part_bytes_max = 64;
inline constexpr std::size_t label_bytes_max = 63;
inline constexpr std::size_t explanation_bytes_max = 4096;

}  // namespace consent_sync::intake
