#include "hubspot/refresh_token_keeper.hpp"

#include <openssl/evp.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <utility>

#include "base/file.hpp"
#include "base/log.hpp"
#include "hubspot/json_object.hpp"
#include "hubspot/secret_file.hpp"

namespace consent_sync::hubspot {
namespace {

constexpr const char* origin_field = "configured_sha256";
constexpr const char* token_field = "refresh_token";

std::string sha256_hex(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL has no SHA-256");
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        hex += digits[hash[i] >> 4];
        hex += digits[hash[i] & 0xf];
    }
    return hex;
}

// The token of the stored document, if it descends from the configured one; else empty.
std::string read_document(std::string_view document, std::string_view configured) {
    const auto object = parse_object(document);
    if (!object || find_text(*object, origin_field) != sha256_hex(configured)) return "";
    std::string token = find_text(*object, token_field);
    return is_secret_text(token) ? token : "";
}

}  // namespace

store_document make_refresh_token_store(std::string state_folder) {
    return [folder = std::move(state_folder)](std::string_view document) {
        return base::write_file_atomically(folder, std::string(refresh_token_file_name), document, 0600);
    };
}

refresh_token_keeper::refresh_token_keeper(std::string configured, std::string_view stored, store_document store)
    : configured_(std::move(configured)), current_(read_document(stored, configured_)), store_(std::move(store)) {
    if (current_.empty()) current_ = configured_;
    base::register_secret(current_);
}

base::result<void> refresh_token_keeper::rotated(std::string_view token) {
    if (token != current_) {
        base::register_secret(token);
        current_ = token;
        stored_ = false;
    }
    return store_again();
}

base::result<void> refresh_token_keeper::store_again() {
    if (stored_) return {};
    boost::json::object document;
    document[origin_field] = sha256_hex(configured_);
    document[token_field] = current_;
    const auto written = store_(boost::json::serialize(document) + "\n");
    if (!written)
        return base::error{written.error().code,
                           "the refresh token that HubSpot has just replaced is not on disk, and a restart now would "
                           "lose the access to the account: " +
                               written.error().message};
    stored_ = true;
    return {};
}

bool refresh_token_keeper::configured_again(std::string_view configured) {
    if (configured == configured_) return false;
    configured_ = configured;
    current_ = configured;
    stored_ = true;  // the operator's file holds it
    base::register_secret(current_);
    return true;
}

}  // namespace consent_sync::hubspot
