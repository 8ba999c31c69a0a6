// consent-sync run: the daemon.
#include <boost/program_options.hpp>
#include <iostream>

#include "base/log.hpp"
#include "commands.hpp"
#include "config/loader.hpp"
#include "service/application.hpp"

namespace consent_sync::daemon {

namespace po = boost::program_options;

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
    auto settings = config::load_settings(path);
    if (!settings) {
        std::cerr << settings.error().message << "\n";
        return exit_faults;
    }
    base::set_up_log(settings->log.format, settings->log.level);
    const auto ran = service::run_daemon(std::move(*settings), path);
    if (ran) return exit_done;
    base::log_event(base::level::error, "daemon.failed", {{"words", ran.error().message}});
    return ran.error().code == base::errc::invalid_input ? exit_faults : exit_failed;
}

}  // namespace consent_sync::daemon
