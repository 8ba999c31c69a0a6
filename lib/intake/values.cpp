#include "intake/values.hpp"

#include <algorithm>
#include <array>
#include <boost/locale/utf.hpp>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "consent/key.hpp"
#include "intake/columns.hpp"
#include "intake/limits.hpp"
#include "intake/record.hpp"

namespace consent_sync::intake {
namespace {

using utf8 = boost::locale::utf::utf_traits<char>;

constexpr bool is_invisible(boost::locale::utf::code_point c) {
    return (c >= 0x80 && c <= 0xA0) || c == 0xAD || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
           (c >= 0x205F && c <= 0x206F) || c == 0x3000 || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

// Of one byte, two or three.
constexpr std::array<std::string_view, 26> marks{"'",      "\"",     "`",      "\u00A8", "\u00AB", "\u00B4", "\u00BB",
                                                 "\u02B9", "\u02BA", "\u02BB", "\u02BC", "\u02BD", "\u2018", "\u2019",
                                                 "\u201A", "\u201B", "\u201C", "\u201D", "\u201E", "\u201F", "\u2032",
                                                 "\u2033", "\u2039", "\u203A", "\uFF07", "\uFF02"};

// The bytes with which a cell can begin or end if there is a mark; any other cell is left after one look.
constexpr auto mark_bytes = [] {
    std::array<bool, 256> table{};
    for (const std::string_view mark : marks)
        table[static_cast<unsigned char>(mark.front())] = table[static_cast<unsigned char>(mark.back())] = true;
    return table;
}();

bool may_be_mark(char c) { return mark_bytes[static_cast<unsigned char>(c)]; }

using consent::legal_basis;
using consent::status_state;

constexpr std::array<std::pair<std::string_view, status_state>, 23> state_words{
    {{"subscribed", status_state::subscribed},
     {"subscribe", status_state::subscribed},
     {"optin", status_state::subscribed},
     {"optedin", status_state::subscribed},
     {"yes", status_state::subscribed},
     {"y", status_state::subscribed},
     {"true", status_state::subscribed},
     {"1", status_state::subscribed},
     {"unsubscribed", status_state::unsubscribed},
     {"unsubscribe", status_state::unsubscribed},
     {"optout", status_state::unsubscribed},
     {"optedout", status_state::unsubscribed},
     {"no", status_state::unsubscribed},
     {"n", status_state::unsubscribed},
     {"false", status_state::unsubscribed},
     {"0", status_state::unsubscribed},
     {"notspecified", status_state::not_specified},
     {"unspecified", status_state::not_specified},
     {"notset", status_state::not_specified},
     {"unset", status_state::not_specified},
     {"unknown", status_state::not_specified},
     {"notgiven", status_state::not_specified},
     {"undefined", status_state::not_specified}}};

constexpr std::array<std::pair<std::string_view, legal_basis>, 7> basis_words{
    {{"legitimateinterestpql", legal_basis::legitimate_interest_pql},
     {"legitimateinterestclient", legal_basis::legitimate_interest_client},
     {"legitimateinterestother", legal_basis::legitimate_interest_other},
     {"performanceofcontract", legal_basis::performance_of_contract},
     {"consentwithnotice", legal_basis::consent_with_notice},
     {"nongdpr", legal_basis::non_gdpr},
     {"processandstore", legal_basis::process_and_store}}};

constexpr bool separates(char c) { return c == ' ' || c == '\t' || c == '_' || c == '-'; }

template <class Table>
auto find_word(const Table& table, std::string_view text) -> std::optional<decltype(table[0].second)> {
    if (text.empty() || separates(text.front()) || separates(text.back())) return std::nullopt;
    std::array<char, 32> buffer;
    const std::string_view wanted = simplify(text, buffer.data(), buffer.size());
    for (const auto& [word, meaning] : table)
        if (word == wanted) return meaning;
    return std::nullopt;
}

enum class byte_kind : std::uint8_t { plain, blank, at, special, beyond_ascii };

// What an address is looked through for, byte by byte. Special: display names, lists and comments of mail
// headers; nothing that an address needs outside of quotes.
constexpr auto address_bytes = [] {
    std::array<byte_kind, 256> table{};
    for (std::size_t c = 0x80; c < 256; ++c) table[c] = byte_kind::beyond_ascii;
    for (std::size_t c = 0; c <= 0x20; ++c) table[c] = byte_kind::blank;
    table[0x7F] = byte_kind::blank;
    for (const unsigned char c : {'(', ')', '<', '>', '[', ']', ':', ';', ',', '\\', '"'})
        table[c] = byte_kind::special;
    table['@'] = byte_kind::at;
    return table;
}();

constexpr auto domain_bytes = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x80; c < 256; ++c) table[c] = true;
    for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (std::size_t c = '0'; c <= '9'; ++c) table[c] = true;
    table['-'] = table['_'] = true;
    return table;
}();

std::optional<std::string_view> find_label_fault(std::string_view label) {
    if (label.empty()) return "has an empty part between the dots of its domain";
    if (label.size() > label_bytes_max) return "has a part of more than 63 bytes in its domain";
    if (label.front() == '-' || label.back() == '-') return "has a part of its domain that begins or ends with a dash";
    if (!std::all_of(label.begin(), label.end(), [](char c) { return domain_bytes[static_cast<unsigned char>(c)]; }))
        return "has a character in its domain that no domain has";
    return std::nullopt;
}

std::optional<std::string_view> find_domain_fault(std::string_view domain) {
    if (domain.find('.') == std::string_view::npos) return "must have a dot in the domain behind its @";
    std::string_view rest = domain;
    for (;;) {
        const std::size_t dot = rest.find('.');
        const std::string_view label = rest.substr(0, dot);
        if (const auto fault = find_label_fault(label)) return fault;
        if (dot == std::string_view::npos) {
            if (std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; }))
                return "ends in a number instead of a domain such as .com";
            return std::nullopt;
        }
        rest.remove_prefix(dot + 1);
    }
}

