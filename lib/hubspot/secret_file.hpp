// Reads a secret (a token, a client secret) from a file of the operator or a systemd credential.
//
// The file must be a regular file that others can neither read nor write; its group may, because a service's
// secrets are commonly root:service 0640. Links are followed: Kubernetes mounts secrets as links. What was
// read is registered as a secret, so that no log line can show it. Errors: not_found, io, invalid_input, each
// with the remedy; an error never repeats a byte of the content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace consent_sync::hubspot {

inline constexpr std::size_t secret_bytes_max = 4096;

// Tells one state of a file from another without reading it.
struct file_stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  // ctime: also a change of owner or mode, which may be the remedy
    bool operator==(const file_stamp&) const = default;
};

struct secret {
    std::string text;  // visible ASCII, white space at both ends removed
    file_stamp stamp;  // taken before it was read, so that a later change shows
};

// `option` is the name in the configuration ("hubspot.token_file"), for the error.
base::result<secret> read_secret_file(const std::string& path, std::string_view option);

// Nothing: there is no such file, or it cannot be looked at.
std::optional<file_stamp> stamp_file(const std::string& path);

// What HTTP headers and forms can carry of a secret: visible ASCII, 1 to `secret_bytes_max` bytes.
bool is_secret_text(std::string_view text);

}  // namespace consent_sync::hubspot
