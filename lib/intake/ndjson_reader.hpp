// Rows of an NDJSON file: one JSON object a line. A broken line is one malformed row.
#pragma once

#include "intake/json_record.hpp"
#include "intake/record_reader.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

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
