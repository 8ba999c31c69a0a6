// Rows of a JSON file: the elements of its array.
#pragma once

#include "intake/json_array.hpp"
#include "intake/json_record.hpp"
#include "intake/record_reader.hpp"

namespace consent_sync::intake {

class json_reader final : public record_reader {
  public:
    explicit json_reader(window& bytes) : bytes_(bytes), array_(bytes) {}

    base::result<void> start() override { return array_.open(); }
    base::result<void> resume(std::uint64_t offset) override { return array_.resume(offset); }
    base::result<found> read(record& values, row& into) override;
    std::uint64_t offset() const override { return array_.offset(); }
    const std::vector<std::string>& unknown_columns() const override { return parser_.unknown().names(); }

  private:
    window& bytes_;
    json_array array_;
    json_record_parser parser_;
};

}  // namespace consent_sync::intake
