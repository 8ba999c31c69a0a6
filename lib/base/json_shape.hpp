// Where JSON objects come by the thousand they are nearly always alike: the same members in the same order, spelled the
// same way, and most values are the same as well. Such an object is compared with one that a parser has read: only the
// values that differ are read, in a third of what a parser takes or less.
//
// Only what is certain is read here. Any other object, and any fault, is a parser's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/plain_json.hpp"

namespace consent_sync::base {

class json_shape {
  public:
    using meaning = std::uint8_t;  // of a member, in the numbers of who reads

    // Reads the object at the start of `text`, calls take(meaning, plain_json) for each member and gives the object's
    // size. 0: it is of another shape, or a value is not plain; then what was taken means nothing.
    template <class Take>
    std::size_t read(std::string_view text, Take&& take);

    // What comes is compared with the object at the start of `text` from now on. Gives its size; 0: it cannot be, for
    // it holds another or an array, or a name is escaped. Requires valid JSON: what is not may give any size.
    std::size_t learn(std::string_view text, const std::function<meaning(std::string_view name)>& means);
    void forget();

    // Whether the last object that was not read has the shape, but for a value that is not plain.
    bool value_differed() const { return value_differed_; }

  private:
    struct member {
        meaning means;
        std::size_t begin, end;  // of its value in object_
        bool plain;
        plain_json value;  // if plain; without its text
    };

    static std::size_t count_same(std::string_view a, std::string_view b);

    std::string object_;  // that was learnt; empty: none
    std::vector<member> members_;
    bool value_differed_ = false;
};

template <class Take>
std::size_t json_shape::read(std::string_view text, Take&& take) {
    value_differed_ = false;
    const std::string_view object = object_;
    // What is before these was read; from there on so many bytes are the same.
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
