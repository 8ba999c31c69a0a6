#include "service/account/lookup.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace consent_sync::service {
namespace {

constexpr auto slot_look_every = std::chrono::milliseconds(100);
constexpr int slot_looks_max = 150;

}  // namespace

boost::asio::awaitable<lookup::reply> lookup::get(std::string path) {
    http::request request;
    request.method = "GET";
    request.target = std::move(path);
    request.headers.emplace_back("Authorization", "Bearer " + tokens_.token());
    request.headers.emplace_back("Accept", "application/json");
    http::exchange exchange = co_await send(request);
    if (exchange.idle_connection_died) {
        request.on_new_connection = true;
        const bool slot = co_await wait_for_slot();
        if (slot) exchange = co_await send(std::move(request));
    }
    reply r;
    if (exchange.failure) {
        r.words = "no answer: " + exchange.detail;
    } else {
        r.status = exchange.response.status;
        r.body = std::move(exchange.response.body);
        r.words = "HTTP " + std::to_string(r.status);
    }
    co_return r;
}

boost::asio::awaitable<http::exchange> lookup::send(http::request request) {
    auto out = std::make_shared<bool>(false);
    std::function<void()> written = [this, out] {
        *out = true;
        engine_.slot_written(env_.clock.now());
    };
    http::exchange exchange = co_await transport_.send(std::move(request), std::move(written));
    if (!*out) engine_.slot_returned();
    co_return exchange;
}

boost::asio::awaitable<bool> lookup::wait_for_slot() {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    for (int i = 0; i < slot_looks_max; ++i) {
        if (take_slot()) co_return true;
        timer.expires_after(slot_look_every);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return false;
}

}  // namespace consent_sync::service
