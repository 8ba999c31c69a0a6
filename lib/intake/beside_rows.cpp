#include "intake/beside_rows.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "intake/column_words.hpp"
#include "intake/format.hpp"
#include "intake/json_array.hpp"
#include "intake/limits.hpp"
#include "intake/text.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

constexpr std::size_t end_bytes = row_bytes_max;  // that are looked at

bool text_asks(std::string_view text, field meaning) {
    const std::string_view bare = without_marks(text);
    if (bare.empty()) return false;
    if (meaning == field::inverted_state) return !is_plain_no(bare);
    if (meaning == field::suspicious) return true;
    const auto state =
        meaning == field::state || meaning == field::state_or_place ? read_status_state(bare) : std::nullopt;
    return state == consent::status_state::unsubscribed || reads_as_opt_out(bare) || names_opt_outs(bare);
}

bool asks(const std::string& path, const boost::json::value& value, field meaning, const column_rules& rules) {
    if (meaning == field::ignored || value.is_null()) return false;
    if (const auto* const object = value.if_object())
        return std::any_of(object->begin(), object->end(), [&](const auto& member) {
            const std::string below = path + "." + std::string(member.key());
            const field own = rules.find_nested(below);
            const field last = find_field(member.key());
            const bool keeps = meaning == field::suspicious && own != field::ignored;
            const bool is_state = last == field::state || last == field::inverted_state;
            return asks(below, member.value(), keeps ? meaning : is_state && own != field::ignored ? last : own, rules);
        });
    if (const auto* const array = value.if_array())
        return std::any_of(array->begin(), array->end(),
                           [&](const auto& element) { return asks(path, element, meaning, rules); });
    if (const auto* const text = value.if_string()) return text_asks(*text, meaning);
    const bool zero = value.is_bool() ? !value.as_bool() : value.to_number<double>() == 0;
    if (meaning == field::suspicious) return true;
    return (meaning == field::inverted_state && !zero) || (meaning == field::state && zero);
}

bool is_space_of_json(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

bool may_ask_opt_out(std::string_view name, std::string_view value, const column_rules& rules) {
    boost::json::error_code failed;
    const boost::json::value decoded = boost::json::parse("\"" + std::string(name) + "\"", failed);
    if (failed) return true;
    const field meaning = rules.find(decoded.as_string());
    if (meaning == field::ignored) return false;
    const boost::json::value parsed = boost::json::parse({value.data(), value.size()}, failed);
    return failed || asks(std::string(decoded.as_string()), parsed, meaning, rules);
}

base::result<bool> may_have_members_behind(const window& bytes) {
    const std::optional<std::uint64_t> size = bytes.size();
    if (!size) return true;
    base::result<std::unique_ptr<byte_source>> end = bytes.again();
    if (!end) return end.error();
    const base::result<bool> sought = (*end)->seek(*size - std::min<std::uint64_t>(*size, end_bytes));
    if (!sought) return sought.error();
    if (!*sought) return true;
    window last(std::move(*end));
    for (;;) {
        const base::result<bool> more = last.fill();
        if (!more) return more.error();
        if (!*more || last.ahead().size() > end_bytes) break;
    }
    // An array that ends, and the name of another member behind it.
    const std::string_view text = last.ahead();
    for (std::size_t at = text.find(']'); at != std::string_view::npos; at = text.find(']', at + 1)) {
        std::size_t next = at + 1;
        while (next < text.size() && is_space_of_json(text[next])) ++next;
        if (next == text.size() || text[next] != ',') continue;
        for (++next; next < text.size() && is_space_of_json(text[next]);) ++next;
        if (next < text.size() && text[next] == '"') return true;
    }
    return false;
}

base::result<std::string> find_opt_out_beside(std::unique_ptr<byte_source> source, const column_rules& rules) {
    window bytes(std::move(source));
    json_array array(bytes, rules);
    base::result<void> read = check_text(bytes);
    if (read) read = array.open();
    while (read) {
        const base::result<bool> another = array.find();
        if (!another) read = another.error();
        if (!another || !*another) break;
        const base::result<json_element> element = array.cut();
        if (!element) read = element.error();
        if (element) array.pass(*element);
    }
    if (!read && read.error().code != base::errc::invalid_input) return read.error();
    return array.opt_out_beside();
}

}  // namespace consent_sync::intake
