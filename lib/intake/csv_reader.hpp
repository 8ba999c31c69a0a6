// Rows of a CSV file. Lines without a single value (";;;", which spreadsheets leave behind) are no rows.
#pragma once

#include "intake/csv_header.hpp"
#include "intake/csv_scanner.hpp"
#include "intake/record_reader.hpp"

namespace consent_sync::intake {

class csv_reader final : public record_reader {
  public:
    explicit csv_reader(window& bytes) : bytes_(bytes), scanner_(bytes) {}

    base::result<void> start() override;
    base::result<void> resume(std::uint64_t offset) override { return bytes_.jump(offset); }
    base::result<found> read(record& values, row& into) override;
    std::uint64_t offset() const override { return bytes_.offset(); }
    const std::vector<std::string>& unknown_columns() const override { return header_.unknown.names(); }

  private:
    found fail(row& into, const csv_row& row, const std::string& why);
    void take_values(record& values);

    window& bytes_;
    csv_scanner scanner_;
    csv_header header_;
};

}  // namespace consent_sync::intake
