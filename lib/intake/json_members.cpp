#include "intake/json_members.hpp"

#include <vector>

#include "consent/key.hpp"
#include "intake/columns.hpp"
#include "intake/json_array.hpp"

namespace consent_sync::intake {
namespace {

struct member {
    std::string_view text;  // name, colon and value
    field meaning;
};

// The member at the start of `text`, which begins with its quote.
std::optional<member> cut_member(std::string_view text) {
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) return std::nullopt;
    json_scan scan;
    const std::size_t stop = scan.find_stop(text, end + 1);
    if (stop == std::string_view::npos || text[stop] == ']') return std::nullopt;
    return member{consent::trim(text.substr(0, stop)), find_field(text.substr(1, end - 1))};
}

}  // namespace

std::optional<std::string> drop_report_members(std::string_view text) {
    const std::string_view object = consent::trim(text);
    if (!object.starts_with('{') || !object.ends_with('}')) return std::nullopt;
    std::vector<member> members;
    bool dropped_again = false;
    for (std::size_t at = 1;;) {
        while (at < object.size() && object[at] != '"' && object[at] != '}') ++at;
        if (at >= object.size()) return std::nullopt;
        if (object[at] == '}') break;
        const std::optional<member> next = cut_member(object.substr(at));
        if (!next) return std::nullopt;
        members.push_back(*next);
        dropped_again = dropped_again || next->meaning == field::change_id;
        at += next->text.size();
    }
    if (!dropped_again) return std::string(object);
    std::string kept = "{";
    for (const member& m : members) {
        if (m.meaning == field::report || m.meaning == field::change_id) continue;
        if (kept.size() > 1) kept += ',';
        kept += m.text;
    }
    return kept + "}";
}

}  // namespace consent_sync::intake
