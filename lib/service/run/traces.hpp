// What the folders and the reports show of the files and attempts that a ledger has numbered. Everything they show was
// in the ledger first, so a ledger that knows less has lost something.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/folders.hpp"
#include "consent/place.hpp"
#include "ledger/records.hpp"

namespace consent_sync::service {

// A file as the daemon names it in processing/ or done/.
struct trace {
    consent::arrival_number arrival = 0;
    std::string found_as;  // its name there
    std::string name;      // as it was dropped; in processing/ that is not known, and it is `found_as`
};

struct traces {
    consent::arrival_number newest_arrival = 0;  // in any folder or report
    ledger::attempt_id newest_attempt = 0;       // in the reports
    std::vector<trace> processing;               // all that lie there, by number
    std::vector<trace> done;                     // those above `known`, by number
};

// Numbers so far above the known ones are not the daemon's: somebody's "20261130-contacts.csv".
inline constexpr consent::arrival_number lead_max = 10'000'000;

// `known`: the newest arrival number of the ledger. A folder that cannot be read shows nothing. `working` is called in
// between. Blocking: lists all folders, and reads the ends of the newest reports.
traces find_traces(const config::folders& paths, consent::arrival_number known, const std::function<void()>& working);

}  // namespace consent_sync::service
