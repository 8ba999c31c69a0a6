// Reads from the ledger what the engine requests, for the daemon and the simulation.
#pragma once

#include "delivery/actions.hpp"
#include "ledger/store.hpp"

namespace consent_sync::service {

// Inside store::transact(). Fills `result` for its request. It may run again when the transaction does.
void fetch(ledger::store& store, delivery::fetch_result& result);

}  // namespace consent_sync::service
