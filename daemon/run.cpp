// consent-sync run: the daemon.
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/log.hpp"
#include "commands.hpp"
#include "config/folders.hpp"
#include "service/run/application.hpp"
#include "service/operation/reloading.hpp"

namespace consent_sync::daemon {

namespace po = boost::program_options;

namespace {

constexpr auto journal_patience = std::chrono::milliseconds(500);

// journald finds the unit of an entry by the process that sent it. If the process is gone before the entry is read, the
// entry has no unit, and neither `journalctl -u` nor `systemctl status` shows why the start failed.
void let_journald_look() {
    if (base::logs_to_journal()) std::this_thread::sleep_for(journal_patience);
}

// One line per fault, as text or as journal entries with a priority.
void tell_faults(const std::string& faults) {
    base::set_up_log(base::log_format::automatic, base::level::info);
    if (!base::logs_to_journal()) {
        std::cerr << faults << "\n";
        return;
    }
    std::istringstream lines(faults);
    for (std::string fault; std::getline(lines, fault);)
        base::log_event(base::level::error, "config.refused", {{"words", fault}});
}

}  // namespace

int run(int argc, char** argv) {
    po::options_description options("consent-sync run: watch the inbox and bring every change to HubSpot");
    options.add_options()("help", "this text")(
        "config", po::value<std::string>()->value_name("FILE")->default_value("/etc/consent-sync/consent-sync.json"),
        "the configuration");
    po::variables_map given;
    try {
        po::store(po::parse_command_line(argc, argv, options), given);
    } catch (const po::error& e) {
        std::cerr << "consent-sync run: " << e.what() << "\n" << options;
        return exit_usage;
    }
    if (given.count("help") > 0) {
        std::cout << options;
        return exit_done;
    }
    const std::string path = given["config"].as<std::string>();
    auto settings = service::load_checked(path);
    if (!settings) {
        tell_faults(settings.error().message);
        let_journald_look();
        return exit_faults;
    }
    base::set_up_log(settings->log.format, settings->log.level);
    // systemd sets an invocation id; without it the process does not run under PrivateTmp=.
    if (const std::string words = config::why_private(*settings);
        !words.empty() && std::getenv("INVOCATION_ID") != nullptr)
        base::log_event(base::level::warn, "inbox.private", {{"words", words}});
    const auto ran = service::run_daemon(std::move(*settings), path);
    if (ran) return exit_done;
    base::log_event(base::level::error, "daemon.failed", {{"words", ran.error().message}});
    let_journald_look();
    // The next start would fail as well until something is corrected, so systemd must not try it.
    const base::errc why = ran.error().code;
    const bool hopeless =
        why == base::errc::invalid_input || why == base::errc::corrupt || why == base::errc::unsupported;
    return hopeless ? exit_faults : exit_failed;
}

}  // namespace consent_sync::daemon
