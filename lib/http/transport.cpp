#include "http/transport.hpp"

namespace consent_sync::http {

std::string_view response::header(std::string_view lowered_name) const {
    for (const auto& [name, value] : headers) {
        if (name == lowered_name) return value;
    }
    return {};
}

}  // namespace consent_sync::http
