#include "http/resolver.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "async/watchdog.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

lookup_answer system_lookup(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    lookup_answer answer;
    if (status != 0) {
        answer.failure = status == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(status);
        return answer;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
        tcp::endpoint address;
        if (each->ai_addrlen > address.capacity()) continue;
        address.resize(each->ai_addrlen);
        std::memcpy(address.data(), each->ai_addr, each->ai_addrlen);
        answer.addresses.push_back(address);
    }
    if (answer.addresses.empty()) answer.failure = "the name has no address";
    return answer;
}

// One lookup that runs. Owned by its thread and by those that wait for it.
struct resolver::flight {
    ~flight() {
        if (done_event >= 0) ::close(done_event);
    }

    int done_event = -1;  // an eventfd, readable (and never read) once `answer` is complete
    std::atomic<bool> done{false};
    lookup_answer answer;
};

resolver::resolver(asio::any_io_executor executor, lookup_function lookup)
    : executor_(std::move(executor)), lookup_(std::move(lookup)) {}

// Null: errno says why.
std::shared_ptr<resolver::flight> resolver::take_off(lookup_function lookup, const std::string& host,
                                                     std::uint16_t port) {
    auto shared = std::make_shared<flight>();
    shared->done_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shared->done_event < 0) return nullptr;
    try {
        std::thread([shared, lookup = std::move(lookup), host, port] {
            shared->answer = lookup(host, port);
            shared->done.store(true, std::memory_order_release);
            // Cannot fail: the counter goes from 0 to 1 once.
            [[maybe_unused]] const int written = ::eventfd_write(shared->done_event, 1);
        }).detach();
    } catch (const std::system_error& e) {
        errno = e.code().value();
        return nullptr;
    }
    return shared;
}

asio::awaitable<step_result<addresses>> resolver::resolve(std::string host, std::uint16_t port,
                                                          std::chrono::steady_clock::time_point deadline) {
    boost::system::error_code error;
    if (const auto literal = asio::ip::make_address(host, error); !error) {
        co_return addresses(1, tcp::endpoint(literal, port));
    }
    const std::string begin = "name lookup of " + host + ": ";
    auto& slot = flights_[std::make_pair(host, port)];
    if (!slot || slot->done.load(std::memory_order_acquire)) slot = take_off(lookup_, host, port);
    const auto mine = slot;
    const int event = mine ? ::fcntl(mine->done_event, F_DUPFD_CLOEXEC, 0) : -1;
    if (event < 0) {
        co_return step_failure{failure_step::name_lookup, begin + std::generic_category().message(errno)};
    }
    asio::posix::stream_descriptor ready(executor_, event);
    async::watchdog watchdog(executor_);
    watchdog.arm(deadline, [&ready] { ready.cancel(); });
    co_await ready.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled_failure();
    if (!mine->done.load(std::memory_order_acquire)) {
        co_return step_failure{failure_step::name_lookup, begin + "no answer in time"};
    }
    if (mine->answer.addresses.empty()) {
        co_return step_failure{failure_step::name_lookup, begin + mine->answer.failure};
    }
    co_return mine->answer.addresses;
}

}  // namespace consent_sync::http
