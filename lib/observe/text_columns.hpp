// Text in the columns of a terminal: East Asian characters and emoji take two, combining ones none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::observe {

std::size_t columns_of(std::string_view text);
std::string cut_columns(std::string_view text, std::size_t width);
std::string pad_columns(std::string_view text, std::size_t width);  // filled up with spaces, or cut

// Lines of at most `width` columns, broken at spaces; all but the first begin with `indent` spaces. A word that is
// longer than a line is broken.
std::vector<std::string> wrap_columns(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace consent_sync::observe
