// Translates an exchange of the transport for the pure layers: the only place that interprets HTTP headers. A header
// that should be a whole number and is not counts as absent.
#pragma once

#include "http/transport.hpp"
#include "hubspot/answer.hpp"

namespace consent_sync::service {

hubspot::answer to_answer(http::exchange&& e);

}  // namespace consent_sync::service
