#include "intake/json_record.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <map>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "intake/alike_rows.hpp"
#include "intake/columns.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace json_rows {  // not anonymous: the implementation has members of these types

namespace json = boost::json;
using json::error_code;
using json::string_view;

// Rows of one file have the same members in the same order: the meaning of the n-th name of the last row is
// tried before the name is looked up.
class member_names {
  public:
    explicit member_names(column_rules of_file) : rules(std::move(of_file)) {}

    field find(std::size_t nth, std::string_view name) {
        return nth < cached_.size() && cached_[nth].first == name ? cached_[nth].second : look_up(nth, name);
    }
    field find_nested(const std::string& path) {
        if (const auto known = nested_.find(path); known != nested_.end()) return known->second;
        const field meaning = rules.find_nested(path);
        if (meaning != field::elsewhere && meaning != field::labels) others.add(path, meaning);
        if (nested_.size() < nested_names_max) nested_.emplace(path, meaning);
        return meaning;
    }

    column_rules rules;
    other_names others;

  private:
    // Once a name: apart, so that find() stays small.
    [[gnu::noinline]] field look_up(std::size_t nth, std::string_view name) {
        const field meaning = rules.find(name);
        if (meaning > field::report || meaning == field::inverted_state) others.add(name, meaning);
        // What a report adds is known in a failed file only, where a change_id stands before it.
        has_change_id_ = has_change_id_ || meaning == field::change_id;
        if (meaning == field::report && !has_change_id_) others.add(name, field::unknown);
        if (nth == cached_.size() && nth < columns_max) cached_.emplace_back("", field::unknown);
        if (nth < cached_.size() && name.size() <= column_name_bytes_max) cached_[nth] = {std::string(name), meaning};
        return meaning;
    }

    bool has_change_id_ = false;
    std::vector<std::pair<std::string, field>> cached_;
    std::map<std::string, field, std::less<>> nested_;
};

struct handler {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = row_bytes_max;
    static constexpr std::size_t max_string_size = row_bytes_max;

    explicit handler(member_names& of_file) : names(of_file) {}

    member_names& names;
    record* into = nullptr;
    std::string key_start;  // the parts of a name that came in parts
    std::size_t member = 0;
    std::size_t text_begin = 0;
    int depth = 0;
    field current = field::unknown;
    field field_of_top = field::unknown;  // of the outermost object's member that is being read
    bool no_object = false;
    std::string path;                // of the member that is being read, names with dots between them
    std::vector<std::size_t> above;  // the bytes of the path above each open object or array but the outermost

    void begin(record& r) {
        into = &r;
        into->clear();
        key_start.clear();
        member = text_begin = 0;
        depth = 0;
        current = field::unknown;
        no_object = false;
        path.clear();
        above.clear();
    }

