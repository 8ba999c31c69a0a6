#include "service/lookup.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace consent_sync::service {

boost::asio::awaitable<lookup::reply> lookup::get(std::string path) {
    http::request request;
    request.method = "GET";
    request.target = std::move(path);
    request.headers.emplace_back("Authorization", "Bearer " + tokens_.token());
    request.headers.emplace_back("Accept", "application/json");
    auto out = std::make_shared<bool>(false);
    std::function<void()> written = [this, out] {
        *out = true;
        engine_.slot_written(clock_.now());
    };
    http::exchange exchange = co_await transport_.send(std::move(request), std::move(written));
    if (!*out) engine_.slot_returned();
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

}  // namespace consent_sync::service
