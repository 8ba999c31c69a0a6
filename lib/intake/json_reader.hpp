// Rows of a JSON file: the elements of its array.
#pragma once

#include "intake/json_array.hpp"
#include "intake/json_record.hpp"
#include "intake/record_reader.hpp"

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
    const std::string& opt_out_beside() const override { return opt_out_beside_; }

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

}  // namespace consent_sync::intake
