// A slow, independent judge, to hold the fast one to: does an answer prove that a change was applied? It shares no code
// with lib/hubspot, keeps the whole document, members that stand twice among them, and looks at all of it for each
// change.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consent/change.hpp"

namespace consent_sync::hubspot {

struct json_value {
    enum class kind { null, boolean, number, text, list, object } what = kind::null;
    std::string text;                                         // of a text; of a number, as it is written
    std::vector<json_value> items;                            // of a list
    std::vector<std::pair<std::string, json_value>> members;  // of an object, each as often as it is there

    bool is(kind k) const { return what == k; }
    const json_value* find(std::string_view name) const;  // the first one; nullptr: none
};

// Takes all that is JSON, and some that is not.
std::optional<json_value> read_json(std::string_view text);

bool is_proven(std::string_view body, std::span<const consent::change> batch, std::size_t index);

}  // namespace consent_sync::hubspot
