// Reads from the ledger what the engine asks for: the daemon and the simulation alike.
#pragma once

#include "delivery/actions.hpp"
#include "ledger/store.hpp"

namespace consent_sync::service {

// Inside store::transact(). Fills `result` for its request; may be called again, when the transaction is.
void fetch(ledger::store& store, delivery::fetch_result& result);

}  // namespace consent_sync::service
