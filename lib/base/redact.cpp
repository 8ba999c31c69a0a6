#include "base/redact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ascii.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"

namespace consent_sync::base {
namespace {

constexpr std::size_t secret_min = 8;    // a shorter secret would mask ordinary words
constexpr std::size_t token_min = 8;     // characters after "Bearer " or "pat-"
constexpr std::size_t quoted_max = 66;   // a quoted local part
constexpr std::size_t comment_max = 64;  // "ann(comment)@example.com"
constexpr std::size_t spaces_max = 3;    // around an at sign that is written for people
constexpr std::size_t domain_max = 512;
constexpr std::size_t backslashes_max = 64;
constexpr std::size_t literal_max = 64;    // "[IPv6:…]"
constexpr std::size_t look_ahead = 4'096;  // after a cut: the longest address in the longest encoding

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool in_local_part(char c) {
    return is_alnum(c) || is_high(c) || is_control(c) ||
           std::string_view(".!#$%&'*+/=?^_`{|}~-\\").find(c) != std::string_view::npos;
}
bool in_domain(char c) {
    const bool control = is_control(c) && c != '\n' && c != '\r' && c != '\t';
    return is_alnum(c) || is_high(c) || control || std::string_view(".-_\\").find(c) != std::string_view::npos;
}
bool in_token(char c) { return is_alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos; }
bool in_base64(char c) { return is_alnum(c) || std::string_view("+/-_=").find(c) != std::string_view::npos; }

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char low = to_lower(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lowered) {
    return text.size() >= lowered.size() &&
           std::equal(lowered.begin(), lowered.end(), text.begin(), [](char a, char b) { return a == to_lower(b); });
}

// ---- Encodings of one character.

// A decoded character, and how many bytes its encoding takes. Characters outside of ASCII, and encoded spaces and
// separators, are `other`: they belong to the word around them.
constexpr char other = '\x80';
struct writing {
    char meant = 0;
    std::size_t bytes = 1;
    bool weak = false;  // ambiguous: it counts as an at sign only before a domain with a dot
};

char as_meant(std::uint32_t code) {
    if (code == 0xff20 || code == 0xfe6b) return '@';
    if (code == 0xff0e || code == 0x3002) return '.';
    if (code >= 0x80) return other;
    const char c = static_cast<char>(code);
    return c == '@' || c == '"' || in_local_part(c) ? c : other;
}

// The digits of a base at the start of a text: their value and number, at most `most`.
struct number {
    std::uint32_t value = 0;
    std::size_t digits = 0;
};
number read_number(std::string_view text, int base, std::size_t most) {
    number n;
    while (n.digits < std::min(text.size(), most)) {
        const int digit = hex_value(text[n.digits]);
        if (digit < 0 || digit >= base) break;
        n.value = std::min<std::uint32_t>(
            n.value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit), 0x110000);
        ++n.digits;
    }
    return n;
}

struct named_character {
    std::string_view name;
    char meant;
};
constexpr std::array entities{
    named_character{"commat", '@'},   named_character{"period", '.'}, named_character{"lowbar", '_'},
    named_character{"underbar", '_'}, named_character{"plus", '+'},   named_character{"hyphen", '-'},
    named_character{"dash", '-'},     named_character{"num", '#'},    named_character{"excl", '!'},
    named_character{"apos", '\''},    named_character{"equals", '='}, named_character{"sol", '/'},
    named_character{"quot", '"'},     named_character{"lt", '<'},     named_character{"gt", '>'},
    named_character{"lpar", '('},     named_character{"rpar", ')'},   named_character{"lsqb", '['},
    named_character{"rsqb", ']'},     named_character{"amp", '&'},    named_character{"nbsp", other},
};

std::optional<writing> read_entity(std::string_view text) {
    std::size_t at = 1;
    while (starts_with_ignoring_case(text.substr(at), "amp;")) at += 4;  // encoded twice
    std::string_view rest = text.substr(at);
    const auto ends = [&](char meant, std::size_t bytes) {
        const bool semicolon = rest.size() > bytes && rest[bytes] == ';';
        return writing{meant, at + bytes + (semicolon ? 1 : 0)};
    };
    if (rest.starts_with('#')) {
        const bool hex = rest.size() > 1 && to_lower(rest[1]) == 'x';
        const std::size_t from = hex ? 2 : 1;
        const number n = read_number(rest.substr(from), hex ? 16 : 10, 12);
        if (n.digits == 0) return std::nullopt;
        // Without a semicolon the digits run into the domain.
        const std::size_t zeros = std::min(rest.find_first_not_of('0', from), rest.size());
        const bool ended = rest.size() > from + n.digits && rest[from + n.digits] == ';';
        if (hex && !ended && rest.substr(zeros).starts_with("40")) return ends('@', zeros + 2);
        return ends(as_meant(n.value), from + n.digits);
    }
    for (const named_character& each : entities)
        if (starts_with_ignoring_case(rest, each.name) && rest.size() > each.name.size() &&
            rest[each.name.size()] == ';')
            return ends(each.meant, each.name.size());
    return std::nullopt;
}

// "%40", "%2540", "%252540" …
std::optional<writing> read_percent(std::string_view text) {
    std::size_t at = 1;
    while (text.substr(at).starts_with("25") && at + 4 <= text.size() && hex_value(text[at + 2]) >= 0 &&
           hex_value(text[at + 3]) >= 0)
        at += 2;
    const number n = read_number(text.substr(at), 16, 2);
    if (n.digits < 2) return std::nullopt;
    return writing{as_meant(n.value), at + 2};
}

// "\u0040", "\\u0040", "\x40", "\u{40}", "\U00000040", "\100", "\/", "\""
std::optional<writing> read_backslash(std::string_view text) {
    std::size_t at = text.substr(0, backslashes_max).find_first_not_of('\\');
    if (at == std::string_view::npos) return std::nullopt;
    const char kind = text[at];
    const std::string_view rest = text.substr(at + 1);
    if (kind == '"') return writing{'"', at + 1};
    if (kind == '/') return writing{'/', at + 1};
    if ((kind == 'u' || kind == 'x') && rest.starts_with('{')) {
        const number n = read_number(rest.substr(1), 16, 8);
        if (n.digits > 0 && rest.size() > n.digits + 1 && rest[n.digits + 1] == '}')
            return writing{as_meant(n.value), at + n.digits + 3};
        return std::nullopt;
    }
    const std::size_t wanted = kind == 'u' ? 4 : kind == 'x' ? 2 : kind == 'U' ? 8 : 0;
    if (wanted > 0) {
        const number n = read_number(rest, 16, wanted);
        return n.digits == wanted ? std::optional(writing{as_meant(n.value), at + 1 + wanted}) : std::nullopt;
    }
    const number octal = read_number(text.substr(at), 8, 3);
    if (octal.digits == 3) return writing{as_meant(octal.value), at + 3, true};
    return std::nullopt;
}

// Quoted-printable. It is weak, because "limit=40" is not an address.
std::optional<writing> read_quoted_printable(std::string_view text) {
    const number n = read_number(text.substr(1), 16, 2);
    if (n.digits < 2) return std::nullopt;
    return writing{as_meant(n.value), 3, true};
}

writing read_writing(std::string_view text) {
    std::optional<writing> found;
    switch (text[0]) {
        case '&': found = read_entity(text); break;
        case '%': found = read_percent(text); break;
        case '\\': found = read_backslash(text); break;
        case '=': found = read_quoted_printable(text); break;
        case '+':
            if (text.starts_with("+AEA-")) found = writing{'@', 5};  // UTF-7
            break;
        case '\xef':
            if (text.starts_with("\xef\xbc\xa0") || text.starts_with("\xef\xb9\xab")) found = writing{'@', 3};
            break;
        default: break;
    }
    return found ? *found : writing{text[0], 1};
}

// A decoded text: one character for each encoded one, and its position in the raw text.
struct meaning {
    std::string text;
    std::vector<std::size_t> begin;  // of each character; then the end of the text
    std::vector<bool> weak;

