// An exchange of the transport as the pure parts see it: the only place where headers of HTTP get their meaning.
// A header that is no whole number where one is wanted counts as absent.
#pragma once

#include "http/transport.hpp"
#include "hubspot/answer.hpp"

namespace consent_sync::service {

hubspot::answer to_answer(http::exchange&& e);

}  // namespace consent_sync::service
