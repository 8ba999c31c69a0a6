#include "service/operation/removal_plan.hpp"

#include <algorithm>

namespace consent_sync::service {

bool removal_share::is_unusual() const {
    if (old <= unusual_above || old * 2 <= all) return false;
    return last_bound == base::wall_time{} || before - last_bound > usual_advance;
}

bool removal_plan::empty() const {
    return std::all_of(shares.begin(), shares.end(), [](const removal_share& s) { return s.old == 0; });
}

bool removal_plan::is_unusual() const {
    return std::any_of(shares.begin(), shares.end(), [](const removal_share& s) { return s.is_unusual(); });
}

std::string removal_plan::words() const {
    std::string words;
    for (const removal_share& s : shares) {
        if (s.old == 0) continue;
        if (!words.empty()) words += ", ";
        words += std::to_string(s.old) + " of " + std::to_string(s.all) + " " + s.what;
    }
    return words;
}

}  // namespace consent_sync::service
