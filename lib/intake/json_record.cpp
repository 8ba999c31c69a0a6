#include "intake/json_record.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <vector>

#include "base/ascii.hpp"
#include "intake/alike_rows.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

// Rows of one file have the same members in the same order: the meaning of the n-th name of the last row is
// tried before the name is looked up.
class member_names {
  public:
    field find(std::size_t nth, std::string_view name) {
        return nth < cached_.size() && cached_[nth].first == name ? cached_[nth].second : look_up(nth, name);
    }

    unknown_names unknown;

  private:
    // Once a name: apart, so that find() stays small.
    [[gnu::noinline]] field look_up(std::size_t nth, std::string_view name) {
        const field meaning = find_field(name);
        if (meaning == field::unknown) unknown.add(name);
        if (nth == cached_.size() && nth < columns_max) cached_.emplace_back("", field::unknown);
        if (nth < cached_.size() && name.size() <= column_name_bytes_max) cached_[nth] = {std::string(name), meaning};
        return meaning;
    }

    std::vector<std::pair<std::string, field>> cached_;
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
    bool no_object = false;

    void begin(record& r) {
        into = &r;
        into->clear();
        key_start.clear();
        member = text_begin = 0;
        depth = 0;
        current = field::unknown;
        no_object = false;
    }

    // The value of `current`, if anybody wants it. Only members of the outermost object are fields.
    value* wanted() {
        if (depth != 1 || current >= field::report) return nullptr;
        return &(*into)[current];
    }
    bool scalar(value_kind kind, std::int64_t number, error_code& ec) {
        if (depth == 0) return refuse(ec);
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
        ++depth;
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        --depth;
        return true;
    }
    bool on_array_begin(error_code& ec) {
        if (!scalar(value_kind::other, 0, ec)) return false;
        ++depth;
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        --depth;
        return true;
    }
    bool on_key_part(string_view part, std::size_t, error_code&) {
        if (depth == 1) key_start.append(part.data(), part.size());
        return true;
    }
    bool on_key(string_view end, std::size_t, error_code&) {
        if (depth != 1) return true;
        std::string_view key(end.data(), end.size());
        if (!key_start.empty()) key = key_start.append(key);
        current = names.find(member++, key);
        key_start.clear();
        if (current < field::report && (*into)[current].kind != value_kind::absent) into->repeated = current;
        return true;
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
        return true;
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, string_view, error_code& ec) { return scalar(value_kind::whole, number, ec); }
    bool on_uint64(std::uint64_t, string_view, error_code& ec) { return scalar(value_kind::other, 0, ec); }
    bool on_double(double, string_view, error_code& ec) { return scalar(value_kind::other, 0, ec); }
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

}  // namespace

struct json_record_parser::implementation {
    std::optional<std::string> parse(std::string_view text, record& into);

    alike_rows alike;
    member_names names;
    json::basic_parser<handler> of_any{options(false), names};
    json::basic_parser<handler> of_ascii{options(true), names};  // reads several bytes at once: none can break UTF-8
};

json_record_parser::json_record_parser() : impl_(std::make_unique<implementation>()) {}
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
    error_code ec;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && read == text.size()) return std::nullopt;
    if (parser.handler().no_object) return "a row must be one JSON object";
    if (!ec) return "something follows behind the JSON object, at byte " + std::to_string(read + 1) + " of the row";
    if (ec == json::error::too_deep)
        return "the JSON is nested deeper than " + std::to_string(json_depth_max) + " levels";
    return "this is no valid JSON: " + ec.message() + " at byte " + std::to_string(read + 1) + " of the row";
}

const unknown_names& json_record_parser::unknown() const { return impl_->names.unknown; }

}  // namespace consent_sync::intake
