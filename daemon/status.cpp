// consent-sync status: the state of the daemon, over its control socket, or from the ledger while it is down.
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include "config/folders.hpp"
#include "ledger/status_queries.hpp"
#include "observe/control_client.hpp"
#include "observe/snapshot_json.hpp"
#include "observe/status_text.hpp"
#include "options.hpp"

namespace consent_sync::daemon {
namespace {

constexpr auto status_patience = std::chrono::seconds(10);
constexpr auto redraw_every = std::chrono::seconds(1);
constexpr auto line_every = std::chrono::seconds(10);  // without a terminal
constexpr const char* clear_screen = "\x1b[H\x1b[2J";
constexpr const char* home = "\x1b[H";
constexpr const char* clear_line = "\x1b[K";
constexpr const char* clear_below = "\x1b[J";

base::result<observe::snapshot> from_daemon(const config::settings& settings, const std::string& config_path) {
    observe::control_request request;
    request.state_dir = settings.state_dir;
    auto reply = observe::ask_daemon(observe::control_socket_places(settings, config_path), request, status_patience);
    if (!reply) return reply.error();
    if (!reply->ok) return base::error{base::errc::io, reply->words};
    return observe::from_json(reply->status);
}

base::result<observe::snapshot> from_files(const config::settings& settings) {
    const config::folders paths = config::derive_folders(settings);
    const std::string& path = paths.ledger;
    if (::access(path.c_str(), R_OK) != 0) {
        if (errno == ENOENT)
            return base::error{base::errc::not_found,
                               "the daemon does not run, and there is no ledger at " + path +
                                   ": it never ran with this configuration. Start it, or see state_dir"};
        return base::error{base::errc::io, "the daemon does not run, and its ledger " + path +
                                               " cannot be read: " + who_may_read(path)};
    }
    auto reader = ledger::status_reader::open(path);
    if (!reader) return reader.error();
    const auto picture = (*reader)->read(observe::listed_files_max);
    if (!picture) return picture.error();
    observe::snapshot s = observe::from_ledger(*picture, std::chrono::system_clock::now());
    s.version = CONSENT_SYNC_VERSION;
    s.account = settings.account;
    s.state_dir = settings.state_dir;
    observe::add(s, observe::look_around(paths));
    return s;
}

base::result<observe::snapshot> take(const config::settings& settings, const std::string& config_path) {
    auto live = from_daemon(settings, config_path);
    if (live || live.error().code != base::errc::not_found) return live;
    return from_files(settings);
}

observe::text_style style_of(bool terminal, bool one_screen) {
    observe::text_style style;
    style.colour = terminal && !std::getenv("NO_COLOR");
    const char* language = std::getenv("LC_ALL") ? std::getenv("LC_ALL") : std::getenv("LANG");
    style.blocks = terminal && language && std::string(language).find("UTF-8") != std::string::npos;
    winsize size{};
    style.width = 200;
    if (!terminal || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return style;
    style.width = size.ws_col;
    if (one_screen && size.ws_row > 1) style.rows = size.ws_row - 1u;  // the cursor has the last one
    return style;
}

// Overwrites the screen: clearing it first would flicker.
std::string drawn_over(const std::string& text) {
    std::string out = home;
    for (const char c : text) out += c == '\n' ? clear_line + std::string("\n") : std::string(1, c);
    return out + clear_below;
}

}  // namespace

int status(int argc, char** argv) {
    po::options_description options("consent-sync status: what the daemon is doing; from its ledger while it is down");
    add_common(options);
    options.add_options()("json", "as JSON (its members: /usr/share/doc/consent-sync/monitoring.md)")(
        "watch", "again and again, until Ctrl-C");
    const parsed_options parsed = parse_options("status", argc, argv, options);
    if (parsed.exit) return *parsed.exit;
    const std::string path = parsed.given["config"].as<std::string>();
    const auto settings = load_for_looking("status", path);
    if (!settings) return exit_faults;
    const bool json = parsed.given.count("json") > 0;
    const bool watch = parsed.given.count("watch") > 0;
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    bool cleared = false;
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
            text = observe::format_status(*s, style_of(terminal, watch));
        if (watch && terminal && !json) {
            if (!std::exchange(cleared, true)) std::cout << clear_screen;
            text = drawn_over(text);
        }
        std::cout << text << std::flush;
        if (!watch) return exit_done;
        if (!std::cout) return exit_done;  // whoever read it has gone
        std::this_thread::sleep_for(terminal ? redraw_every : line_every);
    }
}

}  // namespace consent_sync::daemon
