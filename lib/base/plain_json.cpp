#include "base/plain_json.hpp"

#include "base/ascii.hpp"
#include "base/plain_bytes.hpp"
#include "base/utf8.hpp"

namespace consent_sync::base {
namespace {

constexpr std::ptrdiff_t digits_max = 18;  // any int64 can hold so many

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
    const bool goes_on = at_ == end_ || is_digit(*at_) || *at_ == '.' || *at_ == 'e' || *at_ == 'E';
    if (at_ == first || leading_zero || goes_on) return false;
    value = {plain_json::kind::whole, {}, negative ? -number : number};
    return true;
}

}  // namespace consent_sync::base