    explicit meaning(std::string_view raw) {
        text.reserve(raw.size());
        begin.reserve(raw.size() + 1);
        for (std::size_t at = 0; at < raw.size();) {
            const writing w = read_writing(raw.substr(at));
            text += w.meant;
            begin.push_back(at);
            weak.push_back(w.weak);
            at += w.bytes;
        }
        begin.push_back(raw.size());
    }
};

// ---- Addresses.

class address_finder {
  public:
    explicit address_finder(const meaning& m) : m_(m), text_(m.text) {}

    // Positions in the decoded text, not in the raw text.
    std::vector<span_of_text> find() {
        for (at_ = 0; at_ < text_.size();) {
            if (const auto sign = read_at_sign(at_)) {
                if (take(*sign)) continue;
            }
            const bool inside = in_local_part(text_[at_]);
            if (inside && word_ == npos) word_ = at_;
            if (!inside && word_ != npos) {
                last_begin_ = word_;
                last_end_ = at_;
                word_ = npos;
            }
            ++at_;
        }
        return std::move(found_);
    }
    // The beginning of the word that reaches the end of the text; the size of the text if there is no such word.
    std::size_t last_word() const { return word_ == npos ? text_.size() : word_; }

  private:
    static constexpr std::size_t npos = std::string_view::npos;
    enum class kind {
        strong,   // '@', directly after its local part
        bracket,  // "(at)", "[ @ ]": between two words
        dashes,   // "_at_", "-at-", "=40": before a domain with a dot
        word,     // " at ": before a domain with dots in words, or after a word that looks like a local part
    };
    struct at_sign {
        kind what = kind::strong;
        std::size_t end = 0;
    };
    struct domain {
        std::size_t end = 0;
        bool dotted = false;     // has a dot and ends like a host name, not like a file name
        bool spelt_out = false;  // "example dot com"
    };

