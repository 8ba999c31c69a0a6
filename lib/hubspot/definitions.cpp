#include "hubspot/definitions.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "hubspot/json_object.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {

base::result<std::vector<subscription_definition>> parse_definitions(std::string_view body) {
    const auto refuse = [](const char* what) {
        return base::error{base::errc::invalid_input,
                           std::string("HubSpot's list of subscription definitions ") + what +
                               "; check hubspot.base_url, or do without the check of subscription ids"};
    };
    const auto object = parse_object(body);
    if (!object) return refuse("is no JSON object");
    const boost::json::value* results = object->if_contains("results");
    if (!results || !results->is_array()) return refuse("has no \"results\"");
    const std::string status = find_text(*object, "status");
    if (!status.empty() && status != "COMPLETE" && status != "SUCCESS") return refuse("is not complete");
    std::vector<subscription_definition> definitions;
    for (const boost::json::value& item : results->get_array()) {
        if (!item.is_object()) continue;
        const auto id = find_integer(item.get_object(), "id");
        if (!id) continue;
        definitions.push_back({*id, plain(find_text(item.get_object(), "name"), definition_name_bytes_max),
                               find_bool(item.get_object(), "isActive").value_or(true)});
    }
    std::stable_sort(definitions.begin(), definitions.end(), [](auto& a, auto& b) { return a.id < b.id; });
    const auto same_id = [](auto& a, auto& b) { return a.id == b.id; };
    definitions.erase(std::unique(definitions.begin(), definitions.end(), same_id), definitions.end());
    return definitions;
}

}  // namespace consent_sync::hubspot
