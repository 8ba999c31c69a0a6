// The next connection of a listening socket. Errors that pass, such as too many open files, are waited out, `again` at
// a time. Nothing: the acceptor was closed, or the caller was cancelled. The acceptor outlives the call.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace consent_sync::async {

template <class Acceptor>
boost::asio::awaitable<std::optional<typename Acceptor::protocol_type::socket>> accept_next(
    Acceptor& acceptor, std::chrono::milliseconds again = std::chrono::seconds(1)) {
    constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    while (acceptor.is_open()) {
        auto [ec, socket] = co_await acceptor.async_accept(token);
        if (!ec) co_return std::move(socket);
        if (ec == boost::asio::error::operation_aborted) break;
        boost::asio::steady_timer pause(acceptor.get_executor(), again);
        const auto [cut] = co_await pause.async_wait(token);
        if (cut) break;
    }
    co_return std::nullopt;
}

}  // namespace consent_sync::async
