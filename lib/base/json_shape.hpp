// Reads JSON objects that have the same shape as one that a parser has read. Thousands of objects in one file or answer
// usually have the same members in the same order and spelling, and mostly the same values. Such an object is compared
// with the parsed one, and only values that differ are read, in at most a third of the time that a parser takes.
//
// Anything else (an object of another shape, a value with escapes, a fault) is left to the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::base {

// A plain value: a UTF-8 text without escapes, a whole number of up to 18 digits, true, false or null.
struct plain_json {
    enum class kind : std::uint8_t { text, whole, boolean, null };
    kind what = kind::null;
    std::string_view text;    // a part of the JSON text
    std::int64_t number = 0;  // for whole; for boolean: 1 true, 0 false
};

// Reads the value at the start of a JSON text.
class plain_json_reader {
  public:
    explicit plain_json_reader(std::string_view text)
        : start_(text.data()), end_(text.data() + text.size()), at_(start_) {}

    // False: the value is broken, not plain, or may continue after the end of the text.
    bool read(plain_json& value);
    // The size of the value that was read.
    std::size_t passed() const { return static_cast<std::size_t>(at_ - start_); }

  private:
    bool read_text(plain_json& value);
    bool read_word(std::string_view word, plain_json::kind what, std::int64_t number, plain_json& value);
    bool read_number(plain_json& value);
    char here() const { return at_ == end_ ? '\0' : *at_; }

    const char* start_;
    const char* end_;
    const char* at_;
};

// Compares objects with the learnt one.
class json_shape {
  public:
    using meaning = std::uint8_t;  // of a member; the caller chooses the numbers

    // Reads the object at the start of `text`, calls take(meaning, plain_json) for each member, and returns the size of
    // the object. 0: it has another shape, or a value is not plain; then ignore what was taken.
    template <class Take>
    std::size_t read(std::string_view text, Take&& take);

    // From now on objects are compared with the one at the start of `text`. Returns its size; 0: it cannot be used,
    // because it contains an object or an array, or a name with an escape. Requires valid JSON: other text may give any
    // size.
    std::size_t learn(std::string_view text, const std::function<meaning(std::string_view name)>& means);
    void forget();

    // Whether the last object that was not read has the same shape except for a value that is not plain.
    bool value_differed() const { return value_differed_; }

  private:
    struct member {
        meaning means;
        std::size_t begin, end;  // of the value in object_
        bool plain;
        plain_json value;  // if plain; without its text
    };

    static std::size_t count_same(std::string_view a, std::string_view b);

    std::string object_;  // the learnt object; empty: none
    std::vector<member> members_;
    bool value_differed_ = false;
};

template <class Take>
std::size_t json_shape::read(std::string_view text, Take&& take) {
    value_differed_ = false;
    const std::string_view object = object_;
    // The positions up to which the text and the learnt object were read, and how many bytes after them are equal.
    std::size_t at = 0;
    std::size_t learnt = 0;
    std::size_t same = count_same(text, object);
    for (const member& next : members_) {
        const std::size_t begin = at + (next.begin - learnt);
        if (next.plain && learnt + same > next.end) {
            const bool quoted = next.value.what == plain_json::kind::text;
            const std::string_view inside(text.data() + begin + 1, quoted ? next.end - next.begin - 2 : 0);
            take(next.means, plain_json{next.value.what, inside, next.value.number});
            continue;
        }
        if (learnt + same < next.begin) return 0;
        plain_json other;
        plain_json_reader reader(text.substr(begin));
        value_differed_ = !reader.read(other);
        if (value_differed_) return 0;
        take(next.means, other);
        at = begin + reader.passed();
        learnt = next.end;
        same = count_same(text.substr(at), object.substr(learnt));
    }
    return learnt + same == object.size() ? at + same : 0;
}

}  // namespace consent_sync::base
