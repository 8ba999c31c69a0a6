// The account's subscriptions as HubSpot lists them; null: nobody knows them, and nothing is checked by them.
#pragma once

#include <memory>
#include <vector>

#include "hubspot/definitions.hpp"

namespace consent_sync::service {

using known_subscriptions = std::shared_ptr<const std::vector<hubspot::subscription_definition>>;

}  // namespace consent_sync::service
