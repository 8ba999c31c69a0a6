#include "http/connector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using steady = std::chrono::steady_clock;

namespace {

std::string to_text(const tcp::endpoint& address) {
    std::ostringstream text;
    text << address;
    return text.str();
}

// Attempts that run side by side. Shared with their handlers, which may come after the race is decided.
struct race : std::enable_shared_from_this<race> {
    race(const asio::any_io_executor& ex, addresses all) : candidates(std::move(all)), changed(ex), executor(ex) {
        sockets.reserve(candidates.size());  // attempts refer to their sockets
    }

    void start_next() {
        const std::size_t index = sockets.size();
        tcp::socket& socket = sockets.emplace_back(executor);
        running++;
        socket.async_connect(candidates[index], [self = shared_from_this(), index](boost::system::error_code error) {
            self->finish(index, error);
        });
    }

    void finish(std::size_t index, const boost::system::error_code& error) {
        running--;
        if (decided) return;
        if (!error && !winner) winner = index;
        if (error) last_failure = to_text(candidates[index]) + ": " + error.message();
        changed.cancel();
    }

    bool all_started() const { return sockets.size() == candidates.size(); }

    void decide() {
        decided = true;
        for (tcp::socket& socket : sockets) {
            close_now(socket);
        }
    }

    addresses candidates;
    asio::steady_timer changed;
    asio::any_io_executor executor;
    std::vector<tcp::socket> sockets;
    std::size_t running = 0;
    std::optional<std::size_t> winner;
    bool decided = false;
    std::string last_failure;
};

// Closes what still runs, however the coroutine ends.
struct race_end {
    explicit race_end(std::shared_ptr<race> r) : run(std::move(r)) {}
    ~race_end() { run->decide(); }
    race_end(const race_end&) = delete;
    race_end& operator=(const race_end&) = delete;
    std::shared_ptr<race> run;
};

}  // namespace

addresses interleave_families(const addresses& in_order) {
    addresses first;
    addresses second;
    for (const auto& address : in_order) {
        (address.protocol() == in_order.front().protocol() ? first : second).push_back(address);
    }
    addresses result;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) result.push_back(first[i]);
        if (i < second.size()) result.push_back(second[i]);
    }
    return result;
}

void close_now(tcp::socket& socket) noexcept {
    boost::system::error_code ignored;  // the descriptor is gone whatever close() says
    socket.close(ignored);
}

void watch_peer(tcp::socket& socket, std::chrono::milliseconds silence) {
    const auto set = [&socket](int option, std::int64_t value) {
        const int number = static_cast<int>(std::max<std::int64_t>(value, 1));
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &number, sizeof number);
    };
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(silence).count();
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    set(TCP_KEEPIDLE, seconds / 2);
    set(TCP_KEEPINTVL, seconds / 4);
    set(TCP_USER_TIMEOUT, silence.count());  // ends the probes too, whatever their number
}

asio::awaitable<step_result<tcp::socket>> connect_first(asio::any_io_executor executor, addresses candidates,
                                                        steady::time_point deadline, std::chrono::milliseconds stagger,
                                                        std::chrono::milliseconds silence) {
    const auto run = std::make_shared<race>(executor, interleave_families(candidates));
    const race_end end(run);
    steady::time_point next_start = steady::now();
    while (!run->winner) {
        const steady::time_point now = steady::now();
        if (now >= deadline) {
            std::string detail = "no answer from " + to_text(run->candidates.front()) + " in time";
            if (!run->last_failure.empty()) detail += "; " + run->last_failure;
            co_return step_failure{failure_step::connect_timeout, std::move(detail)};
        }
        if (!run->all_started() && (run->running == 0 || now >= next_start)) {
            run->start_next();
            next_start = now + stagger;
            continue;
        }
        if (run->running == 0) co_return step_failure{failure_step::connect, run->last_failure};
        run->changed.expires_at(run->all_started() ? deadline : std::min(deadline, next_start));
        co_await run->changed.async_wait(asio::as_tuple(asio::use_awaitable));
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled_failure();
    }
    tcp::socket socket = std::move(run->sockets[*run->winner]);
    boost::system::error_code error;
    socket.set_option(tcp::no_delay(true), error);
    if (error) co_return step_failure{failure_step::connect, "TCP_NODELAY: " + error.message()};
    watch_peer(socket, silence);
    co_return step_result<tcp::socket>(std::move(socket));
}

}  // namespace consent_sync::http
