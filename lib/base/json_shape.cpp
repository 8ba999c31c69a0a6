#include "base/json_shape.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace consent_sync::base {
namespace {

constexpr std::ptrdiff_t digits_max = 18;  // every such number fits into int64

}  // namespace

bool plain_json_reader::read(plain_json& value) {
    switch (here()) {
        case '"': return read_text(value);
        case 't': return read_word("true", plain_json::kind::boolean, 1, value);
        case 'f': return read_word("false", plain_json::kind::boolean, 0, value);
        case 'n': return read_word("null", plain_json::kind::null, 0, value);
        default: return read_number(value);
    }
}

bool plain_json_reader::read_text(plain_json& value) {
    const char* const first = at_ + 1;
    const plain_bytes plain = find_plain_bytes({first, static_cast<std::size_t>(end_ - first)});
    const char* const last = first + plain.size;
    if (last == end_ || *last != '"') return false;
    value = {plain_json::kind::text, {first, plain.size}, 0};
    at_ = last + 1;
    return !plain.beyond_ascii || is_utf8(value.text);
}

bool plain_json_reader::read_word(std::string_view word, plain_json::kind what, std::int64_t number,
                                  plain_json& value) {
    value = {what, {}, number};
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

bool plain_json_reader::read_number(plain_json& value) {
    const bool negative = here() == '-';
    if (negative) ++at_;
    const char* const first = at_;
    std::int64_t number = 0;
    for (; is_digit(here()) && at_ - first < digits_max; ++at_) number = number * 10 + (*at_ - '0');
    const bool leading_zero = at_ - first > 1 && *first == '0';
    const bool continues = at_ == end_ || is_digit(*at_) || *at_ == '.' || *at_ == 'e' || *at_ == 'E';
    if (at_ == first || leading_zero || continues) return false;
    value = {plain_json::kind::whole, {}, negative ? -number : number};
    return true;
}

namespace {

// The position after the text whose opening quote is at `at`.
std::size_t pass_text(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

// The position after the value at `at`; npos for an array, an object, or a value without an end.
std::size_t pass_value(std::string_view text, std::size_t at) {
    if (text[at] == '{' || text[at] == '[') return std::string_view::npos;
    const std::size_t end = text[at] == '"' ? pass_text(text, at) : text.find_first_of(",} \t\r\n", at);
    return end < text.size() ? end : std::string_view::npos;
}

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

// The bits in which the eight bytes at `at` differ. Both texts must have them.
std::uint64_t difference(std::string_view a, std::string_view b, std::size_t at) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    return x ^ y;
}

}  // namespace

std::size_t json_shape::count_same(std::string_view a, std::string_view b) {
    static_assert(std::endian::native == std::endian::little);  // the first byte of a word is the lowest one
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
