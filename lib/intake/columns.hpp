// The columns of a CSV file and the members of a JSON row: which field a name means, and which nobody knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::intake {

enum class field : std::uint8_t {
    subscriber,
    state,
    subscription,
    channel,
    basis,
    explanation,
    change_id,
    inverted_state,  // "opt_out", "unsubscribed": its "yes" means UNSUBSCRIBED. Never read, never overlooked.
    report,          // verdict, category, message, correlation_id of a failed file: known and ignored
    unknown,
};
inline constexpr std::size_t record_fields = 8;  // those before `report`

// By HubSpot's name or an alias; case, spaces, underscores and dashes do not matter. lib/intake/README.md
// lists all.
field find_field(std::string_view name);

// HubSpot's name of a field: "subscriberIdString".
std::string_view name(field f);

// `text` without spaces, underscores and dashes, its ASCII letters lowered, put into `buffer`.
// Empty if `text` is empty or does not fit: then it is no word of ours.
std::string_view simplify(std::string_view text, char* buffer, std::size_t size);

// A column's name as it may be shown: cut to column_name_bytes_max. What looks like an address, or is no
// UTF-8, becomes "(hidden)".
std::string shown_column(std::string_view column);

// Names nobody knows, each once, at most unknown_columns_max of them, as they may be shown.
class unknown_names {
  public:
    void add(std::string_view column);
    const std::vector<std::string>& names() const { return names_; }

  private:
    std::vector<std::string> names_;
};

}  // namespace consent_sync::intake
