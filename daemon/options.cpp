#include "options.hpp"

#include <pwd.h>
#include <sys/stat.h>

namespace consent_sync::daemon {

parsed_options parse_options(const char* command, int argc, char** argv, const po::options_description& visible,
                             const po::options_description& hidden, const po::positional_options_description& places) {
    po::options_description all;
    all.add(visible).add(hidden);
    parsed_options parsed;
    try {
        po::store(po::command_line_parser(argc, argv).options(all).positional(places).run(), parsed.given);
        po::notify(parsed.given);
    } catch (const po::error& e) {
        std::cerr << "consent-sync " << command << ": " << e.what() << "\n" << visible;
        parsed.exit = exit_usage;
        return parsed;
    }
    if (parsed.given.count("help") > 0) {
        std::cout << visible;
        parsed.exit = exit_done;
    }
    return parsed;
}

std::optional<config::settings> load_for_looking(const char* command, const std::string& path) {
    config::load_options how;
    how.need_credentials = false;
    auto settings = config::load_settings(path, how);
    if (settings) return std::move(*settings);
    std::cerr << "consent-sync " << command << ": " << settings.error().message << "\n";
    return std::nullopt;
}

// If the file cannot be looked at, the owner of its folder is taken.
std::string who_may_read(const std::string& path) {
    struct stat found {};
    for (std::string at = path; ::stat(at.c_str(), &found) != 0;) {
        const std::size_t slash = at.rfind('/');
        if (slash == std::string::npos || slash == 0) return "only root and the daemon's user may; ask as one of them";
        at.resize(slash);
    }
    if (found.st_uid == 0) return "only root may; ask with sudo";
    const passwd* user = ::getpwuid(found.st_uid);
    return "only root and " + (user ? std::string(user->pw_name) : std::string("user")) + " (uid " +
           std::to_string(found.st_uid) + ") may; ask as one of them, with sudo";
}

}  // namespace consent_sync::daemon
