// Reads rows of JSON that have the shape of one that was parsed (base::json_shape), as nearly all have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_shape.hpp"
#include "intake/record.hpp"

namespace consent_sync::intake {

class alike_rows {
  public:
    explicit alike_rows(const column_rules& rules) : rules_(rules) {}

    // Reads the row at the start of `text` and gives its size, without white space behind it. 0: it is not alike, or a
    // value is broken or not plain (an escape, an array, an object, a fraction); `into` is then undefined.
    std::size_t read(std::string_view text, record& into);

    // Takes the shape of the row that read() did not read last. Requires: valid JSON, an object.
    void learn(std::string_view row);

  private:
    // In a file of many shapes looking for one does not pay.
    bool has_given_up() const;
    void note_suspicious(std::size_t place, record& into) const;
    void look_at_unread(field means, std::size_t place, const base::plain_json& found, record& into) const;

    const column_rules& rules_;
    base::json_shape shape_;
    std::vector<std::pair<std::size_t, std::string>> unread_;  // the place of a member, and its name as shown
    std::uint64_t read_ = 0;                                   // rows
    std::uint64_t lost_ = 0;                                   // what was looked at in vain, in rows
};

}  // namespace consent_sync::intake
