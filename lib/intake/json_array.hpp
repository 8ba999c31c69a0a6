// Cuts the elements out of the array of a JSON file, without holding more of the file than one element.
//
// The array is the whole file, or the member "inputs" of its outermost object; other members are passed over.
// Elements are cut by brackets and strings only: an element whose brackets balance hurts no other, however
// broken it is.
#pragma once

#include <cstdint>
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

    // Goes to the first element. An empty file is an empty array. Error: invalid_input, there is no such
    // array.
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

}  // namespace consent_sync::intake
