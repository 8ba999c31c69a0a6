// The values of one row as they stand in the file, before anybody judges them. One record is filled again and
// again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "intake/columns.hpp"

namespace consent_sync::intake {

enum class value_kind : std::uint8_t {
    absent,   // there is no such column or member: the configured default stands for it
    text,     // may be empty; a JSON null is an empty text
    whole,    // a JSON number without fraction or exponent, within int64
    boolean,  // a JSON true (number 1) or false (0)
    other,    // an array, an object, a JSON number of another kind (number 1: neither 0 nor 1)
};

struct value {
    value_kind kind = value_kind::absent;
    std::size_t begin = 0;  // of the text, in record::bytes
    std::size_t size = 0;
    std::int64_t number = 0;
};

struct record {
    std::string bytes;  // holds all texts, decoded
    std::array<value, record_fields> values;
    std::optional<field> repeated;  // a field that the row names twice
    std::string suspicious;  // a name that nobody knows and that looks like consent, and is not empty here; or empty

    value& operator[](field f) { return values[static_cast<std::size_t>(f)]; }
    const value& operator[](field f) const { return values[static_cast<std::size_t>(f)]; }
    std::string_view text(const value& v) const { return std::string_view(bytes).substr(v.begin, v.size); }

    void clear() {
        bytes.clear();
        values.fill(value{});
        repeated.reset();
        suspicious.clear();
    }
};

// Whether a column that asks for an opt-out says no, or nothing.
bool says_no(const record& of, const value& v);

}  // namespace consent_sync::intake
