#include "report/text.hpp"

#include <boost/json/serialize.hpp>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "base/redact.hpp"
#include "base/utf8.hpp"

namespace consent_sync::report {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

void indent(std::string& out, const boost::json::value& value, std::size_t depth) {
    const std::string margin(2 * depth + 2, ' ');
    const auto open = [&](char bracket, bool empty) {
        out += bracket;
        if (!empty) out += '\n';
    };
    const auto close = [&](char bracket, bool empty) {
        if (!empty) out.append("\n").append(2 * depth, ' ');
        out += bracket;
    };
    if (const auto* object = value.if_object()) {
        open('{', object->empty());
        bool first = true;
        for (const auto& member : *object) {
            if (!first) out += ",\n";
            first = false;
            out += margin + boost::json::serialize(member.key()) + ": ";
            indent(out, member.value(), depth + 1);
        }
        close('}', object->empty());
    } else if (const auto* array = value.if_array()) {
        open('[', array->empty());
        bool first = true;
        for (const auto& element : *array) {
            if (!first) out += ",\n";
            first = false;
            out += margin;
            indent(out, element, depth + 1);
        }
        close(']', array->empty());
    } else {
        out += boost::json::serialize(value);
    }
}

// Requires: one UTF-8 character.
bool is_safe_in_a_path(std::string_view character) {
    return character != "/" && character != "\\" && base::escape_controls(character) == character;
}

}  // namespace

boost::json::string json_text(std::string_view text, boost::json::storage_ptr memory) {
    if (base::is_ascii(text)) return boost::json::string(text, std::move(memory));
    boost::json::string out(std::move(memory));
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = base::utf8_length(text, at);
        if (length == 0) {
            out.append(replacement);
            ++at;
        } else {
            out.append(text.substr(at, length));
            at += length;
        }
    }
    return out;
}

boost::json::value json_text_or_null(std::string_view text, boost::json::storage_ptr memory) {
    if (text.empty()) return boost::json::value(nullptr, std::move(memory));
    return json_text(text, std::move(memory));
}

std::string json_line(const boost::json::value& value) { return boost::json::serialize(value) + '\n'; }

std::string json_indented(const boost::json::value& value) {
    std::string out;
    indent(out, value, 0);
    return out + '\n';
}

void append_csv_field(std::string& out, std::string_view field) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    const bool quoted = field.find_first_of(",;\t\"\r\n") != std::string_view::npos ||
                        (!field.empty() && (is_blank(field.front()) || is_blank(field.back())));
    if (!quoted) {
        out += field;
        return;
    }
    out += '"';
    for (const char c : field) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string folder_name(consent::arrival_number arrival, std::string_view name) {
    std::string out = consent::format_file_id(arrival) + '-';
    bool leading = true;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t length = base::utf8_length(name, at);
        std::string_view character = name.substr(at, std::max<std::size_t>(length, 1));
        at += character.size();
        leading = leading && character == ".";
        if (length == 0 || leading || !is_safe_in_a_path(character)) character = "_";
        if (out.size() + character.size() > folder_name_max) break;
        out += character;
    }
    return out;
}

consent::arrival_number arrival_of_folder(std::string_view name) {
    consent::arrival_number arrival = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), arrival);
    const auto digits = static_cast<std::size_t>(end - name.data());
    if (code != std::errc() || digits < 8 || digits == name.size() || name[digits] != '-') return 0;
    return arrival;
}

}  // namespace consent_sync::report
