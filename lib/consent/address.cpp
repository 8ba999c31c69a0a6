#include "consent/address.hpp"

#include <idn2.h>
#include <unicase.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/utf8.hpp"
#include "consent/key.hpp"

namespace consent_sync::consent {
namespace {

constexpr std::size_t domain_bytes_max = 1024;  // a longer one is not a domain, and not worth the work

bool is_beyond_ascii(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }
bool has_beyond_ascii(std::string_view text) { return std::any_of(text.begin(), text.end(), is_beyond_ascii); }

struct freed {
    void operator()(void* memory) const { std::free(memory); }
};

// In small letters, composed.
std::string fold(std::string_view text) {
    if (!has_beyond_ascii(text) || !base::is_utf8(text)) return lower(text);
    std::size_t size = 0;
    const std::unique_ptr<std::uint8_t, freed> small(u8_tolower(reinterpret_cast<const std::uint8_t*>(text.data()),
                                                                text.size(), nullptr, UNINORM_NFC, nullptr, &size));
    if (!small) return lower(text);
    return {reinterpret_cast<const char*>(small.get()), size};
}

std::optional<std::string> to_ascii(std::string_view domain) {
    if (domain.empty() || domain.size() > domain_bytes_max || domain.find('\0') != std::string_view::npos)
        return std::nullopt;
    char* made = nullptr;
    const int failed = idn2_to_ascii_8z(std::string(domain).c_str(), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, freed> ascii(made);
    if (failed != IDN2_OK) return std::nullopt;
    return lower(ascii.get());
}

std::string normal_domain(std::string_view domain) {
    if (auto whole = to_ascii(domain)) return *whole;
    std::string normal;
    for (std::size_t begin = 0; begin <= domain.size();) {
        const std::string_view label = domain.substr(begin, domain.find('.', begin) - begin);
        const auto ascii = is_plain_address(label) ? std::nullopt : to_ascii(label);
        if (begin > 0) normal += '.';
        normal += ascii ? *ascii : fold(label);
        begin += label.size() + 1;
    }
    return normal;
}

}  // namespace

bool is_plain_address(std::string_view address) {
    return !has_beyond_ascii(address) && lower(address).find("xn--") == std::string::npos;
}

std::string normal_address(std::string_view address) {
    if (is_plain_address(address)) return lower(address);
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos) return fold(address);
    std::string normal = fold(address.substr(0, at)) + '@';
    const std::string_view domain = address.substr(at + 1);
    return normal += is_plain_address(domain) ? lower(domain) : normal_domain(domain);
}

}  // namespace consent_sync::consent
