// Sentences for pauses that no single answer explains; those of one answer are hubspot::explain's.
#pragma once

#include <string>

namespace consent_sync::delivery {

inline std::string refuses_everything(const std::string& hubspot_words) {
    return "HubSpot refuses every change, and accepted none: nothing gets a verdict for that, the rows stay unsent. Check the "
           "subscription ids, the account of the token and hubspot.path; the answer: \"" +
           hubspot_words + "\"";
}

}  // namespace consent_sync::delivery
