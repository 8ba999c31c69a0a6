// consent-sync status: what the daemon does, live over its control socket, or from the ledger while it is down.
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "config/folders.hpp"
#include "ledger/status_queries.hpp"
#include "observe/control_client.hpp"
#include "observe/snapshot_json.hpp"
#include "observe/status_text.hpp"
#include "options.hpp"

namespace consent_sync::daemon {
namespace {

constexpr auto patience = std::chrono::seconds(10);
constexpr auto redraw_every = std::chrono::seconds(1);
constexpr auto line_every = std::chrono::seconds(10);  // without a terminal
constexpr const char* clear_screen = "\x1b[H\x1b[2J";

base::result<observe::snapshot> from_daemon(const config::settings& settings, const std::string& config_path) {
    observe::control_request request;
    request.state_dir = settings.state_dir;
    auto reply = observe::ask_daemon(observe::control_socket_places(settings, config_path), request, patience);
    if (!reply) return reply.error();
    if (!reply->ok) return base::error{base::errc::io, reply->words};
    return observe::from_json(reply->status);
}

base::result<observe::snapshot> from_files(const config::settings& settings) {
    const std::string path = config::derive_folders(settings).ledger;
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 && errno == ENOENT)
        return base::error{base::errc::not_found, "the daemon does not run, and there is no ledger at " + path +
                                                      ": it never ran with this configuration"};
    if (::access(path.c_str(), R_OK) != 0)
        return base::error{base::errc::io, "the daemon does not run, and its ledger " + path +
                                               " cannot be read: only root and " + owner_of(path) + " may"};
    auto reader = ledger::status_reader::open(path);
    if (!reader) return reader.error();
    const auto picture = (*reader)->read(observe::listed_files_max);
    if (!picture) return picture.error();
    observe::snapshot s = observe::from_ledger(*picture, std::chrono::system_clock::now());
    s.version = CONSENT_SYNC_VERSION;
    s.account = settings.account;
    s.state_dir = settings.state_dir;
    s.ledger_bytes = static_cast<std::uint64_t>(found.st_size);
    return s;
}

base::result<observe::snapshot> take(const config::settings& settings, const std::string& config_path) {
    auto live = from_daemon(settings, config_path);
    if (live || live.error().code != base::errc::not_found) return live;
    return from_files(settings);
}

observe::text_style style_of(bool terminal) {
    observe::text_style style;
    style.colour = terminal && !std::getenv("NO_COLOR");
    const char* language = std::getenv("LC_ALL") ? std::getenv("LC_ALL") : std::getenv("LANG");
    style.blocks = terminal && language && std::string(language).find("UTF-8") != std::string::npos;
    winsize size{};
    if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        style.width = size.ws_col;
        style.files = size.ws_row > 16 ? size.ws_row - 14u : 3u;
    } else {
        style.width = 200;
        style.files = observe::listed_files_max;
    }
    return style;
}

}  // namespace

int status(int argc, char** argv) {
    po::options_description options("consent-sync status: what the daemon is doing; from its ledger while it is down");
    add_common(options);
    options.add_options()("json", "as JSON (its schema: lib/observe/README.md)")("watch", "again and again, until Ctrl-C");
    const parsed_options parsed = parse_options("status", argc, argv, options);
    if (parsed.exit) return *parsed.exit;
    const std::string path = parsed.given["config"].as<std::string>();
    const auto settings = load_for_looking("status", path);
    if (!settings) return exit_faults;
    const bool json = parsed.given.count("json") > 0;
    const bool watch = parsed.given.count("watch") > 0;
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    while (true) {
        const auto s = take(*settings, path);
        if (!s && !watch) {
            std::cerr << "consent-sync status: " << s.error().message << "\n";
            return exit_failed;
        }
        std::string text;
        if (!s)
            text = s.error().message + "\n";
        else if (json)
            text = boost::json::serialize(observe::to_json(*s, observe::file_names::shown)) + "\n";
        else
            text = observe::format_status(*s, style_of(terminal));
        if (watch && terminal && !json) text.insert(0, clear_screen);
        std::cout << text << std::flush;
        if (!watch) return exit_done;
        if (!std::cout) return exit_done;  // whoever read it has gone
        std::this_thread::sleep_for(terminal ? redraw_every : line_every);
    }
}

}  // namespace consent_sync::daemon
