// Reads one JSON object into a record, without building a tree of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "intake/columns.hpp"
#include "intake/record.hpp"

namespace consent_sync::intake {

class json_record_parser {
  public:
    explicit json_record_parser(column_rules rules = {});
    ~json_record_parser();
    json_record_parser(json_record_parser&&) noexcept;

    // Nothing, or why `text` is not one JSON object (then `into` holds what was read before).
    // Members beside the known ones are passed over, whatever they hold, down to json_depth_max.
    std::optional<std::string> parse(std::string_view text, record& into);

    // Parses the object at the start of `text` if it is like the last one that was parsed, and gives its size; quicker
    // by far. 0: it is not, or is not certain to be whole and in order; then `into` is undefined, and parse() tells.
    std::size_t parse_alike(std::string_view text, record& into);

    // A member that stands beside the rows: no field is read there, nor what it has below it.
    void note_outside(std::string_view name, bool has_members);
    // The names met so far that are not fields, with those below others by their paths.
    const other_names& others() const;

  private:
    struct implementation;
    std::unique_ptr<implementation> impl_;
};

}  // namespace consent_sync::intake
