#include "config/key_kinds.hpp"

#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/log.hpp"
#include "base/redact.hpp"
#include "base/utf8.hpp"

namespace consent_sync::config {

namespace json = boost::json;

std::string json_quoted(std::string_view text) { return json::serialize(json::string_view(text.data(), text.size())); }

std::string refusal(const std::string& allowed, const json::value& value, bool secret) {
    std::string found;
    switch (value.kind()) {
        case json::kind::null: found = "null"; break;
        case json::kind::object: found = "an object"; break;
        case json::kind::array: found = "a list"; break;
        case json::kind::string:
            found = secret
                        ? "a different text"
                        : fmt::format("\"{}\"", base::cut_utf8(base::redact(std::string_view(value.get_string())), 60));
            break;
        default: found = secret ? "something else" : json::serialize(value);
    }
    return fmt::format("must be {}, but is {}", allowed, found);
}

std::string resolve_path(std::string_view path, const std::string& folder) {
    std::string whole = (std::filesystem::path(folder) / path).lexically_normal().string();
    if (whole.size() > 1 && whole.back() == '/') whole.pop_back();
    return whole;
}

std::optional<std::uint64_t> whole_number(const json::value& value) {
    if (const auto* number = value.if_int64(); number != nullptr && *number >= 0) {
        return static_cast<std::uint64_t>(*number);
    }
    if (const auto* number = value.if_uint64()) return *number;
    return std::nullopt;
}

}  // namespace consent_sync::config
