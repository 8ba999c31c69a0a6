#include "hubspot/encode.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace consent_sync::hubspot {
namespace {

// The braces, names and values of one change without its texts; a little more than the longest.
constexpr std::size_t change_bytes = 224;

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Whether one of eight bytes needs an escape. A borrow from one byte to the next comes only behind one that does.
bool any_needs_escape(const char* bytes) {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t high = each * 0x80;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    const std::uint64_t quote = word ^ (each * '"');
    const std::uint64_t backslash = word ^ (each * '\\');
    const std::uint64_t below_space = (word - each * 0x20) & ~word;
    return ((below_space | ((quote - each) & ~quote) | ((backslash - each) & ~backslash)) & high) != 0;
}

void append_escape(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 0xf];
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t run = 0;  // start of the bytes that need no escape; they are copied at once
    for (std::size_t i = 0; i < text.size(); ++i) {
        while (i + 8 <= text.size() && !any_needs_escape(text.data() + i)) i += 8;
        if (i == text.size()) break;
        if (!needs_escape(text[i])) continue;
        out.append(text, run, i - run);
        append_escape(out, text[i]);
        run = i + 1;
    }
    out.append(text, run);
    out += '"';
}

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void append_change(std::string& out, const consent::change& c) {
    out += R"({"subscriberIdString":)";
    append_string(out, c.subscriber);
    out += R"(,"subscriptionId":)";
    append_number(out, c.subscription);
    out += R"(,"channel":")";
    out += consent::name(c.channel);
    out += R"(","statusState":")";
    out += consent::name(c.state);
    out += '"';
    if (c.basis) {
        out += R"(,"legalBasis":")";
        out += consent::name(*c.basis);
        out += '"';
    }
    if (c.explanation) {
        out += R"(,"legalBasisExplanation":)";
        append_string(out, *c.explanation);
    }
    out += '}';
}

}  // namespace

std::string encode_batch(std::span<const consent::change> batch) {
    std::size_t bytes = 16;
    for (const auto& c : batch)
        bytes += change_bytes + c.subscriber.size() + (c.explanation ? c.explanation->size() : 0);
    std::string out;
    out.reserve(bytes);
    out += R"({"inputs":[)";
    for (const auto& c : batch) {
        if (&c != batch.data()) out += ',';
        append_change(out, c);
    }
    out += "]}";
    return out;
}

}  // namespace consent_sync::hubspot
