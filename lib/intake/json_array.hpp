// Cuts the elements out of the array of a JSON file, without holding more of the file than one element.
//
// The array is the whole file, or the member "inputs" of its outermost object; other members are passed over.
// Elements are cut by brackets and strings only: an element whose brackets balance hurts no other, however
// broken it is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intake/columns.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

// Follows brackets and strings of JSON text that comes in pieces.
struct json_scan {
    std::int64_t depth = 0;
    bool in_string = false;
    bool escaped = false;

    // The first ',', ']' or '}' that closes or separates at depth 0, at or behind `from`; npos: not in this
    // piece.
    std::size_t find_stop(std::string_view text, std::size_t from);
};

struct json_element {
    enum class kind { element, too_long };
    kind found = kind::element;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t line = 0;  // known for too_long only
    std::string_view text;   // until the window moves; empty for too_long, and where a comma stands for nothing
};

class json_array {
  public:
    // `rules`: what the names beside the array mean. It must outlive the array.
    json_array(window& bytes, const column_rules& rules) : bytes_(bytes), rules_(rules) {}

    // Goes to the first element. An empty file is an empty array. Error: invalid_input: the file has no
    // such array.
    base::result<void> open();
    // Goes on at an offset that offset() told behind some element. Requires: open().
    base::result<void> resume(std::uint64_t offset);

    // Moves the cursor to the next element. false: the array has ended. Error: the structure breaks off here.
    base::result<bool> find();
    // Whether the element at the cursor ends behind `size` bytes that are whole JSON. false also where nobody can tell
    // before more is read. Requires: size <= ahead().size().
    bool ends_behind(std::size_t size) const;
    // The element at the cursor, which stays there: pass() goes on. Error: the structure breaks off here.
    base::result<json_element> cut();
    void pass(const json_element& element);

    // The members beside "inputs" that were passed so far, at most unknown_columns_max.
    struct passed_member {
        std::string name;
        bool has_members;  // it is an object or an array
    };
    const std::vector<passed_member>& passed_members() const { return passed_members_; }
    // The first of all members beside "inputs" that may ask for an opt-out, as it may be shown; empty: none does.
    const std::string& opt_out_beside() const { return opt_out_beside_; }
    // Whether the array is a member, so that others may stand beside it.
    bool is_member() const { return wrapped_; }

    // Behind the last element that was passed: at its comma or at the end of the array.
    std::uint64_t offset() const { return offset_; }

  private:
    base::result<bool> find_inputs();
    base::result<int> peek();
    base::result<std::string> read_key();
    base::result<void> pass_value(const std::string& name);
    base::result<void> finish();
    base::error broken(const std::string& why);

    window& bytes_;
    const column_rules& rules_;
    std::uint64_t offset_ = 0;
    bool wrapped_ = false;  // the array is a member of an object
    bool closed_ = true;    // behind the end of the array
    bool first_ = true;     // no element was passed
    std::vector<passed_member> passed_members_;
    std::string opt_out_beside_;
    bool row_like_ = false;  // the outermost object looks like a row
};

// What stands beside the rows of a JSON file: {"event":"unsubscribe","inputs":[…]}. It may ask for an opt-out of all of
// them. No field is read there; it only contradicts.

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
