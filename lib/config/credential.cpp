#include "config/credential.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace consent_sync::config {
namespace {

constexpr std::string_view service_suffix = ".service";

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

// The folder of systemd is /run/credentials/UNIT.
std::optional<credential> find_credential(std::string_view file, std::string_view folder) {
    while (folder.ends_with('/')) folder.remove_suffix(1);
    if (folder.empty() || !file.starts_with(folder)) return std::nullopt;
    const std::string_view below = file.substr(folder.size());
    if (below.size() < 2 || below.front() != '/' || below.find('/', 1) != std::string_view::npos) return std::nullopt;
    credential found{std::string(below.substr(1)), std::string(last_part(folder)), {}};
    std::string account = found.unit;
    if (account.ends_with(service_suffix)) account.resize(account.size() - service_suffix.size());
    std::replace(account.begin(), account.end(), '@', '.');
    found.store = fmt::format("/etc/credstore/{}.{}", account, found.name);
    return found;
}

std::string how_to_replace(const credential& c, std::string_view what) {
    return fmt::format("put {} into {} (or wherever the unit's LoadCredential= looks), then systemctl restart {}", what,
                       c.store, c.unit);
}

}  // namespace consent_sync::config
