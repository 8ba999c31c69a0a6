#include "intake/content_hash.hpp"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/hex.hpp>
#include <cerrno>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "intake/open_for_reading.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {

base::result<std::string> hash_file(int fd, const std::atomic<bool>* stop, std::uint64_t most) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> digest(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free);
    if (digest == nullptr || ::EVP_DigestInit_ex(digest.get(), ::EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL has no SHA-256");
    const auto block = std::make_unique_for_overwrite<char[]>(block_bytes);
    for (off_t offset = 0; static_cast<std::uint64_t>(offset) < most;) {
        if (stop != nullptr && *stop) return base::error{base::errc::busy, "hashing was interrupted"};
        const auto size = std::min<std::uint64_t>(block_bytes, most - static_cast<std::uint64_t>(offset));
        const ssize_t got = ::pread(fd, block.get(), static_cast<std::size_t>(size), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return reading_error("reading the file for its SHA-256", errno);
        if (got == 0) break;
        ::EVP_DigestUpdate(digest.get(), block.get(), static_cast<std::size_t>(got));
        offset += got;
    }
    std::array<unsigned char, 32> sum{};
    ::EVP_DigestFinal_ex(digest.get(), sum.data(), nullptr);
    std::string hex;
    boost::algorithm::hex_lower(sum.begin(), sum.end(), std::back_inserter(hex));
    return hex;
}

}  // namespace consent_sync::intake
