// Runs a coroutine to its end on an io_context, for tests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace consent_sync::async::test {

// Other work may be left over. Throws what the coroutine throws, or bad_optional_access when it does not end
// although nothing is left to do.
template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> coroutine) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr e, T value) {
        failure = e;
        result.emplace(std::move(value));
    });
    context.restart();
    while (!result && context.run_one() != 0) {
    }
    if (failure) std::rethrow_exception(failure);
    return std::move(result.value());
}

}  // namespace consent_sync::async::test
