#include "hubspot/definitions.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>

#include "hubspot/json_object.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

namespace json = boost::json;

// Whether the member says nothing: it is absent, null, empty or 0.
bool says_nothing(const json::object& object, std::string_view member) {
    const json::value* value = object.if_contains(member);
    if (!value || value->is_null()) return true;
    if (value->is_array()) return value->get_array().empty();
    if (value->is_object()) return value->get_object().empty();
    if (value->is_string()) return value->get_string().empty();
    return (value->is_int64() && value->get_int64() == 0) || (value->is_bool() && !value->get_bool());
}

// Whether the list says that it is not all there is.
bool has_more(const json::object& list, std::size_t size) {
    const auto goes_on = [&list](const char* member, const char* next) {
        const json::value* value = list.if_contains(member);
        return value && (value->is_object() ? !says_nothing(value->get_object(), next) : !says_nothing(list, member));
    };
    if (goes_on("paging", "next") || goes_on("links", "next") || !says_nothing(list, "hasMore")) return true;
    const json::value* total = list.if_contains("total");
    return total && !total->is_null() && find_integer(list, "total") != static_cast<std::int64_t>(size);
}

// What is odd about the list as a whole; nullptr: nothing.
const char* find_fault(std::string_view body, const json::object& list) {
    if (repeats_member(body)) return "has a member twice";
    const std::string status = find_text(list, "status");
    if (status != "COMPLETE" && status != "SUCCESS") return "is not complete";
    if (!says_nothing(list, "errors") || !says_nothing(list, "numErrors") || !says_nothing(list, "category"))
        return "has errors";
    const json::value* results = list.if_contains("results");
    if (!results || !results->is_array()) return "has no \"results\"";
    if (results->get_array().empty()) return "is empty";
    if (has_more(list, results->get_array().size())) return "goes on elsewhere";
    return nullptr;
}

std::optional<subscription_definition> read_definition(const json::value& item) {
    if (!item.is_object()) return std::nullopt;
    const json::object& object = item.get_object();
    const auto id = find_integer(object, "id");
    const json::value* active = object.if_contains("isActive");
    if (!id || *id <= 0 || (active && !active->is_bool() && !active->is_null())) return std::nullopt;
    return subscription_definition{*id, plain(find_text(object, "name"), definition_name_bytes_max),
                                   find_bool(object, "isActive").value_or(true)};
}

}  // namespace

base::result<std::vector<subscription_definition>> parse_definitions(std::string_view body) {
    const auto refuse = [](const char* what) {
        return base::error{base::errc::invalid_input,
                           std::string("HubSpot's list of subscription definitions ") + what +
                               "; check hubspot.base_url, or do without the check of subscription ids"};
    };
    const auto list = parse_object(body);
    if (!list) return refuse("is not a JSON object");
    if (const char* fault = find_fault(body, *list)) return refuse(fault);
    std::vector<subscription_definition> definitions;
    for (const json::value& item : list->at("results").get_array()) {
        auto definition = read_definition(item);
        if (!definition) return refuse("has an item without a number as its id, or without a clear isActive");
        definitions.push_back(std::move(*definition));
    }
    std::sort(definitions.begin(), definitions.end(), [](auto& a, auto& b) { return a.id < b.id; });
    const auto same_id = [](auto& a, auto& b) { return a.id == b.id; };
    if (std::adjacent_find(definitions.begin(), definitions.end(), same_id) != definitions.end())
        return refuse("has an id twice");
    return definitions;
}

}  // namespace consent_sync::hubspot
