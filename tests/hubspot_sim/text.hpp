// Text helpers for answers.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace consent_sync::hubspot_sim {

// As a JSON string, with its quotes. Bytes from 0x80 on are copied as they are.
void append_quoted(std::string& to, std::string_view text);
inline std::string quoted(std::string_view text) {
    std::string to;
    append_quoted(to, text);
    return to;
}

inline void append_number(std::string& to, std::int64_t number) {
    char digits[24];
    const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, number);
    to.append(digits, end);
}

// "2025-01-08T06:34:39.478Z"
std::string format_time(std::chrono::system_clock::time_point t);
// "Wed, 08 Jan 2025 06:34:39 GMT", for the Date header.
std::string format_http_date(std::chrono::system_clock::time_point t);
// A version 4 UUID of these bits.
std::string format_uuid(std::uint64_t high, std::uint64_t low);
// "%40" → "@", "+" → " ". Anything else is unchanged.
std::string decode_form(std::string_view text);
// The decoded value of `name` in "a=1&b=2"; empty if there is none.
std::string form_value(std::string_view form, std::string_view name);

}  // namespace consent_sync::hubspot_sim
