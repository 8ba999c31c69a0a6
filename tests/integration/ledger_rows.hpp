// The rows of a stopped daemon's ledger, as plain structs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "consent/change.hpp"
#include "ledger/database.hpp"

namespace consent_sync::integration {

struct ledger_row {
    consent::change change;
    std::size_t verdict = 0;  // consent::verdict by its number; 0: none
    std::int64_t superseded_by = 0;

    std::string address() const { return std::string(change.subscriber.view()); }
    std::string mark() const { return change.explanation ? std::string(change.explanation->view()) : std::string(); }
};

// By place. Throws ledger::database_error.
std::vector<ledger_row> read_rows(ledger::database& db);

}  // namespace consent_sync::integration
