#include "intake/json_array.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>

#include "intake/columns.hpp"
#include "intake/format.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

constexpr int at_end = -1;

using byte_set = std::array<bool, 256>;

constexpr byte_set set_of(std::string_view bytes) {
    byte_set set{};
    for (const char c : bytes) set[static_cast<unsigned char>(c)] = true;
    return set;
}

constexpr byte_set structural = set_of("\"{}[],");
constexpr byte_set ends_or_escapes = set_of("\"\\");  // in a string

// The first byte of the set at or behind `at`; the end of `text` if there is none.
std::size_t find(const byte_set& set, std::string_view text, std::size_t at) {
    while (at < text.size() && !set[static_cast<unsigned char>(text[at])]) ++at;
    return at;
}

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// White space of JSON alone: what else looks blank is of the element, which is then broken. An element that is not
// empty is passed, so reading goes on.
std::string_view trim_end(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

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

std::size_t json_scan::find_stop(std::string_view text, std::size_t from) {
    for (std::size_t at = from; at < text.size(); ++at) {
        if (escaped) {
            escaped = false;
            continue;
        }
        at = find(in_string ? ends_or_escapes : structural, text, at);
        if (at == text.size()) break;
        const char c = text[at];
        if (c == '\\') {
            escaped = true;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (depth == 0) {
            return at;
        } else if (c != ',') {
            --depth;
        }
    }
    return std::string_view::npos;
}

base::result<void> json_array::open() {
    const base::result<int> first = peek();
    if (!first) return first.error();
    if (*first == at_end) return {};
    if (*first != '[' && *first != '{')
        return base::error{
            base::errc::invalid_input,
            "the file is neither a JSON array nor an object with \"inputs\": it begins with another character"};
    bytes_.skip(1);
    if (*first == '{') {
        wrapped_ = true;
        const base::result<bool> found = find_inputs();
        if (!found) return found.error();
        if (!*found)
            return base::error{base::errc::invalid_input,
                               row_like_ ? "the file begins with a row instead of an array; if it holds one object a "
                                           "line, name it .ndjson"
                                         : "the outermost object has no member \"inputs\""};
    }
    closed_ = false;
    offset_ = bytes_.offset();
    return {};
}

base::result<void> json_array::resume(std::uint64_t offset) {
    if (closed_) return {};
    first_ = false;  // also where it was empty, before a comma that stands at the start
    if (offset <= offset_) return {};
    offset_ = offset;
    return bytes_.jump(offset);
}

base::result<bool> json_array::find() {
    if (closed_) return false;
    base::result<int> c = peek();
    if (!c) return c.error();
    if (!first_ && *c == ',') {
        bytes_.skip(1);
        c = peek();
        if (!c) return c.error();
    }
    if (*c != ']') return true;
    const base::result<void> finished = finish();  // also behind a last comma, which separates nothing
    if (!finished) return finished.error();
    return false;
}

bool json_array::ends_behind(std::size_t size) const {
    const std::string_view text = bytes_.ahead();
    while (size < text.size() && is_space(text[size])) ++size;
    return size < text.size() && (text[size] == ',' || text[size] == ']');
}

void json_array::pass(const json_element& element) {
    first_ = false;
    if (element.found == json_element::kind::element) bytes_.skip(element.offset + element.length - bytes_.offset());
    offset_ = bytes_.offset();
}

base::result<json_element> json_array::cut() {
    json_element element{json_element::kind::element, bytes_.offset(), 0, 0, {}};
    json_scan scan;
    for (std::size_t scanned = 0;;) {
        const std::string_view text = bytes_.ahead();
        const std::size_t stop = scan.find_stop(text, scanned);
        if (stop != std::string_view::npos && text[stop] == '}') {  // one bracket too many: still of this element
            scanned = stop + 1;
            continue;
        }
        const bool complete = stop != std::string_view::npos;
        if ((complete ? stop : text.size()) > row_bytes_max && element.found == json_element::kind::element) {
            element.found = json_element::kind::too_long;
            element.line = bytes_.line_at(element.offset);
        }
        const bool keep = element.found == json_element::kind::element;
        if (complete) {
            element.text = keep ? trim_end(text.substr(0, stop)) : std::string_view();
            if (!keep) bytes_.skip(stop);
            element.length = keep ? element.text.size() : bytes_.offset() - element.offset;
            return element;
        }
        scanned = keep ? text.size() : 0;
        if (!keep) bytes_.skip(text.size());
        const base::result<bool> more = bytes_.fill();
        if (!more) return more.error();
        if (!*more)
            return base::error{base::errc::invalid_input,
                               "the JSON breaks off: the element that begins at byte " +
                                   std::to_string(element.offset) +
                                   " is not closed; a quote or a bracket in it is missing, or the file was cut"};
    }
}

// The cursor is at the array's ']'. What follows is passed, so that a file that was cut is told from a whole
// one.
base::result<void> json_array::finish() {
    bytes_.skip(1);
    if (wrapped_) {
        const base::result<bool> another = find_inputs();
        if (!another) return another.error();
        if (*another) return broken("a second member \"inputs\" was not read");
    }
    const base::result<int> c = peek();
    if (!c) return c.error();
    if (*c != at_end) return broken("something follows behind the end of the array or object and was not read");
    closed_ = true;
    return {};
}

// In an object, at its start or behind a value: true behind the '[' of "inputs", false behind the object.
base::result<bool> json_array::find_inputs() {
    for (;;) {
        base::result<int> c = peek();
        if (!c) return c.error();
        if (*c == ',') {
            bytes_.skip(1);
            continue;
        }
        if (*c == '}') {
            bytes_.skip(1);
            return false;
        }
        if (*c != '"') return broken("the name of a member was expected");
        const base::result<std::string> key = read_key();
        if (!key) return key.error();
        if (*key != "inputs") {
            row_like_ = row_like_ || find_field(*key) == field::subscriber;
            c = peek();
            if (!c) return c.error();
            if (passed_members_.size() < unknown_columns_max) passed_members_.push_back({*key, *c == '{' || *c == '['});
            const base::result<void> passed = pass_value(*key);
            if (!passed) return passed.error();
            continue;
        }
        c = peek();
        if (!c) return c.error();
        if (*c != '[') return broken("\"inputs\" is not an array");
        bytes_.skip(1);
        return true;
    }
}

// The next byte that is not white space. The cursor is then at it.
base::result<int> json_array::peek() {
    for (;;) {
        const std::string_view text = bytes_.ahead();
        std::size_t at = 0;
        while (at < text.size() && is_space(text[at])) ++at;
        bytes_.skip(at);
        if (at < text.size()) return static_cast<unsigned char>(text[at]);
        const base::result<bool> more = bytes_.fill();
        if (!more) return more.error();
        if (!*more) return at_end;
    }
}

// The name of a member as it stands in the file, and the ':' behind it. The cursor is at its quote.
base::result<std::string> json_array::read_key() {
    bytes_.skip(1);
    std::size_t end = 0;
    for (bool escaped = false;; ++end) {
        if (end > json_key_bytes_max) return broken("the name of a member is not closed, or longer than 4096 bytes");
        if (end == bytes_.ahead().size()) {
            const base::result<bool> more = bytes_.fill();
            if (!more) return more.error();
            if (!*more) return broken("the file ends inside the name of a member");
        }
        const char c = bytes_.ahead()[end];
        if (c == '"' && !escaped) break;
        escaped = c == '\\' && !escaped;
    }
    std::string key(bytes_.ahead().substr(0, end));
    bytes_.skip(end + 1);
    const base::result<int> colon = peek();
    if (!colon) return colon.error();
    if (*colon != ':') return broken("a colon is missing behind the name of a member");
    bytes_.skip(1);
    return key;
}

// Its text is kept as long as a row may be; a longer one may say anything.
base::result<void> json_array::pass_value(const std::string& name) {
    json_scan scan;
    std::string value;
    for (;;) {
        const std::string_view text = bytes_.ahead();
        const std::size_t stop = scan.find_stop(text, 0);
        const std::string_view piece = text.substr(0, stop);
        if (value.size() <= row_bytes_max) value += piece;
        bytes_.skip(piece.size());
        if (stop != std::string_view::npos) {
            if (text[stop] == ']') return broken("a bracket closes that was never opened");
            if (opt_out_beside_.empty() && (value.size() > row_bytes_max || may_ask_opt_out(name, value, rules_)))
                opt_out_beside_ = shown_column(name);
            return {};
        }
        const base::result<bool> more = bytes_.fill();
        if (!more) return more.error();
        if (!*more) return broken("the file ends inside a member; it was cut, or a quote or a bracket is missing");
    }
}

base::error json_array::broken(const std::string& why) {
    return base::error{base::errc::invalid_input,
                       "the JSON breaks off at byte " + std::to_string(bytes_.offset()) + ": " + why};
}

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
