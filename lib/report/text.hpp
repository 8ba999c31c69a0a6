// Text in reports: JSON, CSV fields, folder names. Values are not changed, except for bytes that are not valid UTF-8,
// which JSON cannot represent.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "consent/place.hpp"

namespace consent_sync::report {

inline constexpr std::size_t folder_name_max = 255;  // bytes

// A JSON string in `memory`; each byte that is not valid UTF-8 becomes U+FFFD.
boost::json::string json_text(std::string_view text, boost::json::storage_ptr memory = {});
// The same; null if empty.
boost::json::value json_text_or_null(std::string_view text, boost::json::storage_ptr memory = {});

// One line, with its end.
std::string json_line(const boost::json::value& value);
// Indented by two spaces, for people, with a last line end.
std::string json_indented(const boost::json::value& value);

// Appends a field by RFC 4180. It is quoted if it contains a quote, a line end or any delimiter that we read, so that
// no reader can mistake the delimiter, or if it begins or ends with a space, which some readers remove.
void append_csv_field(std::string& out, std::string_view field);

// "00000042-contacts.csv": FILE-ID and dropped name, safe to use as a name in a path. '/', control characters,
// direction marks, leading dots and invalid UTF-8 become '_'.
std::string folder_name(consent::arrival_number arrival, std::string_view name);
// The arrival number at the front of such a name; 0 if there is none.
consent::arrival_number arrival_of_folder(std::string_view name);

}  // namespace consent_sync::report
