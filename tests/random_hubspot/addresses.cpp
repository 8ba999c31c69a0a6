#include "random_hubspot/addresses.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace consent_sync::random_hubspot {
namespace {

// Letters with two Unicode forms: one character, or a letter and combining marks.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> composed = {{
    {"\u00e9", "e\u0301"},
    {"\u00fc", "u\u0308"},
    {"\u00f6", "o\u0308"},
    {"\u00f1", "n\u0303"},
    {"\u00fa", "u\u0301"},
    {"\u1ec7", "e\u0323\u0302"},
    {"\uac01", "\u1100\u1161\u11a8"},
}};

// Labels of domains, as people write them and as the DNS stores them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> labels = {{
    {"b\u00fccher", "xn--bcher-kva"},
    {"\u00f1and\u00fa", "xn--and-6ma2c"},
    {"\u65e5\u672c\u8a9e", "xn--wgv71a119e"},
    {"stra\u00dfe", "xn--strae-oqa"},
}};

// Characters that look like another one but are different in every normal form.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> alike = {{
    {"a", "\u0430"},  // Cyrillic
    {"e", "\u0435"},
    {"o", "\u03bf"},  // Greek
    {"i", "\u0131"},  // without its dot
    {"\u00e9", "e"},
    {"\u00fc", "u"},
    {"\u00df", "ss"},
}};

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

std::string ascii(std::string text, char first, char last, int shift) {
    for (char& c : text)
        if (c >= first && c <= last) c = static_cast<char>(c + shift);
    return text;
}
std::string lowered(std::string text) { return ascii(std::move(text), 'A', 'Z', 'a' - 'A'); }
std::string raised(std::string text) { return ascii(std::move(text), 'a', 'z', 'A' - 'a'); }

std::string_view trimmed(std::string_view text) {
    const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && space(text.front())) text.remove_prefix(1);
    while (!text.empty() && space(text.back())) text.remove_suffix(1);
    return text;
}

std::string spell_label(const std::string& domain, bool punycode) {
    std::string spelled;
    std::size_t from = 0;
    while (from <= domain.size()) {
        const std::size_t to = std::min(domain.find('.', from), domain.size());
        std::string label = domain.substr(from, to - from);
        for (const auto& [written, dns] : labels)
            if (label == (punycode ? written : dns)) label = punycode ? dns : written;
        spelled += (from > 0 ? "." : "") + label;
        from = to + 1;
    }
    return spelled;
}

}  // namespace

std::string plain_address(std::int64_t n) { return "p" + std::to_string(n) + "@example.org"; }

std::string foreign_address(std::int64_t n) {
    constexpr std::array<std::string_view, 6> ends = {"",        "\u00e9",      ".vi\u1ec7t", ".se\u00f1or",
                                                      ".\uac01", ".m\u00f6ller"};
    constexpr std::array<std::string_view, 6> domains = {
        "example.org",         "b\u00fccher.example", "mail.\u00f1and\u00fa.example", "\u65e5\u672c\u8a9e.example",
        "stra\u00dfe.example", "strasse.example"};
    const auto at = static_cast<std::size_t>(n);
    return "p" + std::to_string(n) + std::string(ends[at % ends.size()]) + "@" +
           std::string(domains[at / ends.size() % domains.size()]);
}

std::string one_spelling(std::string_view address) {
    std::string text = lowered(std::string(trimmed(address)));
    if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }) &&
        text.find("xn--") == std::string::npos)
        return text;
    for (const auto& [one, parts] : composed) text = replace_all(std::move(text), parts, one);
    const std::size_t at = text.rfind('@');
    if (at == std::string::npos) return text;
    return text.substr(0, at + 1) + spell_label(text.substr(at + 1), false);
}

bool same_address(std::string_view a, std::string_view b) { return a == b || one_spelling(a) == one_spelling(b); }

std::string respell(const std::string& address, chance& luck) {
    std::string text = address;
    if (luck.of(0.5))
        for (const auto& [one, parts] : composed) {
            const bool apart = luck.of(0.5);
            text = apart ? replace_all(std::move(text), one, parts) : replace_all(std::move(text), parts, one);
        }
    if (luck.of(0.5)) {
        // Punycode has only one form.
        const std::size_t at = text.rfind('@');
        const std::string domain = one_spelling("x@" + text.substr(at + 1)).substr(2);
        text = text.substr(0, at + 1) + spell_label(domain, luck.of(0.7));
    }
    switch (luck.between(0, 4)) {
        case 0: text = raised(std::move(text)); break;
        case 1:
            for (char& c : text)
                if (luck.of(0.3)) c = raised(std::string(1, c))[0];
            break;
        case 2: text = " " + text + "\t"; break;
        default: break;
    }
    return text;
}

std::string look_alike(const std::string& address, chance& luck) {
    const std::size_t at = address.rfind('@');
    std::string text = address;
    switch (luck.between(0, 8)) {
        case 0: text.insert(at, "1"); break;
        case 1: text.insert(1, "."); break;
        case 2: text.insert(at, "+news"); break;
        case 3: text.insert(at + 1, "mail."); break;
        case 4: text += ".net"; break;
        case 5: text += std::string(1, '\0'); break;
        case 6: text.insert(at, "\u200d"); break;
        case 7: text = "mailto:" + text; break;
        default: {
            std::vector<std::pair<std::string_view, std::string_view>> found;
            for (const auto& pair : alike)
                if (text.find(pair.first) != std::string::npos) found.push_back(pair);
            if (found.empty()) break;
            const auto& [one, other] = luck.pick(found);
            text.replace(text.find(one), one.size(), other);
        }
    }
    return same_address(text, address) ? "x" + text : text;
}

}  // namespace consent_sync::random_hubspot
