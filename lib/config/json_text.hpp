// JSON as people write it: with comments, trailing commas and a byte order mark, and with errors that name the place. A
// repeated key in an object is an error, because one of its values would be ignored silently.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace consent_sync::config {

inline constexpr std::size_t config_bytes_max = 1U << 20;
inline constexpr std::size_t config_depth_max = 16;

// Errors (invalid_input): "FILE:3:17: syntax error". Line and column start at 1; columns count characters.
base::result<boost::json::value> parse_json_text(std::string_view text, std::string_view file_name);

}  // namespace consent_sync::config
