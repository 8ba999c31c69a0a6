#include "secret_files.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "hubspot/secret_file.hpp"

namespace consent_sync::daemon {
namespace {

constexpr int groups_max = 256;

// Judged by the mode only: a file with an ACL counts as readable.
bool may_read(const passwd& user, const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0 || ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) >= 0)
        return true;
    gid_t groups[groups_max];
    int count = groups_max;
    if (::getgrouplist(user.pw_name, user.pw_gid, groups, &count) < 0) return true;
    if (file.st_uid == user.pw_uid) return (file.st_mode & S_IRUSR) != 0;
    const bool member = std::find(groups, groups + count, file.st_gid) != groups + count;
    return (file.st_mode & (member ? S_IRGRP : S_IROTH)) != 0;
}

std::optional<std::string> find_fault(const std::string& path, const char* option, const passwd* service) {
    if (path.empty() || (::access(path.c_str(), R_OK) != 0 && errno == EACCES)) return std::nullopt;
    const auto read = hubspot::read_secret_file(path, option);
    if (!read) return read.error().message;
    if (service == nullptr || may_read(*service, path)) return std::nullopt;
    const group* const group = ::getgrgid(service->pw_gid);
    return fmt::format("{0}: {1} cannot be read by {2}, which the service runs as: chgrp {3} {1}; chmod 640 {1}",
                       option, path, service->pw_name, group != nullptr ? group->gr_name : "GROUP");
}

}  // namespace

std::vector<std::string> find_secret_faults(const config::settings& settings) {
    struct stat state {};
    const bool for_service = ::geteuid() == 0 && ::stat(settings.state_dir.c_str(), &state) == 0 && state.st_uid != 0;
    const passwd* const service = for_service ? ::getpwuid(state.st_uid) : nullptr;
    std::vector<std::string> faults;
    const auto judge = [&](const std::string& path, const char* option) {
        if (auto fault = find_fault(path, option, service)) faults.push_back(std::move(*fault));
    };
    if (const auto& oauth = settings.hubspot.oauth) {
        judge(oauth->client_secret_file, "hubspot.oauth.client_secret_file");
        judge(oauth->refresh_token_file, "hubspot.oauth.refresh_token_file");
    } else {
        judge(settings.hubspot.token_file, "hubspot.token_file");
    }
    return faults;
}

}  // namespace consent_sync::daemon
