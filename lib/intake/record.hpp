// What the readers of the three formats have in common: they give one record after the other, the values of a row as
// they stand in the file. One record is filled again and again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intake/columns.hpp"
#include "intake/row.hpp"

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
    std::string suspicious;         // an unknown name that looks like consent and has a value here; or empty

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

enum class found { record, malformed, end };

class record_reader {
  public:
    virtual ~record_reader() = default;

    // Requires: the window at the start of the text. Reads what stands before the rows.
    // Errors: invalid_input, the file is refused whole; io.
    virtual base::result<void> start() = 0;
    // Goes on at the offset() that was told after some row. Requires: start().
    virtual base::result<void> resume(std::uint64_t offset) = 0;
    // The next row: its values, or (malformed) its fault, and in both cases offset and length.
    // Error: the file breaks off here.
    virtual base::result<found> read(record& values, row& into) = 0;

    // Behind the last row that was read.
    virtual std::uint64_t offset() const = 0;
    // The names that are not fields: of all columns, or of the members met so far.
    virtual const other_names& others() const = 0;
    // After start(): whether rows can come without a status, for which a default would stand.
    virtual bool may_lack_state() const = 0;
    // After start(): a name beside the rows, which may ask for an opt-out of all of them, as it may be shown; empty:
    // none.
    virtual std::string opt_out_beside() const { return {}; }
    // Whether all rows so far, and enough of them, stand behind a number of their own in a first column without a name.
    virtual bool numbers_rows() const { return false; }
    // What else the owner of the file ought to know.
    virtual std::vector<std::string> notes() const { return {}; }
};

// A row whose structure is broken, named by its line (from 1; 0: not known) and its bytes in the decompressed
// file.
inline row_fault malformed(std::uint64_t line, std::uint64_t offset, std::uint64_t length, const std::string& why) {
    std::string message = line == 0 ? "" : "line " + std::to_string(line) + ", ";
    message += "bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) + ": " + why;
    return row_fault{"malformed", std::move(message)};
}

}  // namespace consent_sync::intake
