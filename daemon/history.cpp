// consent-sync history: every change of one address over all files, from the ledger.
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <iostream>
#include <string>

#include "config/folders.hpp"
#include "consent/key.hpp"
#include "ledger/history_queries.hpp"
#include "observe/history_text.hpp"
#include "options.hpp"

namespace consent_sync::daemon {

int history(int argc, char** argv) {
    po::options_description options(
        "consent-sync history ADDRESS|-: every change of this address over all files, with every attempt.\n"
        "-: the address comes from standard input, so that no list of processes shows it");
    add_common(options);
    options.add_options()("json", "as JSON")("csv", "as CSV, one line an attempt");
    po::options_description hidden;
    hidden.add_options()("address", po::value<std::string>());
    po::positional_options_description places;
    places.add("address", 1);
    const parsed_options parsed = parse_options("history", argc, argv, options, hidden, places);
    if (parsed.exit) return *parsed.exit;
    if (parsed.given.count("address") == 0 || (parsed.given.count("json") > 0 && parsed.given.count("csv") > 0)) {
        std::cerr << "consent-sync history: "
                  << (parsed.given.count("address") == 0 ? "an address is needed" : "either --json or --csv") << "\n"
                  << options;
        return exit_usage;
    }
    std::string address = parsed.given["address"].as<std::string>();
    if (address == "-") std::getline(std::cin, address);
    address = std::string(consent::trim(address));
    if (address.empty()) {
        std::cerr
            << "consent-sync history: no address was given: write it on the first line of standard input, or as the argument\n";
        return exit_usage;
    }
    const auto settings = load_for_looking("history", parsed.given["config"].as<std::string>());
    if (!settings) return exit_faults;
    const std::string path = config::derive_folders(*settings).ledger;
    if (::access(path.c_str(), R_OK) != 0) {
        const bool absent = errno == ENOENT;
        std::cerr << "consent-sync history: the ledger " << path
                  << (absent ? " is not there: the daemon never ran with this configuration. See state_dir in it"
                             : " cannot be read: " + who_may_read(path))
                  << "\n";
        return exit_failed;
    }
    auto reader = ledger::history_reader::open(path);
    if (!reader) {
        std::cerr << "consent-sync history: " << reader.error().message << "\n";
        return exit_failed;
    }
    const auto found = (*reader)->find(address);
    if (!found) {
        std::cerr << "consent-sync history: " << found.error().message << "\n";
        return exit_failed;
    }
    if (parsed.given.count("json") > 0)
        std::cout << boost::json::serialize(observe::history_json(address, *found, std::chrono::system_clock::now()))
                  << "\n";
    else if (parsed.given.count("csv") > 0)
        std::cout << observe::history_csv(*found);
    else
        std::cout << observe::format_history(address, *found);
    return exit_done;
}

}  // namespace consent_sync::daemon
