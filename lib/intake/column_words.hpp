// Words of column names: those that look as if they said who may be mailed, and those that are plainly about something
// else. Both tables err to one side: a name is about something else only if every word of it is listed, and it is
// suspicious if one piece of it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::intake {

// The words of a name in plain lower-case letters: "HasOptedOut" -> has opted out; "Désinscrit le" -> desinscrit le.
std::vector<std::string> split_words(std::string_view name);

// Whether a name looks as if it said who may be mailed, in any of the languages of the table.
bool smells_of_consent(std::string_view name);

// Whether every word of a name is about something else. Requires: smells_of_consent() was asked first, and said no.
bool is_about_something_else(std::string_view name);

// Whether every word of a name says that the column holds labels: "Tags", "Lead Source". Requires the same.
bool holds_labels(std::string_view name);

// Whether a word of a text, such as a label, says that people must not be mailed.
bool names_opt_outs(std::string_view text);
// Whether the name of a file says that it lists such people, or people who left.
bool lists_opt_outs(std::string_view file_name);

}  // namespace consent_sync::intake
