// How one step on the way to a response fails: a value that becomes an exchange's failure and detail.
#pragma once

#include <boost/asio/cancellation_type.hpp>
#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

#include "http/transport.hpp"

namespace consent_sync::http {

struct step_failure {
    failure_step step = failure_step::connect;
    std::string detail;
};

// Called by value() on a failure: asking for a value that is not there is a bug.
[[noreturn]] inline void throw_exception_from_error(const step_failure& e, const boost::source_location&) {
    throw std::logic_error(e.detail);
}

template <class T>
using step_result = boost::system::result<T, step_failure>;

// After a cancellation an operation may still end well, when it had already ended before the signal came. So
// every coroutine here asks after each wait: `is_cancelled(co_await this_coro::cancellation_state)`.
template <class CancellationState>
bool is_cancelled(const CancellationState& state) {
    return state.cancelled() != boost::asio::cancellation_type::none;
}

inline step_failure cancelled_failure() { return step_failure{failure_step::cancelled, "the exchange was cancelled"}; }

}  // namespace consent_sync::http
