#include "intake/columns.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
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
                                         {"state", field::state},
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

constexpr std::array<std::string_view, record_fields> names{
    "subscriberIdString", "statusState",           "subscriptionId", "channel",
    "legalBasis",         "legalBasisExplanation", "change_id",      "opt-out"};

}  // namespace

field find_field(std::string_view name) {
    std::array<char, 32> buffer;
    const std::string_view wanted = simplify(name, buffer.data(), buffer.size());
    for (const alias& known : aliases)
        if (known.simplified == wanted) return known.meaning;
    return field::unknown;
}

std::string_view name(field f) { return names[static_cast<std::size_t>(f)]; }

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
    if (!base::is_utf8(column) || column.find('@') != std::string_view::npos ||
        std::any_of(column.begin(), column.end(), is_control))
        return "(hidden)";
    if (column.size() <= column_name_bytes_max) return std::string(column);
    std::size_t cut = column_name_bytes_max;
    while (cut > 0 && (static_cast<unsigned char>(column[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
    return std::string(column.substr(0, cut)) + "…";
}

void unknown_names::add(std::string_view column) {
    if (names_.size() >= unknown_columns_max) return;
    std::string shown = shown_column(column);
    if (std::find(names_.begin(), names_.end(), shown) == names_.end()) names_.push_back(std::move(shown));
}

}  // namespace consent_sync::intake