    char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
    std::size_t skip_spaces(std::size_t i) const {
        std::size_t n = 0;
        while (n < spaces_max && at(i + n) == ' ') ++n;
        return i + n;
    }
    bool has_word(std::size_t i, std::string_view lowered) const {
        return i < text_.size() && starts_with_ignoring_case(text_.substr(i), lowered);
    }

    std::optional<at_sign> read_at_sign(std::size_t i) const {
        const char c = text_[i];
        if (c == '@') return at_sign{m_.weak[i] ? kind::dashes : kind::strong, i + 1};
        static constexpr std::string_view open = "([{<", close = ")]}>";
        if (const std::size_t which = open.find(c); which != npos) {
            std::size_t end = skip_spaces(i + 1);
            end = has_word(end, "at") ? end + 2 : at(end) == '@' ? end + 1 : npos;
            if (end == npos) return std::nullopt;
            end = skip_spaces(end);
            if (at(end) != close[which]) return std::nullopt;
            return at_sign{kind::bracket, end + 1};
        }
        const bool dash = std::string_view("_-*|#~^+:").find(c) != npos;
        if (dash && has_word(i + 1, "at") && at(i + 3) == c) return at_sign{kind::dashes, i + 4};
        if (c == ' ' && has_word(i + 1, "at ")) return at_sign{kind::word, i + 4};
        return std::nullopt;
    }

    // Reads labels with dots between them, in any form of a dot.
    domain read_domain(std::size_t from, std::size_t most = npos) const {
        domain d;
        d.end = from;
        std::vector<std::string> labels(1);
        while (d.end < text_.size() && d.end - from < most) {
            const char c = text_[d.end];
            if (const std::size_t behind = skip_dot(d.end); behind != npos) {
                d.spelt_out = d.spelt_out || behind > d.end + 1;
                d.end = behind;
                labels.emplace_back();
            } else if (const auto sign = read_at_sign(d.end); sign && sign->what == kind::strong) {
                d.end = sign->end;
            } else if (in_domain(c)) {
                labels.back() += to_lower(c);
                ++d.end;
            } else if (c == '[' && text_.substr(d.end, literal_max).find(']') != npos) {
                d.end += text_.substr(d.end, literal_max).find(']') + 1;
            } else {
                break;
            }
        }
        while (!labels.empty() && (labels.back().empty() || is_extension(labels.back()))) labels.pop_back();
        d.dotted =
            labels.size() > 1 && labels.back().size() > 1 &&
            std::all_of(labels.back().begin(), labels.back().end(),
                        [](char each) { return is_letter(each) || is_high(each) || each == '-' || is_digit(each); }) &&
            !is_digit(labels.back()[0]);
        return d;
    }
    // The position after a dot; npos: there is no dot. A dot in words needs a label after it.
    std::size_t skip_dot(std::size_t i) const {
        if (at(i) == '.') return i + 1;
        static constexpr std::string_view open = "([{<", close = ")]}>";
        const std::size_t word = skip_spaces(i);
        if (const std::size_t which = open.find(at(word)); at(word) != '\0' && which != npos) {
            std::size_t end = skip_spaces(word + 1);
            end = has_word(end, "dot") ? end + 3 : at(end) == '.' ? end + 1 : npos;
            if (end == npos) return npos;
            end = skip_spaces(end);
            if (at(end) != close[which]) return npos;
            end = skip_spaces(end + 1);
            return is_alnum(at(end)) || is_high(at(end)) ? end : npos;
        }
        if (word > i && has_word(word, "dot ")) {
            const std::size_t end = skip_spaces(word + 3);
            return is_alnum(at(end)) || is_high(at(end)) ? end : npos;
        }
        const bool dash = std::string_view("_-*").find(at(i)) != npos && at(i) != '\0';
        if (dash && has_word(i + 1, "dot") && at(i + 4) == at(i)) return i + 5;
        return npos;
    }
    static bool is_extension(std::string_view label) {
        static constexpr std::array known{"csv", "json", "ndjson", "jsonl", "gz", "txt", "tsv", "tmp", "part",
                                          "zip", "xml",  "xls",    "xlsx",  "db", "log", "pem", "html"};
        return std::find(known.begin(), known.end(), label) != known.end();
    }

