// consent-sync pause, resume, retry, release, refuse: requests to the running daemon over its control socket.
#include <iostream>
#include <string>
#include <vector>

#include "base/redact.hpp"
#include "observe/control_client.hpp"
#include "options.hpp"

namespace consent_sync::daemon {
namespace {

using observe::control_command;

constexpr auto steer_patience = std::chrono::seconds(600);  // a scan of a large ledger takes its time

const char* what_it_does(control_command c) {
    switch (c) {
        case control_command::pause: return "consent-sync pause [REASON]: stop sending until resume; outlasts restarts";
        case control_command::resume:
            return "consent-sync resume: end the pause, and look at once whether others can end";
        case control_command::retry:
            return "consent-sync retry FILE-ID: send the rejected and unconfirmed rows of a done file again, in their place";
        case control_command::release:
            return "consent-sync release FILE-ID: send the rows of a held file, or of one whose content was dropped before";
        case control_command::refuse:
            return "consent-sync refuse FILE-ID [REASON]: send a held file back; its opt-outs go their way";
        case control_command::reload:
        case control_command::status:
        case control_command::subscriptions: break;
    }
    return "";
}

// Joins the remaining arguments to one text.
std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < words.size(); ++i) text += (text.empty() ? "" : " ") + words[i];
    return text;
}

}  // namespace

int steer(control_command command, int argc, char** argv) {
    const std::string name(observe::name(command));
    po::options_description options(what_it_does(command));
    add_common(options);
    po::options_description hidden;
    hidden.add_options()("words", po::value<std::vector<std::string>>());
    po::positional_options_description places;
    places.add("words", -1);
    const parsed_options parsed = parse_options(name.c_str(), argc, argv, options, hidden, places);
    if (parsed.exit) return *parsed.exit;
    std::vector<std::string> words;
    if (parsed.given.count("words") > 0) words = parsed.given["words"].as<std::vector<std::string>>();
    observe::control_request request;
    request.command = command;
    if (observe::needs_file(command)) {
        const auto file = observe::parse_file_id(words.empty() ? "" : words[0]);
        if (!file) {
            std::cerr << "consent-sync " << name << ": " << file.error().message << "\n" << options;
            return exit_usage;
        }
        request.file = *file;
        words.erase(words.begin());
    }
    if (!words.empty() && command != control_command::pause && command != control_command::refuse) {
        std::cerr << "consent-sync " << name << ": too many arguments\n" << options;
        return exit_usage;
    }
    request.words = joined(words, 0);
    const std::string path = parsed.given["config"].as<std::string>();
    const auto settings = load_for_looking(name.c_str(), path);
    if (!settings) return exit_faults;
    request.state_dir = settings->state_dir;
    const auto reply = observe::ask_daemon(observe::control_socket_places(*settings, path), request, steer_patience);
    if (!reply) {
        const bool down = reply.error().code == base::errc::not_found;
        std::cerr << "consent-sync " << name << ": "
                  << (down ? "the daemon does not run, or keeps its socket elsewhere (control.socket in the "
                             "configuration): start it, then ask again"
                           : reply.error().message)
                  << "\n";
        return exit_failed;
    }
    (reply->ok ? std::cout : std::cerr) << (reply->ok ? "" : "consent-sync " + name + ": ")
                                        << base::escape_controls(reply->words) << "\n";
    return reply->ok ? exit_done : exit_failed;
}

}  // namespace consent_sync::daemon
