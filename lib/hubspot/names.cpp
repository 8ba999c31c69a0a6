#include "hubspot/names.hpp"

#include "consent/key.hpp"

namespace consent_sync::hubspot {
namespace {

bool is_address_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || byte >= 0x80 || c == '_' || c == '-' || c == '+' ||
           c == '%';
}

// Whether what stands at `at` is an address of its own, and not a part of a longer one.
bool stands_alone(std::string_view text, std::size_t at, std::size_t length) {
    if (at > 0 && (is_address_byte(text[at - 1]) || text[at - 1] == '.')) return false;
    const std::size_t end = at + length;
    if (end < text.size() && is_address_byte(text[end])) return false;
    return end + 1 >= text.size() || text[end] != '.' || !is_address_byte(text[end + 1]);
}

// The word around the at sign, without the punctuation around it.
std::string_view word_around(std::string_view text, std::size_t sign) {
    constexpr std::string_view ends = " \t\r\n\v\f\"'<>()[]{},;:=|`";
    const std::size_t before = text.find_last_of(ends, sign);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    std::string_view word = text.substr(begin, text.find_first_of(ends, sign) - begin);
    while (!word.empty() && (word.back() == '.' || word.back() == '!' || word.back() == '?')) word.remove_suffix(1);
    return word;
}

}  // namespace

mention_finder::mention_finder(std::span<const consent::change> batch, const batch_index& index) : index_(index) {
    for (const consent::change& c : batch) addresses_.push_back(consent::lower(c.subscriber));
}

void mention_finder::find(std::string_view text, const std::function<void(std::uint32_t)>& found) const {
    if (text.find('@') == std::string_view::npos) return;
    const std::string lowered = consent::lower(text);
    for (std::size_t sign = lowered.find('@'); sign != std::string::npos; sign = lowered.find('@', sign + 1)) {
        index_.for_each(word_around(lowered, sign), found);
        for (std::uint32_t i = 0; i < addresses_.size(); ++i) {
            const std::string_view address = addresses_[i];
            const std::size_t local = address.rfind('@');
            if (local == std::string_view::npos || local > sign) continue;
            if (std::string_view(lowered).substr(sign - local, address.size()) == address &&
                stands_alone(lowered, sign - local, address.size()))
                found(i);
        }
    }
}

}  // namespace consent_sync::hubspot
