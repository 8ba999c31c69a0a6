#include "base/json_shape.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace consent_sync::base {
namespace {

// Behind the text whose quote is at `at`.
std::size_t pass_text(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

// Behind the value that begins at `at`; npos for an array or an object, and where it does not end.
std::size_t pass_value(std::string_view text, std::size_t at) {
    if (text[at] == '{' || text[at] == '[') return std::string_view::npos;
    const std::size_t end = text[at] == '"' ? pass_text(text, at) : text.find_first_of(",} \t\r\n", at);
    return end < text.size() ? end : std::string_view::npos;
}

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

// The bits in which the eight bytes at `at` differ. Requires that they are there.
std::uint64_t difference(std::string_view a, std::string_view b, std::size_t at) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    return x ^ y;
}

}  // namespace

std::size_t json_shape::count_same(std::string_view a, std::string_view b) {
    static_assert(std::endian::native == std::endian::little);  // the first byte of a word is its lowest
    const std::size_t most = std::min(a.size(), b.size());
    std::size_t at = 0;
    while (at + 4 * word_bytes <= most &&
           (difference(a, b, at) | difference(a, b, at + word_bytes) | difference(a, b, at + 2 * word_bytes) |
            difference(a, b, at + 3 * word_bytes)) == 0)
        at += 4 * word_bytes;
    for (; at + word_bytes <= most; at += word_bytes)
        if (const std::uint64_t found = difference(a, b, at); found != 0)
            return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    while (at < most && a[at] == b[at]) ++at;
    return at;
}

std::size_t json_shape::learn(std::string_view text, const std::function<meaning(std::string_view)>& means) {
    forget();
    std::size_t gap = 0;
    for (;;) {
        const std::size_t name = text.find_first_of("\"}", gap);
        if (name == std::string_view::npos) break;
        if (text[name] == '}') {
            object_ = text.substr(0, name + 1);
            return name + 1;
        }
        const std::size_t name_end = pass_text(text, name);
        const std::size_t colon = text.find(':', std::min(name_end, text.size()));
        if (colon == std::string_view::npos) break;
        const std::size_t value = text.find_first_not_of(" \t\r\n", colon + 1);
        if (value == std::string_view::npos) break;
        const std::string_view spelled = text.substr(name + 1, name_end - name - 2);
        if (spelled.find('\\') != std::string_view::npos) break;
        gap = pass_value(text, value);
        if (gap == std::string_view::npos) break;
        member& added = members_.emplace_back(member{means(spelled), value, gap, false, {}});
        added.plain = plain_json_reader(text.substr(value)).read(added.value);
        added.value.text = {};
    }
    forget();
    return 0;
}

void json_shape::forget() {
    members_.clear();
    object_.clear();
}

}  // namespace consent_sync::base
