// Where JSON objects come by the thousand they are nearly always alike: the same members in the same order, spelled the
// same way. What they have in common is their shape. An object of a known shape is read in a third of what a parser
// takes: all but its values is compared as a whole.
//
// Only what is certain is read here. Any other object, and any fault, is a parser's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::base {

// A value that stands in JSON as it is: a text of UTF-8 without escapes, a whole number of up to 18 digits, a word.
struct plain_json {
    enum class kind : std::uint8_t { text, whole, boolean, null };
    kind what = kind::null;
    std::string_view text;    // in the JSON that was read
    std::int64_t number = 0;  // of whole; boolean: 1 true, 0 false
};

// Goes through JSON text, piece by piece. What fails may have gone a part of the way.
class plain_json_reader {
  public:
    explicit plain_json_reader(std::string_view text)
        : start_(text.data()), end_(text.data() + text.size()), at_(start_) {}

    std::size_t passed() const { return static_cast<std::size_t>(at_ - start_); }
    bool pass(std::string_view same) {
        if (static_cast<std::size_t>(end_ - at_) < same.size() || std::memcmp(at_, same.data(), same.size()) != 0)
            return false;
        at_ += same.size();
        return true;
    }
    // False: it is broken or not plain, or may go on behind the text.
    bool read(plain_json& value);

  private:
    bool read_text(plain_json& value);
    bool read_word(std::string_view word, plain_json::kind what, std::int64_t number, plain_json& value);
    bool read_number(plain_json& value);
    char here() const { return at_ == end_ ? '\0' : *at_; }

    const char* start_;
    const char* end_;
    const char* at_;
};

class json_shape {
  public:
    using meaning = std::uint8_t;  // of a member, in the numbers of who reads

    // Reads the object at the start of `text`, calls take(meaning, plain_json) for each member and gives the object's
    // size. 0: it is of another shape, or a value is not plain; then what was taken means nothing.
    template <class Take>
    std::size_t read(std::string_view text, Take&& take);

    // Takes the shape of the object at the start of `text`, and gives its size. 0: an object whose shape is none, for it
    // holds another or an array, or a name is escaped. Requires valid JSON: what is not may give any shape and size.
    std::size_t learn(std::string_view text, const std::function<meaning(std::string_view name)>& means);
    void forget();

    // Whether the last object that was not read has the shape, but for a value that is not plain.
    bool value_differed() const { return value_differed_; }

  private:
    struct member {
        std::string before;  // what stands between the value before and this one: comma, name, colon, white space
        meaning means;
    };

    std::vector<member> members_;
    std::string behind_;  // the last value, up to the bracket; empty: there is no shape
    bool value_differed_ = false;
};

template <class Take>
std::size_t json_shape::read(std::string_view text, Take&& take) {
    value_differed_ = false;
    if (behind_.empty()) return 0;
    plain_json_reader at(text);
    plain_json value;
    for (const member& next : members_) {
        if (!at.pass(next.before)) return 0;
        value_differed_ = !at.read(value);
        if (value_differed_) return 0;
        take(next.means, value);
    }
    return at.pass(behind_) ? at.passed() : 0;
}

}  // namespace consent_sync::base