    // The beginning of a local part like "john smith" or ann(comment) that ends right before `end`; `end`: there is
    // none.
    std::size_t enclosed_local(std::size_t end) const {
        if (end == 0) return end;
        if (text_[end - 1] == '"') {
            const std::size_t least = std::max(written_, end > quoted_max ? end - quoted_max : 0);
            const std::size_t open = text_.find('"', least);
            return open < end - 1 ? open : end;
        }
        if (text_[end - 1] == ')') {
            const std::size_t open = text_.rfind('(', end - 1);
            if (open == npos || open < written_ || end - open > comment_max) return end;
            std::size_t begin = open;
            while (begin > written_ && in_local_part(text_[begin - 1])) --begin;
            return begin;
        }
        return end;
    }

    static bool looks_like_a_local_part(std::string_view word) {
        return std::any_of(word.begin(), word.end(), [](char c) {
            return std::string_view("._+-?\"()").find(c) != npos || is_digit(c) || is_high(c) || is_control(c);
        });
    }

    bool take(const at_sign& sign) {
        const std::size_t behind = sign.what == kind::strong ? sign.end : skip_spaces(sign.end);
        std::size_t local = word_ != npos ? word_ : enclosed_local(at_);
        const bool next_to_it = local < at_;
        if (!next_to_it && last_end_ != npos && at_ - last_end_ <= spaces_max &&
            text_.substr(last_end_, at_ - last_end_).find_first_not_of(' ') == npos)
            local = last_begin_;
        if (!next_to_it && local == at_) local = enclosed_before_spaces();
        if (local >= at_) return false;
        // The bound keeps the time linear: many weak at signs must not each read a long word.
        domain d = read_domain(behind, sign.what == kind::strong && word_ != npos ? npos : domain_max);
        if (sign.what == kind::strong && d.end == behind) {  // "ann@ example.com"
            const domain further = read_domain(skip_spaces(behind));
            if (further.dotted) d = further;
        }
        switch (sign.what) {
            case kind::strong:
                if (!next_to_it && !d.dotted) return false;
                break;
            case kind::bracket:
                if (d.end == behind) return false;
                break;
            case kind::dashes:
                if (!d.dotted) return false;
                break;
            case kind::word: {
                const std::string_view word = text_.substr(local, at_ - local);
                if (!d.spelt_out && !(d.dotted && looks_like_a_local_part(word))) return false;
                break;
            }
        }
        found_.push_back({local, d.end});
        written_ = at_ = d.end;
        word_ = last_end_ = npos;
        return true;
    }
    std::size_t enclosed_before_spaces() const {
        std::size_t end = at_;
        while (end > written_ && at_ - end < spaces_max && text_[end - 1] == ' ') --end;
        const std::size_t local = enclosed_local(end);
        return local < end ? local : at_;
    }

    const meaning& m_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t written_ = 0;                          // the text before this belongs to found addresses
    std::size_t word_ = npos;                          // the beginning of the word that ends at at_
    std::size_t last_begin_ = npos, last_end_ = npos;  // the previous word, after written_
    std::vector<span_of_text> found_;
};

void to_raw(const meaning& m, std::vector<span_of_text>& spans) {
    for (span_of_text& each : spans) {
        each.begin = m.begin[each.begin];
        each.end = m.begin[each.end];
    }
}

std::vector<span_of_text> addresses_in(std::string_view text) {
    const meaning m(text);
    std::vector<span_of_text> found = address_finder(m).find();
    to_raw(m, found);
    return found;
}

// ---- Addresses in Base64 and in hexadecimal digits.

constexpr std::size_t coded_min = 8;  // characters: "a@b.co" has eight in Base64
constexpr std::size_t plain_address_min = 8;

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

// `value` returns the bits of a digit. Bits that do not fill a byte are dropped.
std::string decode_digits(std::string_view digits, unsigned bits_each, int (*value)(char)) {
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : digits) {
        bits = (bits << bits_each) | static_cast<std::uint32_t>(value(c));
        count += bits_each;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count);
    }
    return bytes;
}

