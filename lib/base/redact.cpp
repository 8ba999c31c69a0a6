#include "base/redact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/log.hpp"
#include "base/private_spans.hpp"
#include "base/utf8.hpp"

namespace consent_sync::base {
namespace {

constexpr std::size_t read_max = 16'384;
constexpr std::string_view mask = "***";
constexpr std::size_t identifier_max = 64;  // HubSpot's longest category has some thirty letters

std::uint32_t decode(std::string_view character) {
    if (character.size() == 1) return static_cast<unsigned char>(character[0]);
    std::uint32_t code = static_cast<unsigned char>(character[0]) & (0x7fU >> character.size());
    for (const char c : character.substr(1)) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3fU);
    return code;
}

// C0, DEL, C1, line and paragraph separators, and everything that turns the direction of writing.
bool acts_on_terminal(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

std::string escape_character(std::string_view character, escape how) {
    const std::uint32_t code = decode(character);
    switch (code) {
        case '\n': return "\\n";
        case '\r': return "\\r";
        case '\t': return "\\t";
        case '"':
        case '\\': return (how == escape::controls_and_quotes ? "\\" : "") + std::string(character);
        default: break;
    }
    if (!acts_on_terminal(code)) return std::string(character);
    return code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

bool is_uuid(std::string_view text) {
    static constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char expected) {
        return expected == '-' ? c == '-'
                               : std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
    });
}

// Letters of one case and '_'.
bool is_name(std::string_view text) {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto all = [&](const auto& letter) {
        return std::all_of(text.begin(), text.end(), [&](char c) { return c == '_' || letter(c); });
    };
    return text.size() <= identifier_max && (all(is_lower) || all(is_upper));
}

// Collects escaped text up to a bound, whole characters and whole escapes only.
class bounded_text {
  public:
    bounded_text(escape how, std::size_t most) : how_(how), most_(most) {}

    void append(std::string_view text) {
        for (std::size_t at = 0; at < text.size() && !full_;) {
            const std::size_t length = utf8_length(text, at);
            append_unit(length == 0 ? fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]))
                                    : escape_character(text.substr(at, length), how_));
            at += length == 0 ? 1 : length;
        }
    }
    void cut() {
        if (!full_) text_ += "…";
        full_ = true;
    }
    bool full() const { return full_; }
    std::string take() { return std::move(text_); }

  private:
    void append_unit(const std::string& unit) {
        if (text_.size() + unit.size() > most_) {
            cut();
        } else {
            text_ += unit;
        }
    }

    escape how_;
    std::size_t most_;
    bool full_ = false;
    std::string text_;
};

}  // namespace

std::string redact(std::string_view whole, escape how) {
    const std::string_view text = cut_private(whole, read_max);
    bounded_text out(how, redacted_max);
    std::size_t written = 0;  // text before this is in `out`
    for (const span_of_text& each : find_private(text)) {
        if (out.full()) break;
        out.append(text.substr(written, each.begin - written));
        out.append(mask);
        written = each.end;
    }
    out.append(text.substr(written));
    if (text.size() < whole.size()) out.cut();
    return out.take();
}

std::string redact(std::string_view text) { return redact(text, escape::controls); }

std::string shown_identifier(std::string_view text) {
    return text.empty() || is_uuid(text) || is_name(text) ? std::string(text) : std::string(mask);
}

std::string escape_controls(std::string_view text) {
    bounded_text out(escape::controls, std::string_view::npos);
    out.append(text);
    return out.take();
}

std::string mask_secrets(std::string text) {
    const std::vector<span_of_text> secrets = find_secrets(text);
    if (secrets.empty()) return text;
    std::string masked;
    std::size_t kept = 0;  // text before this is in `masked`
    for (const span_of_text& each : secrets) {
        masked.append(text, kept, each.begin - kept).append(mask);
        kept = each.end;
    }
    masked.append(text, kept);
    return masked;
}

}  // namespace consent_sync::base
