// Cuts CSV rows (RFC 4180) out of a window, by libcsv in its strict mode.
//
// libcsv does not tell offsets. It is fed line by line (up to and with one CR or LF), so a row that it reports
// ends exactly where the fed line ends, and every offset is a sum of what was fed. Whether a line end lies
// inside quotes is libcsv's decision alone. A row on one line without a quote is split here, to the same fields.
//
// A row that breaks the rules of quoting is malformed, and it is only its first line: reading goes on at the
// next line. So a stray quote costs one row, not all rows up to the next quote.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

struct csv_row {
    enum class kind { row, malformed, end };
    kind found = kind::end;
    std::uint64_t offset = 0;  // of its first byte
    std::uint64_t length = 0;  // without its line end
    std::uint64_t next = 0;    // where the next row begins
    const char* why = "";      // of a malformed row
    bool terminated = true;    // false: the file ends before the row's line does
};

class csv_scanner {
  public:
    explicit csv_scanner(window& bytes);
    ~csv_scanner();
    csv_scanner(const csv_scanner&) = delete;
    csv_scanner& operator=(const csv_scanner&) = delete;

    void set_delimiter(char delimiter);
    char delimiter() const { return delimiter_; }

    // The row at the window's cursor; lines of nothing but spaces before it are passed. The cursor stays at
    // the row, so the same row can be scanned again with another delimiter. Errors: those of the window.
    base::result<csv_row> scan();
    // Moves the cursor behind the row that scan() gave.
    base::result<void> pass(const csv_row& row) { return bytes_.jump(row.next); }

    // The text of a row that scan() gave, without its line end, and of the first line behind it that is not blank
    // (empty at the end of the file, and where the line is very long). Views until the window moves. Errors: those of
    // the window.
    std::string_view line_of(const csv_row& row) const { return bytes_.ahead().substr(0, row.length); }
    base::result<std::string_view> line_behind(const csv_row& row);

    // Of the last row. libcsv takes spaces and tabs around a field away.
    std::size_t field_count() const { return ends_.size(); }
    std::string_view field(std::size_t nth) const {
        const std::size_t begin = nth == 0 ? 0 : ends_[nth - 1];
        return std::string_view(text_).substr(begin, ends_[nth] - begin);
    }
    std::size_t field_begin(std::size_t nth) const { return nth == 0 ? 0 : ends_[nth - 1]; }
    // All fields, one behind the other. May be swapped with another string to save a copy.
    std::string& text() { return text_; }

  private:
    struct line {
        std::size_t end = 0;      // behind its line end, from the cursor
        bool terminated = false;  // false: the file ends here
        bool too_long = false;
    };
    struct libcsv;

    base::result<line> find_line(std::size_t from);
    base::result<bool> pass_blank_lines();
    base::result<csv_row> pass_long_line();
    void split(std::string_view row);
    void reset();
    csv_row malformed(const line& first, const char* why) const;

    window& bytes_;
    std::unique_ptr<libcsv> parser_;
    std::string text_;
    std::vector<std::size_t> ends_;
    bool row_ended_ = false;
    char delimiter_ = ',';
};

}  // namespace consent_sync::intake
