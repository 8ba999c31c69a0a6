#include "base/redact.hpp"
#include "base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "base/log.hpp"

namespace consent_sync::base {
namespace {

constexpr std::size_t read_max = 16'384;
constexpr std::size_t secret_min = 8;  // a shorter secret would mask ordinary words
constexpr std::size_t token_min = 8;   // of the characters that follow "Bearer " or "pat-na1-"
constexpr std::string_view mask = "***";

struct secret_set {
    std::vector<std::string> secrets;
    std::array<bool, 256> starts{};  // is there a secret with this first byte
};

std::mutex secrets_mutex;
std::shared_ptr<const secret_set> known_secrets = std::make_shared<secret_set>();

std::shared_ptr<const secret_set> current_secrets() {
    const std::lock_guard lock(secrets_mutex);
    return known_secrets;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_alnum(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_hex(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }
bool in_local_part(char c) {
    return is_alnum(c) || is_high(c) || std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) != std::string_view::npos;
}
bool in_domain(char c) { return is_alnum(c) || is_high(c) || c == '.' || c == '-' || c == '_'; }
bool in_token(char c) { return is_alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos; }

bool starts_with_ignoring_case(std::string_view text, std::string_view lowered) {
    return text.size() >= lowered.size() &&
           std::equal(lowered.begin(), lowered.end(), text.begin(), [](char a, char b) { return a == to_lower(b); });
}

std::size_t at_sign_length(std::string_view text) {
    static constexpr std::array<std::string_view, 7> spellings = {"@",     "%40",    "%2540",       "\\u0040",
                                                                  "&#64;", "&#x40;", "\xef\xbc\xa0"};
    if (text.empty() || std::string_view("@%\\&\xef").find(text[0]) == std::string_view::npos) return 0;
    for (const std::string_view spelling : spellings) {
        if (starts_with_ignoring_case(text, spelling)) return spelling.size();
    }
    return 0;
}

// From behind an at sign to the end of the address: domains, IP literals, percent-encoded characters, more at
// signs.
std::size_t domain_end(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const std::string_view rest = text.substr(at);
        const bool encoded = rest.size() >= 3 && rest[0] == '%' && is_hex(rest[1]) && is_hex(rest[2]);
        if (const std::size_t sign = at_sign_length(rest)) {
            at += sign;
        } else if (encoded) {
            at += 3;
        } else if (in_domain(rest[0])) {
            ++at;
        } else if (const std::size_t close = rest.substr(0, 64).find(']');
                   rest[0] == '[' && close != std::string_view::npos) {
            at += close + 1;
        } else {
            break;
        }
    }
    return at;
}

// "john smith"@… : where the quoted local part begins, if one ends right before `at`.
std::size_t quoted_local_start(std::string_view text, std::size_t from, std::size_t at) {
    if (at == from || text[at - 1] != '"') return at;
    const std::size_t open = at < 2 ? std::string_view::npos : text.rfind('"', at - 2);
    return open == std::string_view::npos || open < from ? at : open;
}

// The length of a secret at `at`, or of a token; `kept` is how much of its beginning may be shown ("Bearer
// ").
struct found_secret {
    std::size_t length = 0;
    std::size_t kept = 0;
};

found_secret find_token(std::string_view text, std::size_t at) {
    if (at > 0 && is_alnum(text[at - 1])) return {};
    const std::string_view rest = text.substr(at);
    std::size_t begin = 0;
    std::size_t kept = 0;
    if (starts_with_ignoring_case(rest, "pat-")) {
        begin = 4;
    } else if (starts_with_ignoring_case(rest, "bearer")) {
        begin = rest.find_first_not_of(" \t:=", 6);
        if (begin == std::string_view::npos || begin == 6) return {};
        kept = begin;
    } else {
        return {};
    }
    std::size_t end = begin;
    while (end < rest.size() && in_token(rest[end])) ++end;
    return end - begin < token_min ? found_secret{} : found_secret{end, kept};
}

// The length of the longest registered secret at `at`; 0: none.
std::size_t registered_length(const secret_set& known, std::string_view text, std::size_t at) {
    if (!known.starts[static_cast<unsigned char>(text[at])]) return 0;
    std::size_t longest = 0;
    for (const std::string& secret : known.secrets) {
        if (secret.size() > longest && text.substr(at).starts_with(secret)) longest = secret.size();
    }
    return longest;
}

found_secret find_secret(const secret_set& known, std::string_view text, std::size_t at) {
    const std::size_t registered = registered_length(known, text, at);
    return registered > 0 ? found_secret{registered, 0} : find_token(text, at);
}

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
    const std::shared_ptr<const secret_set> known = current_secrets();
    const std::string_view text = whole.substr(0, read_max);
    bounded_text out(how, redacted_max);
    std::size_t written = 0;  // text before this is in `out`
    std::size_t word = 0;     // where the possible local part begins that ends at `at`
    std::size_t at = 0;
    const auto replace = [&](std::size_t from, std::size_t to) {
        out.append(text.substr(written, from - written));
        out.append(mask);
        written = word = at = to;
    };
    while (at < text.size() && !out.full()) {
        if (const found_secret secret = find_secret(*known, text, at); secret.length > 0) {
            replace(at + secret.kept, at + secret.length);
        } else if (const std::size_t sign = at_sign_length(text.substr(at)); sign > 0) {
            const std::size_t local = word < at ? word : quoted_local_start(text, written, at);
            if (local < at) {
                replace(local, domain_end(text, at + sign));
            } else {
                at += sign;
                word = at;
            }
        } else {
            at += 1;
            if (!in_local_part(text[at - 1])) word = at;
        }
    }
    if (whole.size() > read_max) {  // The last word may be the first half of an address.
        out.append(text.substr(written, std::max(word, written) - written));
        out.cut();
    } else {
        out.append(text.substr(written));
    }
    return out.take();
}

std::string redact(std::string_view text) { return redact(text, escape::controls); }

std::string escape_controls(std::string_view text) {
    bounded_text out(escape::controls, std::string_view::npos);
    out.append(text);
    return out.take();
}

std::string mask_secrets(std::string text) {
    const std::shared_ptr<const secret_set> known = current_secrets();
    std::string masked;
    std::size_t kept = 0;  // text before this is in `masked`
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = registered_length(*known, text, at);
        if (length > 0) {
            masked.append(text, kept, at - kept).append(mask);
            kept = at + length;
        }
        at += std::max<std::size_t>(length, 1);
    }
    if (kept == 0) return text;
    masked.append(text, kept);
    return masked;
}

void register_secret(std::string_view secret) {
    if (secret.size() < secret_min) return;
    const std::lock_guard lock(secrets_mutex);
    if (std::find(known_secrets->secrets.begin(), known_secrets->secrets.end(), secret) !=
        known_secrets->secrets.end()) {
        return;
    }
    auto next = std::make_shared<secret_set>();
    next->secrets = known_secrets->secrets;
    if (next->secrets.size() == secrets_max) next->secrets.erase(next->secrets.begin());
    next->secrets.emplace_back(secret);
    for (const std::string& each : next->secrets) next->starts[static_cast<unsigned char>(each[0])] = true;
    known_secrets = std::move(next);
}

}  // namespace consent_sync::base
