#include "intake/json_reader.hpp"

#include <utility>

#include "consent/key.hpp"
#include "intake/json_array.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

// The size of the end of line that `text` begins with; 0: it begins with none, or with half of one.
std::size_t line_end(std::string_view text) {
    if (text.starts_with('\n')) return 1;
    return text.starts_with("\r\n") ? 2 : 0;
}

}  // namespace

base::result<void> json_reader::start() {
    const base::result<void> opened = array_.open();
    if (!opened) return opened;
    note_members();
    opt_out_beside_ = array_.opt_out_beside();
    if (!array_.is_member() || !opt_out_beside_.empty()) return {};
    return look_behind();
}

// The members behind the array concern its first row already.
base::result<void> json_reader::look_behind() {
    const base::result<bool> may_follow = may_have_members_behind(bytes_);
    if (!may_follow) return may_follow.error();
    if (!*may_follow) return {};
    base::result<std::unique_ptr<byte_source>> again = bytes_.again();
    if (!again) return again.error();
    base::result<std::string> found = find_opt_out_beside(std::move(*again), rules_);
    if (!found) return found.error();
    opt_out_beside_ = std::move(*found);
    return {};
}

// What stands beside the array may say what its rows are: {"event":"unsubscribe","inputs":[…]}.
void json_reader::note_members() {
    const auto& members = array_.passed_members();
    for (; noted_ < members.size(); ++noted_) parser_.note_outside(members[noted_].name, members[noted_].has_members);
}

base::result<found> json_reader::read(record& values, row& into) {
    const base::result<bool> another = array_.find();
    if (!another) return another.error();
    if (!*another) {
        note_members();
        return found::end;
    }
    const std::size_t alike = parser_.parse_alike(bytes_.ahead(), values);
    if (alike > 0 && array_.ends_behind(alike)) {
        into.offset = bytes_.offset();
        into.length = alike;
        array_.pass({json_element::kind::element, into.offset, into.length, 0, {}});
        return found::record;
    }
    const base::result<json_element> element = array_.cut();
    if (!element) return element.error();
    into.offset = element->offset;
    into.length = element->length;
    found result = found::record;
    std::optional<std::string> why;
    if (element->found == json_element::kind::too_long)
        why = "the element is longer than 1 MiB";
    else if (element->text.empty())
        why = "an element is missing before the comma";
    else
        why = parser_.parse(element->text, values);
    if (why) {
        const std::uint64_t line =
            element->found == json_element::kind::too_long ? element->line : bytes_.line_at(element->offset);
        into.fault = malformed(line, into.offset, into.length, *why);
        result = found::malformed;
    }
    array_.pass(*element);
    return result;
}

base::result<text_line> find_text_line(window& bytes) {
    for (std::size_t searched = 0;;) {
        const std::string_view text = bytes.ahead();
        const std::size_t end = text.find('\n', searched);
        const bool ended = end != std::string_view::npos;
        if ((ended ? end : text.size()) > row_bytes_max) return text_line{{}, 0, true};
        bool last = false;
        if (!ended) {
            searched = text.size();
            const base::result<bool> more = bytes.fill();
            if (!more) return more.error();
            if (*more) continue;
            last = true;
        }
        std::string_view line = bytes.ahead().substr(0, last ? std::string_view::npos : end);
        const std::size_t whole = line.size() + (last ? 0 : 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return text_line{line, whole, false};
    }
}

// A JSON file under the wrong name would give one malformed row a line; it is told instead.
base::result<void> ndjson_reader::start() {
    for (;;) {
        const base::result<text_line> line = find_text_line(bytes_);
        if (!line) return line.error();
        const std::string_view text = consent::trim(line->text);
        if (line->too_long || (text.empty() && line->whole == 0)) return {};
        if (!text.empty()) {
            if (text.front() == '[')
                return base::error{base::errc::invalid_input,
                                   "this is a JSON array, not one object a line; name the file .json"};
            if (text.front() != '{')
                return base::error{
                    base::errc::invalid_input,
                    "the first line is not a JSON object; each line must be one, like {\"email\":…,\"subscriptionId\":…}"};
            if (text == "{" || consent::trim(text.substr(1)).starts_with("\"inputs\""))
                return base::error{base::errc::invalid_input,
                                   "this is one JSON document, not one object a line; name the file .json"};
            return {};
        }
        bytes_.skip(line->whole);
    }
}

base::result<found> ndjson_reader::read(record& values, row& into) {
    for (;;) {
        into.offset = bytes_.offset();
        const std::size_t alike = parser_.parse_alike(bytes_.ahead(), values);
        const std::size_t end = alike == 0 ? 0 : line_end(bytes_.ahead().substr(alike));
        if (end > 0) {
            into.length = alike;
            bytes_.skip(alike + end);
            return found::record;
        }
        const base::result<text_line> line = find_text_line(bytes_);
        if (!line) return line.error();
        if (line->too_long) {
            const std::uint64_t number = bytes_.line_at(into.offset);
            const base::result<std::uint64_t> passed = bytes_.skip_past('\n', '\n');
            if (!passed) return passed.error();
            into.length = *passed;
            into.fault = malformed(number, into.offset, into.length, "the line is longer than 1 MiB");
            return found::malformed;
        }
        if (line->whole == 0) return found::end;
        into.length = line->text.size();
        found result = found::record;
        const bool blank = consent::trim(line->text).empty();
        if (!blank)
            if (const auto why = parser_.parse(line->text, values)) result = fail(into, *why);
        bytes_.skip(line->whole);
        if (!blank) return result;
    }
}

found ndjson_reader::fail(row& into, const std::string& why) {
    into.fault = malformed(bytes_.line_at(into.offset), into.offset, into.length, why);
    return found::malformed;
}

}  // namespace consent_sync::intake