    // The value of `current`, if it is a field. Only members of the outermost object are fields.
    value* wanted() {
        if (depth != 1 || current >= field::report) return nullptr;
        return &(*into)[current];
    }
    bool is_label() const { return current == field::labels || field_of_top == field::labels; }
    // Behind a value that is not empty: a member that may speak of consent says something.
    void note_suspicious() {
        if (current == field::suspicious && into->suspicious.empty()) into->suspicious = shown_column(path);
    }
    void open_value() {
        if (depth > 0) above.push_back(path.size());
        ++depth;
    }
    void close_value() {
        --depth;
        if (depth == 0) return;
        path.resize(above.back());
        above.pop_back();
        current = field_of_top;  // of the elements of an array that may follow
    }
    bool scalar(value_kind kind, std::int64_t number, error_code& ec) {
        if (depth == 0) return refuse(ec);
        if (kind != value_kind::text && kind != value_kind::other) note_suspicious();
        if (value* v = wanted()) {
            v->kind = kind;
            v->number = number;
        }
        return true;
    }
    bool refuse(error_code& ec) {
        no_object = true;
        ec = json::error::syntax;
        return false;
    }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& ec) {
        if (depth > 0) scalar(value_kind::other, 0, ec);
        open_value();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        close_value();
        return true;
    }
    bool on_array_begin(error_code& ec) {
        if (!scalar(value_kind::other, 0, ec)) return false;
        open_value();
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        close_value();
        return true;
    }
    bool on_key_part(string_view part, std::size_t, error_code&) {
        key_start.append(part.data(), part.size());
        return true;
    }
    bool on_key(string_view end, std::size_t, error_code&) {
        std::string_view key(end.data(), end.size());
        if (!key_start.empty()) key = key_start.append(key);
        if (depth == 1) {
            field_of_top = current = names.find(member++, key);
            path.assign(key);
            take_repeated();
        } else {
            take_nested(key);
        }
        key_start.clear();
        return true;
    }
    // Two names for the opposite do not contradict each other: the one that does not say no counts.
    void take_repeated() {
        if (current >= field::report || (*into)[current].kind == value_kind::absent) return;
        if (current != field::inverted_state)
            into->repeated = current;
        else if (!says_no(*into, (*into)[current]))
            current = field::elsewhere;
    }
    // No field is read below another member. What is below a suspicious or ignored one stays so.
    void take_nested(std::string_view key) {
        path.resize(above.empty() ? 0 : above.back());
        path.append(".").append(key);
        const field found = names.find_nested(path);
        current = field_of_top == field::suspicious || found == field::suspicious ? field::suspicious : field::unknown;
        if (found == field::labels && current == field::unknown) current = field::labels;
        if (field_of_top == field::ignored || found == field::ignored) current = field::ignored;
    }
    bool on_string_part(string_view part, std::size_t total, error_code& ec) {
        if (depth == 0) return refuse(ec);
        if (wanted() != nullptr) {
            if (total == part.size()) text_begin = into->bytes.size();
            into->bytes.append(part.data(), part.size());
        }
        return true;
    }
    bool on_string(string_view end, std::size_t total, error_code& ec) {
        if (depth == 0) return refuse(ec);
        if (value* v = wanted()) {
            if (total == end.size()) text_begin = into->bytes.size();
            into->bytes.append(end.data(), end.size());
            *v = value{value_kind::text, text_begin, total, 0};
        }
        if (total > end.size() || !without_marks({end.data(), end.size()}).empty()) note_suspicious();
        const bool unread = depth > 1 || (current >= field::report && current != field::ignored);
        if (unread && total == end.size() && into->suspicious.empty() && field_of_top != field::ignored &&
            (reads_as_opt_out({end.data(), end.size()}) || (is_label() && names_opt_outs({end.data(), end.size()}))))
            into->suspicious = shown_column(path);
        return true;
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, string_view, error_code& ec) { return scalar(value_kind::whole, number, ec); }
    bool on_uint64(std::uint64_t, string_view, error_code& ec) { return other_number(true, ec); }
    bool on_double(double number, string_view, error_code& ec) { return other_number(number != 0 && number != 1, ec); }
    bool other_number(bool neither_0_nor_1, error_code& ec) {
        if (depth > 0) note_suspicious();
        return scalar(value_kind::other, neither_0_nor_1 ? 1 : 0, ec);
    }
    bool on_bool(bool b, error_code& ec) { return scalar(value_kind::boolean, b ? 1 : 0, ec); }
    bool on_null(error_code& ec) { return scalar(value_kind::text, 0, ec); }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }
};

json::parse_options options(bool ascii) {
    json::parse_options chosen;
    chosen.max_depth = json_depth_max;
    chosen.allow_invalid_utf8 = ascii;
    return chosen;
}

}  // namespace json_rows

struct json_record_parser::implementation {
    std::optional<std::string> parse(std::string_view text, record& into);

    explicit implementation(column_rules rules) : names(std::move(rules)) {}

    json_rows::member_names names;
    alike_rows alike{names.rules};
    boost::json::basic_parser<json_rows::handler> of_any{json_rows::options(false), names};
    boost::json::basic_parser<json_rows::handler> of_ascii{json_rows::options(true),
                                                           names};  // reads several bytes at once: none can break UTF-8
};

json_record_parser::json_record_parser(column_rules rules)
    : impl_(std::make_unique<implementation>(std::move(rules))) {}
json_record_parser::~json_record_parser() = default;
json_record_parser::json_record_parser(json_record_parser&&) noexcept = default;

std::size_t json_record_parser::parse_alike(std::string_view text, record& into) {
    return impl_->alike.read(text, into);
}

std::optional<std::string> json_record_parser::parse(std::string_view text, record& into) {
    std::optional<std::string> why = impl_->parse(text, into);
    if (!why && !into.repeated) impl_->alike.learn(text);
    return why;
}

std::optional<std::string> json_record_parser::implementation::parse(std::string_view text, record& into) {
    auto& parser = base::is_ascii(text) ? of_ascii : of_any;
    parser.reset();
    parser.handler().begin(into);
    boost::json::error_code ec;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && read == text.size()) {
        if (into[field::state].kind != value_kind::absent && into[field::state_or_place].kind != value_kind::absent)
            names.others.add("state", field::unknown);
        return std::nullopt;
    }
    if (parser.handler().no_object) return "a row must be one JSON object";
    if (!ec) return "something follows behind the JSON object, at byte " + std::to_string(read + 1) + " of the row";
    if (ec == boost::json::error::too_deep)
        return "the JSON is nested deeper than " + std::to_string(json_depth_max) + " levels";
    return "this is not valid JSON: " + ec.message() + " at byte " + std::to_string(read + 1) + " of the row";
}

void json_record_parser::note_outside(std::string_view name, bool has_members) {
    const field found = impl_->names.rules.find(name);
    const bool unread = found < field::report || (has_members && (found == field::elsewhere || found == field::labels));
    impl_->names.others.add(name, unread ? field::unknown : found);
}

const other_names& json_record_parser::others() const { return impl_->names.others; }

}  // namespace consent_sync::intake
