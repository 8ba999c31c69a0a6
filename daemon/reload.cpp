// consent-sync reload: makes the running daemon read its configuration again, and prints the result. The unit's
// ExecReload= runs it: unlike a signal, it ends when the reload is over, and fails if the configuration was refused.
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/redact.hpp"
#include "observe/control_client.hpp"
#include "options.hpp"

namespace consent_sync::daemon {
namespace {

constexpr auto reload_patience = std::chrono::seconds(60);

// The configuration on disk is not judged yet: it may be faulty, or name another socket than the running daemon has.
std::vector<std::string> places(const base::result<config::settings>& now, const std::string& path) {
    std::vector<std::string> all;
    if (now) all = observe::control_socket_places(*now, path);
    for (std::string& usual : observe::control_socket_places(config::settings(), path)) all.push_back(std::move(usual));
    return all;
}

// One fault per line.
void print(std::ostream& out, const std::string& words) {
    std::istringstream lines(words);
    for (std::string line; std::getline(lines, line);) out << base::escape_controls(line) << "\n";
}

}  // namespace

int reload(int argc, char** argv) {
    po::options_description options(
        "consent-sync reload: read the configuration again; refused as a whole if it has a fault");
    add_common(options);
    const parsed_options parsed = parse_options("reload", argc, argv, options);
    if (parsed.exit) return *parsed.exit;
    const std::string path = parsed.given["config"].as<std::string>();
    config::load_options how;
    how.need_credentials = false;
    const auto now = config::load_settings(path, how);
    observe::control_request request;
    request.command = observe::control_command::reload;
    request.config = std::filesystem::absolute(path).string();
    const auto reply = observe::ask_daemon(places(now, path), request, reload_patience);
    if (reply) {
        print(reply->ok ? std::cout : std::cerr, (reply->ok ? "" : "consent-sync reload: refused: ") + reply->words);
        return reply->ok ? exit_done : exit_faults;
    }
    // Without its socket the daemon cannot be asked. It would refuse a faulty configuration, too.
    if (!now) {
        print(std::cerr, "consent-sync reload: refused: " + now.error().message + "\nnothing is changed");
        return exit_faults;
    }
    std::cerr << "consent-sync reload: "
              << (reply.error().code == base::errc::not_found ? "no daemon runs with " + path : reply.error().message)
              << "\n";
    return exit_failed;
}

}  // namespace consent_sync::daemon