// What nearly all addresses are made of. The name may hold more than that: see find_address_fault().
enum usual : std::uint8_t { in_name = 1, in_label = 2 };
constexpr auto usual_bytes = [] {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t c = 0; c < 256; ++c) {
        if (address_bytes[c] == byte_kind::plain) table[c] |= in_name;
        if (c < 0x80 && domain_bytes[c]) table[c] |= in_label;
    }
    return table;
}();

}  // namespace

bool may_have_marks(std::string_view cell) {
    return !cell.empty() && (may_be_mark(cell.front()) || may_be_mark(cell.back()));
}

std::string_view without_marks(std::string_view cell) {
    for (cell = consent::trim(cell); may_have_marks(cell);) {
        const std::size_t before = cell.size();
        for (const std::string_view mark : marks) {
            if (cell.starts_with(mark)) cell.remove_prefix(mark.size());
            if (cell.ends_with(mark)) cell.remove_suffix(mark.size());
        }
        if (cell.size() == before) break;
        cell = consent::trim(cell);
    }
    return cell;
}

bool has_invisible(std::string_view text) {
    if (base::is_ascii(text)) return false;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end)
        if (is_invisible(utf8::decode(at, end))) return true;
    return false;
}

bool is_usual_address(std::string_view address) {
    if (address.size() > address_bytes_max) return false;
    const auto is = [](char c, usual kind) { return (usual_bytes[static_cast<unsigned char>(c)] & kind) != 0; };
    const char* at = address.data();
    const char* const end = at + address.size();
    while (at != end && is(*at, in_name)) ++at;
    const auto name_bytes = static_cast<std::size_t>(at - address.data());
    if (name_bytes == 0 || name_bytes > local_part_bytes_max || at == end || *at != '@') return false;
    for (std::size_t labels = 1;; ++labels) {
        const char* const label = ++at;
        while (at != end && is(*at, in_label)) ++at;
        const auto label_bytes = static_cast<std::size_t>(at - label);
        if (label_bytes == 0 || label_bytes > label_bytes_max || *label == '-' || at[-1] == '-') return false;
        if (at == end) return labels > 1 && (at[-1] < '0' || at[-1] > '9');
        if (*at != '.') return false;
    }
}

std::optional<status_state> read_status_state(std::string_view text) {
    if (const auto exact = consent::parse_status_state(text)) return exact;
    return find_word(state_words, text);
}