bool is_readable(std::string_view bytes) {
    return is_utf8(bytes) && std::none_of(bytes.begin(), bytes.end(),
                                          [](char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; });
}

// Whether bytes that are not all text contain an address: letters, digits and dots around an at sign, and a last label
// of letters. Random bytes almost never do.
bool holds_plain_address(std::string_view bytes) {
    const auto plain = [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '+'; };
    for (std::size_t at = bytes.find('@', 1); at < bytes.size(); at = bytes.find('@', at + 1)) {
        std::size_t begin = at, end = at + 1;
        while (begin > 0 && plain(bytes[begin - 1])) --begin;
        while (end < bytes.size() && plain(bytes[end])) ++end;
        const std::string_view domain = bytes.substr(at + 1, end - at - 1);
        const std::size_t dot = domain.rfind('.');
        if (begin == at || end - begin < plain_address_min || dot == 0 || dot == std::string_view::npos) continue;
        const std::string_view last = domain.substr(dot + 1);
        if (last.size() > 1 && std::all_of(last.begin(), last.end(), is_letter)) return true;
    }
    return false;
}

bool codes_an_address(std::string_view digits, unsigned bits_each, int (*value)(char)) {
    // The address may begin after other digits.
    const std::size_t digits_of_byte = bits_each == 4 ? 2 : 4;
    for (std::size_t skipped = 0; skipped < digits_of_byte && skipped < digits.size(); ++skipped) {
        const std::string bytes = decode_digits(digits.substr(skipped), bits_each, value);
        if (holds_plain_address(bytes)) return true;
        if (skipped == 0 && is_readable(bytes) && !addresses_in(bytes).empty()) return true;
    }
    return false;
}

void find_coded_addresses(std::string_view text, std::vector<span_of_text>& found) {
    const auto find_words = [&](unsigned bits_each, int (*value)(char)) {
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = at;
            while (end < text.size() && value(text[end]) >= 0) ++end;
            if (end - at >= coded_min && codes_an_address(text.substr(at, end - at), bits_each, value))
                found.push_back({at, end});
            at = end + 1;
        }
    };
    find_words(6, base64_value);
    find_words(4, hex_value);
}

// ---- Secrets.

std::string to_base64(std::string_view bytes, bool for_urls) {
    const std::string_view digits = for_urls ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                                             : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += digits[(bits >> (count - 6)) & 63U];
    }
    return out;  // without the last character, which depends on the following bytes
}

std::string to_hex(std::string_view bytes, std::string_view digits) {
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

struct known_writing {
    std::string text;
    bool within_base64 = false;  // the whole word around it is Base64
};

struct secret_set {
    std::vector<std::string> secrets;  // oldest first
    std::array<std::vector<known_writing>, 256> by_first_byte;

    void add(const std::string& text, bool within_base64) {
        by_first_byte[static_cast<unsigned char>(text[0])].push_back({text, within_base64});
    }
    void write(const std::string& secret) {
        add(secret, false);
        for (const char* digits : {"0123456789abcdef", "0123456789ABCDEF"}) add(to_hex(secret, digits), false);
        // The secret may begin at any of three offsets within a group of Base64 characters.
        for (const std::size_t before : {0U, 1U, 2U})
            for (const bool for_urls : {false, true}) {
                const std::string coded = to_base64(std::string(before, 'x') + secret, for_urls);
                add(coded.substr(before == 0 ? 0 : before + 1), true);
            }
    }
};

std::mutex secrets_mutex;
std::shared_ptr<const secret_set> known_secrets = std::make_shared<secret_set>();

std::shared_ptr<const secret_set> current_secrets() {
    const std::lock_guard lock(secrets_mutex);
    return known_secrets;
}

// The longest encoded secret at `at`; an empty span: there is none.
span_of_text find_writing(const secret_set& known, std::string_view text, std::size_t at) {
    span_of_text found{at, at};
    for (const known_writing& each : known.by_first_byte[static_cast<unsigned char>(text[at])]) {
        if (!text.substr(at).starts_with(each.text)) continue;
        span_of_text here{at, at + each.text.size()};
        if (each.within_base64) {
            while (here.begin > 0 && in_base64(text[here.begin - 1])) --here.begin;
            while (here.end < text.size() && in_base64(text[here.end])) ++here.end;
        }
        if (here.end - here.begin > found.end - found.begin) found = here;
    }
    return found;
}

void find_secrets_in(const secret_set& known, std::string_view text, std::vector<span_of_text>& found) {
    for (std::size_t at = 0; at < text.size();) {
        const span_of_text here = find_writing(known, text, at);
        if (here.end > here.begin) found.push_back(here);
        at = std::max(here.end, at + 1);
    }
}

// Finds what looks like a token. The word before it ("Bearer ") is not included.
void find_tokens_in(std::string_view text, std::vector<span_of_text>& found) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at > 0 && is_alnum(text[at - 1])) continue;
        const std::string_view rest = text.substr(at);
        std::size_t begin = 0, kept = 0;
        if (starts_with_ignoring_case(rest, "pat-")) {
            begin = 4;
        } else if (starts_with_ignoring_case(rest, "bearer")) {
            begin = rest.find_first_not_of(" \t:=", 6);
            if (begin == std::string_view::npos || begin == 6) continue;
            kept = begin;
        } else {
            continue;
        }
        std::size_t end = begin;
        while (end < rest.size() && in_token(rest[end])) ++end;
        if (end - begin < token_min) continue;
        found.push_back({at + kept, at + end});
        at += end - 1;
    }
}

