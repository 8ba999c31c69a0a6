#include "observe/text_columns.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/utf8.hpp"

namespace consent_sync::observe {
namespace {

struct range {
    std::uint32_t first, last;
};

constexpr std::array<range, 12> wide{{{0x1100, 0x115f},
                                      {0x2e80, 0x303e},
                                      {0x3041, 0xa4cf},
                                      {0xa960, 0xa97c},
                                      {0xac00, 0xd7a3},
                                      {0xf900, 0xfaff},
                                      {0xfe30, 0xfe6f},
                                      {0xff01, 0xff60},
                                      {0xffe0, 0xffe6},
                                      {0x1f300, 0x1f64f},
                                      {0x1f680, 0x1faff},
                                      {0x20000, 0x3fffd}}};
constexpr std::array<range, 5> combining{
    {{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}}};

template <class Ranges>
bool holds(const Ranges& ranges, std::uint32_t code) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [code](const range& r) { return r.first <= code && code <= r.last; });
}

// The character at `at`: its bytes and its columns. A broken byte is taken as one column.
struct character {
    std::size_t bytes = 1, columns = 1;
};

character character_at(std::string_view text, std::size_t at) {
    const std::size_t length = base::utf8_length(text, at);
    if (length <= 1) return {};
    std::uint32_t code = static_cast<unsigned char>(text[at]) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
    return {length, holds(combining, code) ? 0U : holds(wide, code) ? 2U : 1U};
}

}  // namespace

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const character c = character_at(text, at);
        columns += c.columns;
        at += c.bytes;
    }
    return columns;
}

std::string cut_columns(std::string_view text, std::size_t width) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const character c = character_at(text, at);
        columns += c.columns;
        if (columns > width) return std::string(text.substr(0, at));
        at += c.bytes;
    }
    return std::string(text);
}

std::string pad_columns(std::string_view text, std::size_t width) {
    std::string out = cut_columns(text, width);
    out.append(width - columns_of(out), ' ');
    return out;
}

std::vector<std::string> wrap_columns(std::string_view text, std::size_t width, std::size_t indent) {
    std::vector<std::string> lines;
    const std::string margin(std::min(indent, width / 2), ' ');
    std::string line;
    while (!text.empty()) {
        std::string piece = cut_columns(text, std::max<std::size_t>(1, width - columns_of(line)));
        if (piece.size() < text.size()) {
            const std::size_t space = text[piece.size()] == ' ' ? piece.size() : piece.rfind(' ');
            const std::size_t words = piece.find_first_not_of(' ');
            if (space != std::string::npos && words != std::string::npos && space > words) piece.resize(space);
            if (piece.empty()) piece = std::string(text.substr(0, character_at(text, 0).bytes));
        }
        text.remove_prefix(piece.size());
        if (!text.empty()) text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        lines.push_back(line + piece);
        line = margin;
    }
    if (lines.empty()) lines.emplace_back();
    return lines;
}

}  // namespace consent_sync::observe