bool is_full_state_word(std::string_view text) {
    constexpr std::array<std::string_view, 11> short_words{"yes",   "y", "true",    "1",     "no",       "n",
                                                           "false", "0", "unknown", "unset", "undefined"};
    std::array<char, 32> buffer;
    const std::string_view word = simplify(text, buffer.data(), buffer.size());
    return read_status_state(text) && std::find(short_words.begin(), short_words.end(), word) == short_words.end();
}

bool reads_as_opt_out(std::string_view text) {
    text = without_marks(text);
    while (text.ends_with('\'') || text.ends_with('"')) text.remove_suffix(1);
    constexpr std::string_view first_letters = "uUoO";
    if (text.size() < 6 || text.size() > 24 || first_letters.find(text.front()) == std::string_view::npos) return false;
    return is_full_state_word(text) && read_status_state(text) == status_state::unsubscribed;
}

bool is_plain_no(std::string_view text) {
    text = without_marks(text);
    if (text.empty()) return true;
    std::array<char, 8> buffer;
    const std::string_view word = simplify(text, buffer.data(), buffer.size());
    return !separates(text.front()) && !separates(text.back()) &&
           (word == "no" || word == "n" || word == "false" || word == "0");
}

bool says_no(const record& of, const value& v) {
    if (v.kind == value_kind::text) return is_plain_no(of.text(v));
    return v.kind == value_kind::absent ||
           ((v.kind == value_kind::boolean || v.kind == value_kind::whole) && v.number == 0);
}

bool is_other_number(std::string_view text) {
    bool digit = false;
    for (const char c : text) {
        const bool is_digit = c >= '0' && c <= '9';
        digit = digit || is_digit;
        if (!is_digit && !separates(c) && c != '+' && c != '.' && c != ',' && c != '(' && c != ')') {
            const bool exponent = digit && (c == 'e' || c == 'E');
            const bool minus_sign = static_cast<unsigned char>(c) >= 0x80;  // U+2212, three bytes
            if (!exponent && !minus_sign) return false;
        }
    }
    if (!digit) return false;
    // 0 and 1 as a spreadsheet or a table of numbers may write them: +1, 01, 1.0
    if (text.starts_with('+')) text.remove_prefix(1);
    while (text.size() > 1 && text.front() == '0' && text[1] >= '0' && text[1] <= '9') text.remove_prefix(1);
    if (text.front() != '0' && text.front() != '1') return true;
    text.remove_prefix(1);
    if (text.empty()) return false;
    return (text.front() != '.' && text.front() != ',') ||
           !std::all_of(text.begin() + 1, text.end(), [](char c) { return c == '0'; });
}

std::optional<legal_basis> read_legal_basis(std::string_view text) {
    if (const auto exact = consent::parse_legal_basis(text)) return exact;
    return find_word(basis_words, text);
}

std::optional<std::int64_t> read_positive(std::string_view digits) {
    std::uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), end, number);
    if (problem != std::errc{} || stop != end || number == 0 || number > INT64_MAX) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

std::optional<std::string_view> find_address_fault(std::string_view address) {
    if (address.size() > address_bytes_max) return "must not be longer than 254 bytes";
    std::size_t at = std::string_view::npos;
    bool beyond_ascii = false;
    const auto kind = [](char c) { return address_bytes[static_cast<unsigned char>(c)]; };
    const auto find_notable = [&](const char* from) {
        return std::find_if(from, address.end(), [&](char c) { return kind(c) != byte_kind::plain; });
    };
    for (const char* c = find_notable(address.begin()); c != address.end(); c = find_notable(c + 1)) {
        switch (kind(*c)) {
            case byte_kind::plain: break;
            case byte_kind::blank: return "must not contain spaces or control characters";
            case byte_kind::at:
                if (at != std::string_view::npos) return "must be one address, with one @";
                at = static_cast<std::size_t>(c - address.begin());
                break;
            case byte_kind::special:
                return "must be the bare address, without a name, brackets, quotes, commas, colons or "
                       "semicolons";
            case byte_kind::beyond_ascii: beyond_ascii = true; break;
        }
    }
    if (beyond_ascii && has_invisible(address)) return "contains an invisible character or a special space";
    if (at == std::string_view::npos) return "must be an e-mail address, with an @";
    if (at == 0) return "must have a name before its @";
    if (at > local_part_bytes_max) return "must not have more than 64 bytes before its @";
    return find_domain_fault(address.substr(at + 1));
}

}  // namespace consent_sync::intake
