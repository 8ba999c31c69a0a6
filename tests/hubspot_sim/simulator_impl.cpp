#include "hubspot_sim/simulator_impl.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <future>

#include "hubspot_sim/tls_server.hpp"

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr milliseconds accept_pause{50};  // after a failed accept, for instance for lack of descriptors

// An exception in a session is a bug of the simulator, and ends the process.
void rethrow_bug(std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
}

base::error io_error(const std::string& what, const error_code& ec) {
    return {base::errc::io, what + ": " + ec.message()};
}

}  // namespace

simulator::impl::impl(options o) : settings(o), hubspot(o), fast(o), world{hubspot, {}} {
    const std::uint32_t count = settings.fast ? std::max<std::uint32_t>(1, settings.threads) : 1;
    for (std::uint32_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<worker>());
}

simulator::impl::~impl() {
    stop();
    acceptors_.clear();
}

base::result<void> simulator::impl::start() {
    if (auto opened = hubspot.open_files(settings.oracle_file, settings.answers_file); !opened) return opened;
    if (!settings.plain) {
        auto made = make_certificate(settings.certificate);
        if (!made) return made.error();
        authority = std::move(*made);
        if (auto set = set_up_tls(tls_, authority, settings); !set) return set;
    }
    if (auto listening = listen(settings.port); !listening) return listening;
    for (const auto& w : workers_) {
        w->thread = std::thread([context = &w->context] {
            const auto guard = asio::make_work_guard(*context);
            context->run();
        });
    }
    return {};
}

void simulator::impl::stop() {
    for (const auto& w : workers_) w->context.stop();
    for (const auto& w : workers_) {
        if (w->thread.joinable()) w->thread.join();
    }
}

base::result<void> simulator::impl::listen(std::uint16_t on_port) {
    error_code ec;
    const bool loopback = settings.bind.empty();
    const auto address = asio::ip::make_address(loopback ? "127.0.0.1" : settings.bind, ec);
    if (ec) return io_error("not an address: " + settings.bind, ec);
    if (auto done = listen_at(address, on_port); !done) return done;
    port = acceptors_.front()->local_endpoint().port();
    // "localhost" may also mean ::1. Without IPv6, or if another process has the port there, IPv4 is enough.
    if (loopback) static_cast<void>(listen_at(asio::ip::address_v6::loopback(), port));
    return {};
}

base::result<void> simulator::impl::listen_at(const asio::ip::address& address, std::uint16_t on_port) {
    auto acceptor = std::make_shared<tcp::acceptor>(workers_.front()->context);
    const tcp::endpoint endpoint(address, on_port);
    error_code ec;
    acceptor->open(endpoint.protocol(), ec);
    if (!ec) acceptor->set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor->bind(endpoint, ec);
    if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return io_error("cannot listen on " + address.to_string() + " port " + std::to_string(on_port), ec);
    acceptors_.push_back(acceptor);
    asio::co_spawn(workers_.front()->context, accept_all(acceptor), &rethrow_bug);
    return {};
}

asio::awaitable<void> simulator::impl::accept_all(std::shared_ptr<tcp::acceptor> acceptor) {
    while (acceptor->is_open()) {
        worker& on = *workers_[connections_ % workers_.size()];
        auto [ec, socket] = co_await acceptor->async_accept(on.context, asio::as_tuple(asio::use_awaitable));
        if (!acceptor->is_open()) co_return;
        if (ec) {
            co_await pause_for(accept_pause);
        } else {
            open_session(std::move(socket), on);
        }
    }
}

void simulator::impl::open_session(tcp::socket socket, worker& on) {
    ++connections_;
    if (settings.fast) {
        auto stream = std::make_unique<fast_stream>(std::move(socket), settings.plain ? nullptr : tls_.native_handle());
        asio::co_spawn(on.context, run_fast_session(std::move(stream), fast), &rethrow_bug);
    } else {
        auto c = std::make_unique<connection>(std::move(socket), settings.plain ? nullptr : &tls_, connections_);
        asio::co_spawn(on.context, run_session(std::move(c), world), &rethrow_bug);
    }
}

// Runs `f` on the first worker's thread and waits for it. Must not be called on that thread.
template <class Function>
void simulator::impl::run_inside(Function f) {
    if (workers_.front()->context.stopped()) return;
    std::promise<void> done;
    asio::post(workers_.front()->context, [&] {
        f();
        done.set_value();
    });
    done.get_future().wait();
}

void simulator::impl::refuse_connections(bool refuse) {
    run_inside([this, refuse] {
        error_code ignored;
        for (const auto& acceptor : acceptors_) acceptor->close(ignored);
        acceptors_.clear();
        if (!refuse) static_cast<void>(listen(port));
    });
}

void simulator::impl::cut_connections() {
    run_inside([this] {
        for (connection* c : world.open) c->reset();
    });
}

}  // namespace consent_sync::hubspot_sim
