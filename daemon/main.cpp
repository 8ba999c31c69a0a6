// consent-sync: one program, one file for each subcommand.
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstring>
#include <exception>
#include <iostream>
#include <string_view>

#include "commands.hpp"

namespace {

using namespace consent_sync::daemon;
namespace observe = consent_sync::observe;

constexpr std::string_view usage =
    "usage: consent-sync COMMAND [options]\n"
    "\n"
    "  run [--config FILE]              watch the inbox and bring every change to HubSpot\n"
    "  check [--config FILE] [FILES…]   check the configuration, and what would become of files\n"
    "  status [--watch] [--json]        what the daemon is doing; works while it is down too\n"
    "  history ADDRESS|-                every change of an address, with every attempt [--json|--csv]\n"
    "  pause [REASON], resume           stop sending, and go on\n"
    "  reload                           read the configuration again; says what is in effect\n"
    "  retry FILE-ID                    send rejected and unconfirmed rows of a done file again\n"
    "  release FILE-ID, refuse FILE-ID  send a held file, or send it back\n"
    "  --version\n"
    "  --help                           of each command: consent-sync COMMAND --help\n"
    "\n"
    "exit status: 0 done · 1 it failed · 2 wrong usage · 3 faults in the configuration or the files\n";

int dispatch(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "run") return run(argc - 1, argv + 1);
    if (command == "check") return check(argc - 1, argv + 1);
    if (command == "status") return status(argc - 1, argv + 1);
    if (command == "history") return history(argc - 1, argv + 1);
    if (command == "reload") return reload(argc - 1, argv + 1);
    using observe::control_command;
    for (const control_command c : {control_command::pause, control_command::resume, control_command::retry,
                                    control_command::release, control_command::refuse})
        if (command == observe::name(c)) return steer(c, argc - 1, argv + 1);
    if (command == "--version") {
        std::cout << "consent-sync " << CONSENT_SYNC_VERSION << "\n";
        return exit_done;
    }
    if (command == "--help" || command == "-h" || command == "help") {
        std::cout << usage;
        return exit_done;
    }
    std::cerr << (command.empty() ? "" : "consent-sync: unknown command '" + std::string(command) + "'\n") << usage;
    return exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
    umask(027);                 // whatever is made without a mode of its own is not for others
    prctl(PR_SET_DUMPABLE, 0);  // a core dump would hold the token and people's addresses
    try {
        return dispatch(argc, argv);
    } catch (const std::exception& e) {
        std::cerr
            << "consent-sync: " << e.what()
            << ": a bug, or a machine out of memory. Nothing of the ledger is lost; please report it with the command\n";
        return exit_failed;
    }
}
