#include "hubspot/answer.hpp"

namespace consent_sync::hubspot {

std::string_view name(no_answer why) {
    switch (why) {
        case no_answer::name_lookup_failed: return "name_lookup_failed";
        case no_answer::connect_failed: return "connect_failed";
        case no_answer::connect_timeout: return "connect_timeout";
        case no_answer::tls_failed: return "tls_failed";
        case no_answer::tls_timeout: return "tls_timeout";
        case no_answer::proxy_refused: return "proxy_refused";
        case no_answer::request_timeout: return "request_timeout";
        case no_answer::connection_lost: return "connection_lost";
        case no_answer::bad_answer: return "bad_answer";
        case no_answer::cancelled: return "cancelled";
    }
    return "unknown";
}

}  // namespace consent_sync::hubspot
