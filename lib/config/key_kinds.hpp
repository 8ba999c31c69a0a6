// Makes keys: one function per kind of value. `place` returns a pointer to the value inside a settings object (const or
// not), or null if the value does not exist there (a member of oauth without oauth).
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/time_text.hpp"
#include "config/checks.hpp"
#include "config/key.hpp"
#include "config/units.hpp"

namespace consent_sync::config {

// Completes "KEY: ": "must be X, but is "y"". A secret value is not shown.
std::string refusal(const std::string& allowed, const boost::json::value& value, bool secret = false);
std::string json_quoted(std::string_view text);
std::string resolve_path(std::string_view path, const std::string& folder);
std::optional<std::uint64_t> whole_number(const boost::json::value& value);

template <class Place, class Read, class Show>
key make_key(const char* path, effect when, Place place, Read read, Show show) {
    return {path,
            when,
            [place, read](const boost::json::value& value, settings& into, const std::string& folder) -> problem {
                return read(value, *place(into), folder);
            },
            [place, show](const settings& from) -> std::string {
                const auto* at = place(from);
                return at == nullptr ? "null" : show(*at);
            },
            [place](const settings& from, settings& into) {
                const auto* value = place(from);
                auto* to = place(into);
                if (value != nullptr && to != nullptr) *to = *value;
            },
            false};
}

enum class null { refused, allowed };

template <class Place>
key text_key(const char* path, effect when, Place place, const text_rule& rule, null may_be_null = null::refused) {
    const auto read = [&rule, may_be_null](const boost::json::value& value, std::string& into,
                                           const std::string& folder) -> problem {
        if (value.is_null() && may_be_null == null::allowed) return into.clear(), std::nullopt;
        const auto* text = value.if_string();
        if (text != nullptr && rule.null_word != nullptr && *text == rule.null_word) return into.clear(), std::nullopt;
        if (text == nullptr || !rule.holds(std::string_view(*text))) {
            std::string why = refusal(rule.allowed + std::string(may_be_null == null::allowed ? ", or null" : ""),
                                      value, rule.secret);
            const std::string more = rule.hint != nullptr && text != nullptr ? rule.hint(std::string_view(*text)) : "";
            return more.empty() ? why : why + "; " + more;
        }
        into = rule.path ? resolve_path(std::string_view(*text), folder) : std::string(std::string_view(*text));
        return std::nullopt;
    };
    const auto show = [&rule](const std::string& value) {
        if (value.empty()) return rule.null_word == nullptr ? std::string("null") : json_quoted(rule.null_word);
        return json_quoted(value);
    };
    key made = make_key(path, when, place, read, show);
    made.hidden = rule.hidden;
    return made;
}

// For milliseconds or hours. A value that is not a whole number of the unit is refused.
template <class Place>
key duration_key(const char* path, effect when, Place place, std::chrono::milliseconds least,
                 std::chrono::milliseconds most) {
    const auto read = [least, most](const boost::json::value& value, auto& into, const std::string&) -> problem {
        using unit = std::remove_reference_t<decltype(into)>;
        const auto* text = value.if_string();
        const auto parsed = text == nullptr ? base::result<base::milliseconds>(base::error{})
                                            : base::parse_duration(std::string_view(*text));
        if (!parsed || *parsed < least || *parsed > most || *parsed % unit(1) != base::milliseconds(0)) {
            const bool hours = unit(1) == std::chrono::hours(1);
            return refusal(
                fmt::format("a duration from {} to {}{}, written like \"{}\"", base::format_duration(least),
                            base::format_duration(most), hours ? ", in whole hours" : "", hours ? "30d" : "500ms"),
                value);
        }
        into = std::chrono::duration_cast<unit>(*parsed);
        return std::nullopt;
    };
    return make_key(path, when, place, read,
                    [](const auto& value) { return json_quoted(base::format_duration(value)); });
}

template <class Place>
key size_key(const char* path, effect when, Place place, std::uint64_t least, std::uint64_t most) {
    const auto read = [least, most](const boost::json::value& value, std::uint64_t& into,
                                    const std::string&) -> problem {
        const auto* text = value.if_string();
        const auto size = text == nullptr ? whole_number(value) : parse_size(std::string_view(*text));
        if (!size || *size < least || *size > most) {
            return refusal(fmt::format("a size from {} to {}, written like \"4GiB\" or as a number of bytes",
                                       format_size(least), format_size(most)),
                           value);
        }
        into = *size;
        return std::nullopt;
    };
    return make_key(path, when, place, read, [](std::uint64_t value) { return json_quoted(format_size(value)); });
}

// For an integer, or for an optional integer; `none` ("auto", "null") means no value.
template <class Place>
key number_key(const char* path, effect when, Place place, std::uint64_t least, std::uint64_t most,
               const char* none = nullptr) {
    const auto read = [least, most, none](const boost::json::value& value, auto& into, const std::string&) -> problem {
        using number_type = std::remove_reference_t<decltype(into)>;
        if constexpr (!std::is_integral_v<number_type>) {
            const bool is_null = std::string_view(none) == "null" && value.is_null();
            if (is_null || (value.is_string() && value.as_string() == none)) return into.reset(), std::nullopt;
        }
        const auto number = whole_number(value);
        if (!number || *number < least || *number > most) {
            const std::string word =
                none == nullptr ? "" : fmt::format(", or {}", *none == 'n' ? none : json_quoted(none));
            return refusal(fmt::format("a whole number from {} to {}{}", least, most, word), value);
        }
        if constexpr (std::is_integral_v<number_type>) {
            into = static_cast<number_type>(*number);
        } else {
            into = static_cast<typename number_type::value_type>(*number);
        }
        return std::nullopt;
    };
    const auto show = [none](const auto& value) -> std::string {
        if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(value)>>) {
            return fmt::format("{}", value);
        } else {
            if (value) return fmt::format("{}", *value);
            return *none == 'n' ? std::string(none) : json_quoted(none);
        }
    };
    return make_key(path, when, place, read, show);
}

template <class Value>
struct choice {
    std::string name;
    Value value;
};

// One of several words; for an optional also null.
template <class Place, class Value>
key choice_key(const char* path, effect when, Place place, std::vector<choice<Value>> choices) {
    const auto read = [choices](const boost::json::value& value, auto& into, const std::string&) -> problem {
        constexpr bool optional = !std::is_same_v<std::remove_reference_t<decltype(into)>, Value>;
        if constexpr (optional) {
            if (value.is_null()) return into.reset(), std::nullopt;
        }
        std::string allowed = "one of";
        for (const auto& each : choices) {
            if (value.is_string() && value.as_string() == each.name) return into = each.value, std::nullopt;
            allowed += ' ' + json_quoted(each.name);
        }
        return refusal(allowed + (optional ? " or null" : ""), value);
    };
    const auto show = [choices](const auto& value) -> std::string {
        for (const auto& each : choices) {
            if (value == each.value) return json_quoted(each.name);
        }
        return "null";
    };
    return make_key(path, when, place, read, show);
}

}  // namespace consent_sync::config
