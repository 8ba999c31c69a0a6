// The members of one JSON object as slices of its text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::intake {

// The object as it stands there; if it has a change_id, without the members that a failed file adds to a row.
// Nothing: `text` is no JSON object. Requires: an object that was read as a row before, or any text.
std::optional<std::string> drop_report_members(std::string_view text);

}  // namespace consent_sync::intake
