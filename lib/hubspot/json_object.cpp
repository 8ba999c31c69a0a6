#include "hubspot/json_object.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <string>
#include <vector>

#include "hubspot/text.hpp"

namespace consent_sync::hubspot {

namespace json = boost::json;

namespace {

// The parser calls it for each token; it ends the parse at the first name that an object has twice.
struct name_watch {
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    using error_code = json::error_code;
    using text = json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        open.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        open.pop_back();
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(text s, std::size_t, error_code&) {
        name.append(s.data(), s.size());
        return true;
    }
    bool on_key(text s, std::size_t, error_code& ec) {
        name.append(s.data(), s.size());
        repeated = !open.back().insert(name).second;
        name.clear();
        if (repeated) ec = json::error::syntax;
        return !repeated;
    }
    bool on_string_part(text, std::size_t, error_code&) { return true; }
    bool on_string(text, std::size_t, error_code&) { return true; }
    bool on_number_part(text, error_code&) { return true; }
    bool on_int64(std::int64_t, text, error_code&) { return true; }
    bool on_uint64(std::uint64_t, text, error_code&) { return true; }
    bool on_double(double, text, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(text, error_code&) { return true; }
    bool on_comment(text, error_code&) { return true; }

    std::vector<boost::unordered_flat_set<std::string>> open;  // names of the objects that are open
    std::string name;
    bool repeated = false;
};

}  // namespace

bool repeats_member(std::string_view text) {
    json::basic_parser<name_watch> parser{json::parse_options()};
    json::error_code ec;
    parser.write_some(false, text.data(), text.size(), ec);
    return parser.handler().repeated;
}

std::optional<json::object> parse_object(std::string_view text) {
    boost::system::error_code ec;
    json::value value = json::parse(text, ec);
    if (ec || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

std::string find_text(const json::object& object, std::string_view field) {
    const json::value* value = object.if_contains(field);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> find_integer(const json::object& object, std::string_view field) {
    const json::value* value = object.if_contains(field);
    if (!value) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    if (value->is_string()) return parse_integer(std::string_view(value->get_string()));
    return std::nullopt;
}

std::optional<bool> find_bool(const json::object& object, std::string_view field) {
    const json::value* value = object.if_contains(field);
    return value && value->is_bool() ? std::optional(value->get_bool()) : std::nullopt;
}

}  // namespace consent_sync::hubspot
