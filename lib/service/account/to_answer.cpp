#include "service/account/to_answer.hpp"

#include <charconv>
#include <utility>

namespace consent_sync::service {
namespace {

hubspot::no_answer why_no_answer(http::failure_step step) {
    using enum http::failure_step;
    switch (step) {
        case name_lookup: return hubspot::no_answer::name_lookup_failed;
        case connect: return hubspot::no_answer::connect_failed;
        case connect_timeout: return hubspot::no_answer::connect_timeout;
        case tls: return hubspot::no_answer::tls_failed;
        case tls_timeout: return hubspot::no_answer::tls_timeout;
        case proxy: return hubspot::no_answer::proxy_refused;
        case request_timeout: return hubspot::no_answer::request_timeout;
        case connection_lost: return hubspot::no_answer::connection_lost;
        case bad_response: return hubspot::no_answer::bad_answer;
        case cancelled: return hubspot::no_answer::cancelled;
    }
    return hubspot::no_answer::connection_lost;
}

std::optional<std::string> text_header(const http::response& r, std::string_view name) {
    const std::string_view value = r.header(name);
    if (value.empty()) return std::nullopt;
    return std::string(value);
}

std::optional<std::int64_t> number_header(const http::response& r, std::string_view name) {
    const std::string_view value = r.header(name);
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || code != std::errc() || end != value.data() + value.size()) return std::nullopt;
    return number;
}

}  // namespace

hubspot::answer to_answer(http::exchange&& e) {
    hubspot::answer a;
    a.written = e.written;
    a.idle_connection_died = e.idle_connection_died;
    if (e.failure) {
        a.failure = why_no_answer(*e.failure);
        a.failure_detail = std::move(e.detail);
        return a;
    }
    a.status = e.response.status;
    a.headers.retry_after = text_header(e.response, "retry-after");
    a.headers.correlation_id = text_header(e.response, "x-hubspot-correlation-id");
    a.headers.limit_max = number_header(e.response, "x-hubspot-ratelimit-max");
    a.headers.limit_remaining = number_header(e.response, "x-hubspot-ratelimit-remaining");
    a.headers.limit_interval_ms = number_header(e.response, "x-hubspot-ratelimit-interval-milliseconds");
    a.headers.daily_max = number_header(e.response, "x-hubspot-ratelimit-daily");
    a.headers.daily_remaining = number_header(e.response, "x-hubspot-ratelimit-daily-remaining");
    a.body = std::move(e.response.body);
    return a;
}

}  // namespace consent_sync::service
