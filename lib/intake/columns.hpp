// The columns of a CSV file and the members of a JSON row: which field a name means, and which names are
// not known.
//
// A name that is not known may say that somebody has opted out. So a name that is not a field is one of five things:
// named in rules.ignore_columns, plainly about something else (a name, a phone, a city), labels (tags), suspicious (it
// looks as if it said who may be mailed), or just unknown. lib/intake/README.md says what follows from each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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
    inverted_state,  // "opt_out", "unsubscribed": its "yes" means UNSUBSCRIBED. Read only to contradict.
    state_or_place,  // "State": a status only where it says so in full words, else Texas
    report,          // verdict, category, message, correlation_id of a failed file: known and ignored
    ignored,         // named in rules.ignore_columns
    elsewhere,       // plainly about something else
    labels,          // tags and sources: about something else, but a word among them may ask for an opt-out
    unknown,
    suspicious,  // unknown, and its name looks as if it said who may be mailed
};
inline constexpr std::size_t record_fields = 9;  // those before `report`

// By HubSpot's name or an alias; case, spaces, underscores, dashes and quotation marks around it do not matter.
// lib/intake/README.md lists all. Else `unknown`.
field find_field(std::string_view name);

// HubSpot's name of a field: "subscriberIdString".
std::string_view name(field f);

// `text` without spaces, underscores and dashes, its ASCII letters lowered, put into `buffer`.
// Empty if `text` is empty or does not fit: then it is not a known word.
std::string_view simplify(std::string_view text, char* buffer, std::size_t size);

// A column's name as it may be shown: cut to column_name_bytes_max. What looks like an address, or is not
// UTF-8, becomes "(hidden)".
std::string shown_column(std::string_view column);

// What a name means under rules.ignore_columns.
class column_rules {
  public:
    column_rules() = default;
    explicit column_rules(const std::vector<std::string>& ignored);

    field find(std::string_view name) const;
    // Of a member below others, by its path: "profile.optedOut". No field is read there, so none is known; whatever is
    // below an ignored member is ignored.
    field find_nested(std::string_view path) const;

  private:
    bool is_ignored(std::string_view name) const;

    std::vector<std::string> ignored_;  // simplified
};

// The names of a file that are not fields, each once, at most unknown_columns_max of a list, as they may be shown.
class other_names {
  public:
    // `what`: what was found for it.
    void add(std::string_view column, field what);

    const std::vector<std::string>& passed_over() const { return passed_over_; }  // all but ignored ones
    const std::vector<std::string>& suspicious() const { return suspicious_; }
    // Those for which no default may stand in: unknown, suspicious, or known for the opposite.
    const std::vector<std::string>& unsettled() const { return unsettled_; }

  private:
    std::vector<std::string> passed_over_;
    std::vector<std::string> suspicious_;
    std::vector<std::string> unsettled_;
};

// Why no default status may stand in for what these columns may say, and the line of the configuration that settles it.
std::string why_no_default(const std::vector<std::string>& unsettled, std::string_view state);
// The line itself: "rules": { "ignore_columns": ["Tags"] }
std::string ignore_line(const std::vector<std::string>& names);

// Words of column names: those that look as if they said who may be mailed, and those that are plainly about something
// else. Both tables err to one side: a name is about something else only if every word of it is listed, and it is
// suspicious if one piece of it is.

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
