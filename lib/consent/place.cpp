#include "consent/place.hpp"

namespace consent_sync::consent {

std::string format_file_id(arrival_number arrival) {
    std::string digits = std::to_string(arrival);
    return digits.size() < 8 ? std::string(8 - digits.size(), '0') + digits : digits;
}

}  // namespace consent_sync::consent
