// What stands beside the rows of a JSON file: {"event":"unsubscribe","inputs":[…]}. It may ask for an opt-out of all of
// them. No field is read there; it only contradicts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "intake/columns.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

// Whether a member may ask for an opt-out: an opt-out field that does not say no, a status that says UNSUBSCRIBED or a
// word like it, anything under a suspicious name, any text that asks for one. Members of members count. Both as they
// stand in the file; what is not JSON may ask for anything.
bool may_ask_opt_out(std::string_view name, std::string_view value, const column_rules& rules);

// Whether members may stand behind the array, told by the last bytes of the file without reading all of it. true also
// where they cannot be read on their own.
base::result<bool> may_have_members_behind(const window& bytes);

// The first member beside the array "inputs" that may ask for an opt-out, as it may be shown; empty: none does.
// `source`: at the start of the file. Where the file breaks off, the look ends. Errors: io, no_space, busy (a
// read_bound was met).
base::result<std::string> find_opt_out_beside(std::unique_ptr<byte_source> source, const column_rules& rules);

}  // namespace consent_sync::intake
