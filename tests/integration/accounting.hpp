// Compares the dropped files, the ledger, the reports and the record of the simulated HubSpot.
//
// Every row has a unique mark (its legalBasisExplanation), so that the four can be compared row by row.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {

struct dropped_row {
    std::string address;
    bool opt_out = false;
    std::string mark;  // unique
};

struct dropped_file {
    std::string name;
    std::vector<dropped_row> rows;
    std::string text() const;  // CSV
};

// `number` makes name and marks unique. People are drawn from p0 to p<people>, so files overlap; about one row in 200
// is refused by the simulator, and one is invalid.
dropped_file make_file(std::size_t number, std::size_t rows, std::size_t people, std::mt19937_64& random);

// All contradictions, as sentences; empty: everything is as promised. Requires that the daemon has stopped, all files
// are done and no late write is owed. Returns at most 50.
std::vector<std::string> find_contradictions(const daemon_under_test& daemon, hubspot_sim::simulator& hubspot,
                                             const std::vector<dropped_file>& files);

// Rows of the ledger's table of late writes.
std::uint64_t late_writes_owed(const daemon_under_test& daemon);
// Files that are not finished.
std::uint64_t open_files(const daemon_under_test& daemon);
// Attempts that were open when the daemon was killed.
std::uint64_t interrupted_attempts(const daemon_under_test& daemon);

}  // namespace consent_sync::integration
