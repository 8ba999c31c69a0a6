#include "intake/json_reader.hpp"

namespace consent_sync::intake {

base::result<void> json_reader::start() {
    const base::result<void> opened = array_.open();
    if (opened) note_members();
    return opened;
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
