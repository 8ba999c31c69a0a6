#include "hubspot/json_object.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "hubspot/text.hpp"

namespace consent_sync::hubspot {

namespace json = boost::json;

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
