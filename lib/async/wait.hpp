// Waits for some time on that executor. Cancelled, it throws system_error(operation_aborted).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace consent_sync::async {

inline boost::asio::awaitable<void> wait(boost::asio::any_io_executor home, std::chrono::milliseconds time) {
    boost::asio::steady_timer timer(home, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace consent_sync::async
