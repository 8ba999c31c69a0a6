// HubSpot's words about a whole answer, for pauses and their log lines.
#pragma once

#include <string>

#include "hubspot/judge.hpp"

namespace consent_sync::delivery {

inline std::string words_of(const hubspot::judgement& j) {
    if (j.words.empty()) return {};
    const hubspot::refusal_words& w = j.words.front();
    return w.category.empty() ? w.message : w.category + ": " + w.message;
}

}  // namespace consent_sync::delivery
