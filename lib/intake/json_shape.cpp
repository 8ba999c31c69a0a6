#include "intake/json_shape.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "intake/limits.hpp"
#include "intake/text.hpp"

namespace consent_sync::intake {
namespace {

constexpr std::size_t shape_row_bytes_max = 16 * 1024;  // of the row that a shape is taken from

// What looking for a shape in vain may cost beyond what was saved, in rows: in a file of many shapes it does not pay.
constexpr std::uint64_t lost_max = 200;
constexpr std::uint64_t lost_by_value = 1;  // a value was not plain: as much as a row that is read saves
constexpr std::uint64_t lost_by_shape = 2;  // the shape was another one, which is learnt anew

// Sixteen bytes at once, on any processor.
using bytes16 = unsigned char __attribute__((vector_size(16)));
using halves = std::array<std::uint64_t, 2>;
constexpr std::size_t step = sizeof(bytes16);
static_assert(std::endian::native == std::endian::little);  // the first byte of a half is its lowest

bool ends_text(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

struct text_end {
    const char* at;
    bool beyond_ascii;  // a byte of the text, or one soon behind it, is not of ASCII
};

// The first byte of a text, from `at` on, that is no plain one: its quote, an escape, a control character; `end` if
// there is none.
text_end find_end(const char* at, const char* end) {
    bytes16 seen{};
    const auto beyond_ascii = [&seen] {
        const auto all = std::bit_cast<halves>(seen & 0x80);
        return (all[0] | all[1]) != 0;
    };
    for (; end - at >= std::ptrdiff_t{step}; at += step) {
        bytes16 bytes;
        std::memcpy(&bytes, at, step);
        seen |= bytes;
        // 0xff in each byte that ends the text
        const auto ends = std::bit_cast<halves>((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
        if (ends[0] != 0) return {at + std::countr_zero(ends[0]) / 8, beyond_ascii()};
        if (ends[1] != 0) return {at + step / 2 + std::countr_zero(ends[1]) / 8, beyond_ascii()};
    }
    for (; at != end && !ends_text(*at); ++at) seen[0] |= static_cast<unsigned char>(*at);
    return {at, beyond_ascii()};
}

// Goes through one row. What is behind the end of the text reads as a byte that ends everything.
class cursor {
  public:
    explicit cursor(std::string_view text) : start_(text.data()), end_(text.data() + text.size()), at_(start_) {}

    std::size_t passed() const { return static_cast<std::size_t>(at_ - start_); }

    bool pass(std::string_view same) {
        if (static_cast<std::size_t>(end_ - at_) < same.size() || std::memcmp(at_, same.data(), same.size()) != 0)
            return false;
        at_ += same.size();
        return true;
    }

    bool read(value& into) {
        switch (here()) {
            case '"': return read_text(into);
            case 't': return read_word("true", value_kind::boolean, 1, into);
            case 'f': return read_word("false", value_kind::boolean, 0, into);
            case 'n': return read_word("null", value_kind::text, 0, into);
            default: return read_number(into);
        }
    }

  private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    char here() const { return at_ == end_ ? '\0' : *at_; }

    bool read_text(value& into) {
        const char* const first = at_ + 1;
        const auto [last, beyond_ascii] = find_end(first, end_);
        if (last == end_ || *last != '"') return false;
        const auto size = static_cast<std::size_t>(last - first);
        if (beyond_ascii && !is_utf8({first, size})) return false;
        into = value{value_kind::text, static_cast<std::size_t>(first - start_), size, 0};
        at_ = last + 1;
        return true;
    }

    bool read_word(std::string_view word, value_kind kind, std::int64_t number, value& into) {
        into = value{kind, 0, 0, number};
        return pass(word);
    }

    // Up to eighteen digits, which any int64 can hold.
    bool read_number(value& into) {
        const bool negative = here() == '-';
        if (negative) ++at_;
        const char* const first = at_;
        std::int64_t number = 0;
        for (; is_digit(here()) && at_ - first < digits_max; ++at_) number = number * 10 + (*at_ - '0');
        const bool leading_zero = at_ - first > 1 && *first == '0';
        const bool goes_on = is_digit(here()) || here() == '.' || here() == 'e' || here() == 'E';
        if (at_ == first || leading_zero || goes_on) return false;
        into = value{value_kind::whole, 0, 0, negative ? -number : number};
        return true;
    }

    static constexpr std::ptrdiff_t digits_max = 18;

    const char* start_;
    const char* end_;
    const char* at_;
};

// Behind the text whose quote is at `at`.
std::size_t pass_text(std::string_view row, std::size_t at) {
    for (++at; at < row.size() && row[at] != '"'; ++at)
        if (row[at] == '\\') ++at;
    return at + 1;
}

// Behind the value that begins at `at`; an array or an object ends the row here: its shape is none.
std::size_t pass_value(std::string_view row, std::size_t at) {
    if (row[at] == '{' || row[at] == '[') return row.size();
    return row[at] == '"' ? pass_text(row, at) : row.find_first_of(",} \t\r\n", at);
}

}  // namespace

bool json_shape::has_given_up() const { return lost_ > read_ + lost_max; }

std::size_t json_shape::read(std::string_view text, record& into) {
    value_differs_ = false;
    if (behind_.empty() || has_given_up()) return 0;
    into.clear();
    cursor at(text);
    value nobodys;
    for (const member& next : members_) {
        value& wanted = next.meaning < field::report ? into[next.meaning] : nobodys;
        if (!at.pass(next.before)) return 0;
        value_differs_ = !at.read(wanted);
        if (value_differs_) return 0;
    }
    if (!at.pass(behind_) || at.passed() > row_bytes_max) return 0;
    into.bytes.assign(text.data(), at.passed());
    ++read_;
    return at.passed();
}

void json_shape::learn(std::string_view row) {
    lost_ += value_differs_ ? lost_by_value : lost_by_shape;
    if (value_differs_ && !has_given_up()) return;
    members_.clear();
    behind_.clear();
    if (has_given_up() || row.size() > shape_row_bytes_max) return;
    std::size_t gap = 0;
    for (;;) {
        const std::size_t name = row.find_first_of("\"}", gap);
        if (name == std::string_view::npos || row[name] == '}') break;
        const std::size_t name_end = pass_text(row, name);
        const std::size_t value = row.find_first_not_of(" \t\r\n", row.find(':', std::min(name_end, row.size())) + 1);
        if (value == std::string_view::npos) return members_.clear();
        const std::string_view spelled = row.substr(name + 1, name_end - name - 2);
        if (spelled.find('\\') != std::string_view::npos) return members_.clear();
        members_.push_back({std::string(row.substr(gap, value - gap)), find_field(spelled)});
        gap = pass_value(row, value);
        if (gap >= row.size()) return members_.clear();
    }
    behind_ = row.substr(gap, row.rfind('}') + 1 - gap);
}

}  // namespace consent_sync::intake
