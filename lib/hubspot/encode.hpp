// Encodes a batch as the body of POST …/statuses/batch/write: {"inputs":[PublicStatusRequest, …]}.
#pragma once

#include <span>
#include <string>

#include "consent/change.hpp"

namespace consent_sync::hubspot {

// One JSON document, UTF-8. Fields that a change does not have are left out. Requires: texts are valid UTF-8.
std::string encode_batch(std::span<const consent::change> batch);

}  // namespace consent_sync::hubspot
