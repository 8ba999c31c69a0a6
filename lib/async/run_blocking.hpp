// Runs a callable that blocks (SQLite, files) on a thread pool and resumes on the caller's own executor.
//
// Cancellation does not reach the callable: once begun it runs to its end and its value is returned, so a
// step that must not be cut (write, sync, rename) belongs into one callable. A caller that was cancelled
// before the call gets system_error(operation_aborted) from its co_await, and the callable does not run. What
// the callable throws is thrown here. The pool must be joined before the caller's io_context is destroyed.
// Give the callable a name first, `auto work = [...] {...}; co_await run_blocking(pool, std::move(work));`:
// g++ 12 destroys a lambda's captures twice when it stands inside the co_await expression.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace consent_sync::async {

namespace detail {

template <class Callable>
boost::asio::awaitable<std::invoke_result_t<Callable&>> call(Callable callable) {
    co_return callable();
}

}  // namespace detail

template <class Callable>
boost::asio::awaitable<std::invoke_result_t<Callable&>> run_blocking(boost::asio::thread_pool& pool,
                                                                     Callable callable) {
    // An empty slot keeps the caller's cancellation away: Asio 1.26 would deliver it to the pool's thread
    // through a pointer that may be gone by then.
    auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable);
    co_return co_await boost::asio::co_spawn(pool, detail::call(std::move(callable)), token);
}

}  // namespace consent_sync::async
