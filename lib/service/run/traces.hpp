// The numbers of files and attempts that folders and reports show. Everything there was in the ledger first, so a
// ledger that knows less has lost something.
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

// Numbers further above the known ones were not given by the daemon, as in "20261130-contacts.csv".
inline constexpr consent::arrival_number lead_max = 10'000'000;

// `known`: the newest arrival number of the ledger. A folder that cannot be read is skipped. `working` is called from
// time to time. Blocking: lists all folders and reads the ends of the newest reports.
traces find_traces(const config::folders& paths, consent::arrival_number known, const std::function<void()>& working);

}  // namespace consent_sync::service
