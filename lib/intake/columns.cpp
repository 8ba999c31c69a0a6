#include "intake/columns.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "intake/column_words.hpp"
#include "intake/limits.hpp"
#include "intake/text.hpp"

namespace consent_sync::intake {
namespace {

struct alias {
    std::string_view simplified;
    field meaning;
};

constexpr std::array<alias, 41> aliases{{{"subscriberidstring", field::subscriber},
                                         {"subscriberid", field::subscriber},
                                         {"subscriber", field::subscriber},
                                         {"subscriberemail", field::subscriber},
                                         {"email", field::subscriber},
                                         {"emailaddress", field::subscriber},
                                         {"mail", field::subscriber},
                                         {"contactemail", field::subscriber},
                                         {"statusstate", field::state},
                                         {"status", field::state},
                                         {"state", field::state_or_place},
                                         {"consent", field::state},
                                         {"consentstatus", field::state},
                                         {"subscriptionstatus", field::state},
                                         {"optin", field::state},
                                         {"subscribed", field::state},
                                         {"subscriptionid", field::subscription},
                                         {"subscription", field::subscription},
                                         {"subscriptiontypeid", field::subscription},
                                         {"channel", field::channel},
                                         {"legalbasis", field::basis},
                                         {"lawfulbasis", field::basis},
                                         {"basis", field::basis},
                                         {"legalbasisexplanation", field::explanation},
                                         {"lawfulbasisexplanation", field::explanation},
                                         {"basisexplanation", field::explanation},
                                         {"explanation", field::explanation},
                                         {"changeid", field::change_id},
                                         {"optout", field::inverted_state},
                                         {"optedout", field::inverted_state},
                                         {"unsubscribed", field::inverted_state},
                                         {"unsubscribe", field::inverted_state},
                                         {"donotemail", field::inverted_state},
                                         {"donotcontact", field::inverted_state},
                                         {"suppressed", field::inverted_state},
                                         {"hsemailoptout", field::inverted_state},
                                         {"verdict", field::report},
                                         {"category", field::report},
                                         {"message", field::report},
                                         {"correlationid", field::report},
                                         {"optedin", field::state}}};

constexpr std::array<std::string_view, record_fields> field_names{
    "subscriberIdString",    "statusState", "subscriptionId", "channel",    "legalBasis",
    "legalBasisExplanation", "change_id",   "opt-out",        "statusState"};

constexpr std::size_t unsettled_shown_max = 10;

void add_once(std::vector<std::string>& all, const std::string& shown) {
    if (all.size() < unknown_columns_max && std::find(all.begin(), all.end(), shown) == all.end()) all.push_back(shown);
}

std::string list(const std::vector<std::string>& shown) {
    std::string all;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        if (i == unsettled_shown_max) return all + ", …";
        all += (i == 0 ? "\"" : ", \"") + shown[i] + "\"";
    }
    return all;
}

}  // namespace

field find_field(std::string_view name) {
    std::array<char, 32> buffer;
    const std::string_view wanted = simplify(without_marks(name), buffer.data(), buffer.size());
    for (const alias& known : aliases)
        if (known.simplified == wanted) return known.meaning;
    return field::unknown;
}

std::string_view name(field f) { return field_names[static_cast<std::size_t>(f)]; }

std::string_view simplify(std::string_view text, char* buffer, std::size_t size) {
    std::size_t used = 0;
    for (const char c : text) {
        if (c == ' ' || c == '_' || c == '-' || c == '\t') continue;
        if (used == size) return {};
        buffer[used++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return {buffer, used};
}

std::string shown_column(std::string_view column) {
    if (column.empty()) return "(without a name)";
    if (!base::is_utf8(column) || column.find('@') != std::string_view::npos ||
        std::any_of(column.begin(), column.end(), is_control))
        return "(hidden)";
    if (column.size() <= column_name_bytes_max) return std::string(column);
    std::size_t cut = column_name_bytes_max;
    while (cut > 0 && (static_cast<unsigned char>(column[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
    return std::string(column.substr(0, cut)) + "…";
}

column_rules::column_rules(const std::vector<std::string>& ignored) {
    for (const std::string& name : ignored) {
        std::string simple(name.size(), '\0');
        simple.resize(simplify(without_marks(name), simple.data(), simple.size()).size());
        if (!simple.empty()) ignored_.push_back(std::move(simple));
    }
}

bool column_rules::is_ignored(std::string_view name) const {
    if (ignored_.empty()) return false;
    std::string simple(name.size(), '\0');
    simple.resize(simplify(without_marks(name), simple.data(), simple.size()).size());
    return std::find(ignored_.begin(), ignored_.end(), simple) != ignored_.end();
}

field column_rules::find(std::string_view name) const {
    if (is_ignored(name)) return field::ignored;
    const field known = find_field(name);
    if (known != field::unknown) return known;
    if (smells_of_consent(name)) return field::suspicious;
    if (holds_labels(name)) return field::labels;
    return is_about_something_else(name) ? field::elsewhere : field::unknown;
}

field column_rules::find_nested(std::string_view path) const {
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1))
        if (is_ignored(path.substr(0, dot))) return field::ignored;
    if (is_ignored(path)) return field::ignored;
    const std::string_view last = path.substr(path.rfind('.') + 1);
    const field known = find_field(last);
    if (known == field::state || known == field::inverted_state || smells_of_consent(last)) return field::suspicious;
    if (known == field::subscriber || last.starts_with('$')) return field::elsewhere;  // "$oid" and "$date" of MongoDB
    if (known != field::unknown) return field::unknown;
    if (holds_labels(last)) return field::labels;
    return is_about_something_else(last) ? field::elsewhere : field::unknown;
}

void other_names::add(std::string_view column, field what) {
    if (what == field::ignored) return;
    const std::string shown = shown_column(column);
    add_once(passed_over_, shown);
    if (what == field::suspicious) add_once(suspicious_, shown);
    if (what != field::elsewhere && what != field::labels) add_once(unsettled_, shown);
}

std::string ignore_line(const std::vector<std::string>& names) {
    return "\"rules\": { \"ignore_columns\": [" + list(names) + "] }";
}

std::string why_no_default(const std::vector<std::string>& unsettled, std::string_view state) {
    const bool one = unsettled.size() == 1;
    return std::string(one ? "the column " : "the columns ") + list(unsettled) + (one ? " is" : " are") +
           " not known and may say who must not be mailed, so defaults.statusState (" + std::string(state) +
           ") does not stand for a status that the file does not have; name the column that says it statusState, with "
           "the values SUBSCRIBED and UNSUBSCRIBED, or, if none says it, add to the configuration: " +
           ignore_line(unsettled);
}

}  // namespace consent_sync::intake
