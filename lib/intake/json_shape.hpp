// The rows of a JSON file are nearly always alike: the same members in the same order, spelled the same way. What they
// have in common is their shape. A row of the shape of the one before it is read in a third of what a parser takes:
// all but its values is compared as a whole.
//
// Only what is certain is read here. Any other row, and any fault, is the parser's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "intake/record.hpp"

namespace consent_sync::intake {

class json_shape {
  public:
    // Reads the row at the start of `text` and gives its size, without white space behind it. 0: the row is of another
    // shape, or a value is broken or not plain (an escape, an array, an object, a fraction); `into` is then undefined.
    std::size_t read(std::string_view text, record& into);

    // Takes the shape of the row that read() did not read last. Requires: valid JSON, an object.
    void learn(std::string_view row);

  private:
    struct member {
        std::string before;  // what stands between the value before and this one: comma, name, colon, white space
        field meaning;
    };

    bool has_given_up() const;

    std::vector<member> members_;
    std::string behind_;          // the last value, up to the bracket; empty: there is no shape
    bool value_differs_ = false;  // of the last row that was not read, and not what stands before it
    std::uint64_t read_ = 0;      // rows
    std::uint64_t lost_ = 0;      // what was looked at in vain, in rows
};

}  // namespace consent_sync::intake
