// Small helpers on Boost.JSON's document model, for answers that come rarely and are small. A member that is absent,
// null or of another type counts as absent.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::hubspot {

// The object that `text` is; nothing for anything else, and for JSON that nests deeper than 32 levels. Of a member that
// stands twice in an object the last one counts.
std::optional<boost::json::object> parse_object(std::string_view text);
// Whether in `text`, which is valid JSON, a member stands twice in one object, at any depth.
bool repeats_member(std::string_view text);

std::string find_text(const boost::json::object& object, std::string_view field);
// A whole number, or a text that is one.
std::optional<std::int64_t> find_integer(const boost::json::object& object, std::string_view field);
std::optional<bool> find_bool(const boost::json::object& object, std::string_view field);

}  // namespace consent_sync::hubspot
