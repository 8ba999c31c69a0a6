// Rows of a CSV file. Lines without a single value (";;;", which spreadsheets leave behind) are not rows, nor are lines
// that name columns, as where files were joined: the file's own header again is passed, another one ends the reading.
#pragma once

#include "intake/csv_header.hpp"
#include "intake/csv_scanner.hpp"
#include "intake/record.hpp"

namespace consent_sync::intake {

class csv_reader final : public record_reader {
  public:
    csv_reader(window& bytes, const column_rules& rules, bool default_opt_in)
        : bytes_(bytes), scanner_(bytes), rules_(rules), default_opt_in_(default_opt_in) {}

    base::result<void> start() override;
    base::result<void> resume(std::uint64_t offset) override { return bytes_.jump(offset); }
    base::result<found> read(record& values, row& into) override;
    std::uint64_t offset() const override { return bytes_.offset(); }
    const other_names& others() const override { return header_.others; }
    bool may_lack_state() const override;
    std::vector<std::string> notes() const override { return notes_; }
    bool numbers_rows() const override { return numbered_ >= numbered_rows_min; }

  private:
    found fail(row& into, const csv_row& row, const std::string& why);
    void take_values(record& values);
    static constexpr std::int64_t numbered_rows_min = 5;

    void count_number(std::string_view cell);
    bool holds_address() const;
    bool ends_in_status() const;
    base::result<header_again> find_header(const csv_row& row);
    base::result<bool> pass_header_again(const csv_row& row);

    window& bytes_;
    csv_scanner scanner_;
    const column_rules& rules_;
    bool default_opt_in_;  // stands for a status that the file does not have
    csv_header header_;
    std::size_t address_ = 0;  // its column
    std::vector<std::string> notes_;
    std::optional<std::int64_t> last_number_;  // in a first column without a name
    std::int64_t numbered_ = 0;                // rows in a row whose number is larger than that before; -1: one is not
};

}  // namespace consent_sync::intake
