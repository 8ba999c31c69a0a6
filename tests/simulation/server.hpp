// The other end of the wire: hubspot_model, or another implementation with its own answers.
#pragma once

#include <optional>
#include <vector>

#include "consent/change.hpp"
#include "hubspot/answer.hpp"
#include "ledger/records.hpp"
#include "simulation/agenda.hpp"

namespace consent_sync::simulation {

struct request {
    ledger::attempt_id attempt = 0;
    std::vector<consent::change> changes;
    int token = 1;
    bool on_new_connection = false;
};
struct reply {
    base::steady_time::duration after{};  // the arrival
    hubspot::answer answer;
};

class server {
  public:
    virtual ~server() = default;

    // A request arrives now.
    virtual reply receive(const request& r) = 0;
    // Why a request cannot reach the server now.
    virtual std::optional<hubspot::no_answer> unreachable_now() = 0;
    // The transit time of a request.
    virtual milliseconds way_here() = 0;
    // The client is gone: pending changes are applied within `within` from now.
    virtual void client_restarted(milliseconds within) = 0;
};

}  // namespace consent_sync::simulation
