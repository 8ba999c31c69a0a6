// Rows of JSON: the elements of the array of a .json file, the lines of a .ndjson file.
#pragma once

#include "intake/json_array.hpp"
#include "intake/json_record.hpp"
#include "intake/record.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

class json_reader final : public record_reader {
  public:
    json_reader(window& bytes, const column_rules& rules)
        : bytes_(bytes), rules_(rules), array_(bytes, rules), parser_(rules) {}

    base::result<void> start() override;
    base::result<void> resume(std::uint64_t offset) override { return array_.resume(offset); }
    base::result<found> read(record& values, row& into) override;
    std::uint64_t offset() const override { return array_.offset(); }
    const other_names& others() const override { return parser_.others(); }
    bool may_lack_state() const override { return true; }
    std::string opt_out_beside() const override { return opt_out_beside_; }

  private:
    void note_members();
    base::result<void> look_behind();

    window& bytes_;
    const column_rules& rules_;
    json_array array_;
    json_record_parser parser_;
    std::size_t noted_ = 0;  // of the members beside the array
    std::string opt_out_beside_;
};

// Rows of an NDJSON file: one JSON object a line. A broken line is one malformed row.

class ndjson_reader final : public record_reader {
  public:
    ndjson_reader(window& bytes, const column_rules& rules) : bytes_(bytes), parser_(rules) {}

    base::result<void> start() override;
    base::result<void> resume(std::uint64_t offset) override { return bytes_.jump(offset); }
    base::result<found> read(record& values, row& into) override;
    std::uint64_t offset() const override { return bytes_.offset(); }
    const other_names& others() const override { return parser_.others(); }
    bool may_lack_state() const override { return true; }

  private:
    found fail(row& into, const std::string& why);

    window& bytes_;
    json_record_parser parser_;
};

// The line at the cursor, without its end (LF or CRLF). Nothing: it is longer than row_bytes_max.
struct text_line {
    std::string_view text;
    std::size_t whole = 0;  // with its end
    bool too_long = false;
};
base::result<text_line> find_text_line(window& bytes);

}  // namespace consent_sync::intake
