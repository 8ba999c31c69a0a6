#include "intake/json_reader.hpp"

#include <utility>

#include "intake/beside_rows.hpp"

namespace consent_sync::intake {

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

}  // namespace consent_sync::intake
