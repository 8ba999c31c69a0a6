// A change as the first seven columns of a query's row: id, subscriber, subscription, channel, state, basis,
// explanation.
#pragma once

#include "consent/change.hpp"
#include "ledger/database.hpp"

namespace consent_sync::ledger {

consent::change read_change(const statement& row);

}  // namespace consent_sync::ledger
