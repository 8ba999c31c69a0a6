// How reports write what they were given: JSON, CSV fields, names of folders. Nothing here changes a value,
// but for bytes that are no UTF-8, which JSON cannot hold.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "consent/place.hpp"

namespace consent_sync::report {

inline constexpr std::size_t folder_name_max = 255;  // bytes

// A JSON string in `memory`; each byte that is no UTF-8 becomes U+FFFD.
boost::json::string json_text(std::string_view text, boost::json::storage_ptr memory = {});
// The same; null if empty.
boost::json::value json_text_or_null(std::string_view text, boost::json::storage_ptr memory = {});

// One line, with its end.
std::string json_line(const boost::json::value& value);
// Indented by two spaces, for people, with a last line end.
std::string json_indented(const boost::json::value& value);

// Appends a field by RFC 4180. It is quoted if it holds a quote, a line end or any of the delimiters that are
// read, so that no reader can take the delimiter wrong, or has a space at an end, which readers take away
// otherwise.
void append_csv_field(std::string& out, std::string_view field);

// "00000042-contacts.csv": FILE-ID and the name that a file was dropped under, as one name in a path.
// Whatever can move a path, a terminal or a listing ('/', control characters, marks of direction, leading
// dots, broken UTF-8) becomes '_'.
std::string folder_name(consent::arrival_number arrival, std::string_view name);
// The arrival number at the front of such a name; 0 if there is none.
consent::arrival_number arrival_of_folder(std::string_view name);

}  // namespace consent_sync::report