// Sorts spans and joins those that overlap.
std::vector<span_of_text> merged(std::vector<span_of_text> all) {
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
    std::vector<span_of_text> out;
    for (const span_of_text& each : all) {
        if (each.begin == each.end) continue;
        if (out.empty() || each.begin >= out.back().end) {
            out.push_back(each);
            continue;
        }
        out.back().end = std::max(out.back().end, each.end);
    }
    return out;
}

std::vector<span_of_text> secrets_of(std::string_view text, const meaning& m) {
    const std::shared_ptr<const secret_set> known = current_secrets();
    if (known->secrets.empty()) return {};
    std::vector<span_of_text> raw, meant;
    find_secrets_in(*known, text, raw);
    if (m.text.size() != text.size()) {
        find_secrets_in(*known, m.text, meant);
        to_raw(m, meant);
        raw.insert(raw.end(), meant.begin(), meant.end());
    }
    return merged(std::move(raw));
}

}  // namespace

std::vector<span_of_text> find_secrets(std::string_view text) { return secrets_of(text, meaning(text)); }

std::vector<span_of_text> find_private(std::string_view text) {
    const meaning m(text);
    std::vector<span_of_text> all = address_finder(m).find();
    find_tokens_in(m.text, all);
    to_raw(m, all);
    if (m.text.size() != text.size()) find_tokens_in(text, all);
    find_coded_addresses(text, all);
    const std::vector<span_of_text> secrets = secrets_of(text, m);
    all.insert(all.end(), secrets.begin(), secrets.end());
    return merged(std::move(all));
}

std::string_view cut_private(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    const std::string_view view = text.substr(0, most + look_ahead);
    std::size_t end = cut_utf8(view, most).size();
    for (const span_of_text& each : find_private(view))
        if (each.begin < end && end < each.end) end = each.begin;
    if (view.size() < text.size()) {
        // A word that reaches the end of the view may be the beginning of a very long address.
        const meaning m(view);
        address_finder words(m);
        words.find();
        end = std::min(end, m.begin[words.last_word()]);
    }
    return view.substr(0, end);
}

void register_secret(std::string_view secret) {
    if (secret.size() < secret_min) return;
    const std::lock_guard lock(secrets_mutex);
    const auto& old = known_secrets->secrets;
    if (std::find(old.begin(), old.end(), secret) != old.end()) return;
    auto next = std::make_shared<secret_set>();
    next->secrets = old;
    if (next->secrets.size() == secrets_max) next->secrets.erase(next->secrets.begin());
    next->secrets.emplace_back(secret);
    for (const std::string& each : next->secrets) next->write(each);
    known_secrets = std::move(next);
}

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

// C0, DEL, C1, line and paragraph separators, and all characters that change the writing direction.
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

// Collects escaped text up to a bound. Adds only whole characters and whole escapes.
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
    std::size_t written = 0;  // the text before this position is in `out`
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
    std::size_t kept = 0;  // the text before this position is in `masked`
    for (const span_of_text& each : secrets) {
        masked.append(text, kept, each.begin - kept).append(mask);
        kept = each.end;
    }
    masked.append(text, kept);
    return masked;
}

}  // namespace consent_sync::base
