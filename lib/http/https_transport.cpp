#include "http/https_transport.hpp"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "http/connection.hpp"
#include "http/connection_pool.hpp"
#include "http/dialer.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;

// Shared with the exchanges under way, which may outlive the transport.
struct https_transport::core {
    core(asio::any_io_executor ex, const https_options& options, std::unique_ptr<tls_client> tls)
        : executor(ex),
          to(options.to),
          request_timeout(options.timeouts.request),
          limits(options.limits),
          dial(ex, options.to, options.via, std::move(tls), options.timeouts, options.limits.silence, options.lookup),
          pool(ex, options.limits.connections_max, options.limits.idle) {}

    static asio::awaitable<exchange> send(std::shared_ptr<core> self, request r, std::function<void()> on_written);
    asio::awaitable<exchange> run(const request& r, const std::function<void()>& on_written);

    asio::any_io_executor executor;
    config::endpoint to;
    std::chrono::milliseconds request_timeout;
    transport_limits limits;
    dialer dial;
    connection_pool pool;
    std::shared_ptr<std::size_t> open_count = std::make_shared<std::size_t>(0);
    std::uint64_t connections_opened = 0;
    std::uint64_t idle_died = 0;
    bool closed = false;  // the transport is gone: keep nothing
};

asio::awaitable<exchange> https_transport::core::run(const request& r, const std::function<void()>& on_written) {
    exchange result;
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) {
        result.failure = failure_step::cancelled;
        result.detail = cancelled_failure().detail;
        co_return result;
    }
    const std::uint64_t generation = pool.generation();
    std::unique_ptr<connection> line;
    if (!r.on_new_connection) line = pool.take();
    const bool used_before = line != nullptr;
    if (!line) {
        auto opened = co_await dial.open();
        if (!opened) {
            result.failure = opened.error().step;
            result.detail = std::move(opened.error().detail);
            co_return result;
        }
        connections_opened++;
        line = std::make_unique<connection>(executor, std::move(*opened), limits.response, open_count);
    }
    result = co_await line->run(r, to, request_timeout, on_written);
    if (result.idle_connection_died) {
        idle_died++;
        pool.died(generation);
    } else if (used_before && !result.failure) {
        pool.was_used_again();
    }
    if (line->is_reusable() && !closed) pool.put(std::move(line));
    co_return result;
}

asio::awaitable<exchange> https_transport::core::send(std::shared_ptr<core> self, request r,
                                                      std::function<void()> on_written) {
    // A cancellation is to end as a value, so the waits below must not throw. The setting belongs to the
    // caller's coroutine too and is put back.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    exchange result;
    std::exception_ptr bug;
    try {
        result = co_await self->run(r, on_written);
    } catch (...) {
        bug = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (bug) std::rethrow_exception(bug);
    co_return result;
}

base::result<https_options> read_https_options(const config::hubspot_settings& settings, const environment& variables) {
    auto to = config::parse_endpoint(settings.base_url);
    if (!to) return to.error();
    auto via = choose_proxy(settings.proxy, variables, *to);
    if (!via) return via.error();
    https_options options;
    options.to = std::move(*to);
    options.via = std::move(*via);
    options.ca_file = settings.ca_file;
    options.timeouts = settings.timeouts;
    return options;
}

base::result<std::unique_ptr<https_transport>> https_transport::make(const asio::any_io_executor& executor,
                                                                     https_options options) {
    std::unique_ptr<tls_client> tls;
    if (!options.to.plain) {
        auto made = tls_client::make(options.ca_file, options.to.authority);
        if (!made) return made.error();
        tls = std::move(*made);
    }
    auto shared = std::make_shared<core>(executor, options, std::move(tls));
    return std::unique_ptr<https_transport>(new https_transport(std::move(shared)));
}

https_transport::https_transport(std::shared_ptr<core> c) : core_(std::move(c)) {}

https_transport::~https_transport() {
    core_->closed = true;
    core_->pool.close_all();
}

asio::awaitable<exchange> https_transport::send(request r, std::function<void()> on_written) {
    return core::send(core_, std::move(r), std::move(on_written));
}

void https_transport::keep_idle(std::size_t connections_max) {
    core_->limits.connections_max = connections_max;
    core_->pool.keep(connections_max);
}

void https_transport::close_idle() { core_->pool.close_all(); }

std::size_t https_transport::open_connections() const { return *core_->open_count; }

std::size_t https_transport::idle_connections() const { return core_->pool.size(); }

transport_counters https_transport::counters() const {
    transport_counters result;
    result.connections_opened = core_->connections_opened;
    result.tls_sessions_resumed = core_->dial.sessions_resumed();
    result.idle_found_closed = core_->pool.found_closed();
    result.idle_died = core_->idle_died;
    return result;
}

}  // namespace consent_sync::http
