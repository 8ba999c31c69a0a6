#include "unit/http/test_proxy.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "async/task_group.hpp"

namespace consent_sync::http::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

struct proxy_parts {
    proxy_parts(const asio::any_io_executor& ex, std::string says, std::uint16_t target, bool closes)
        : executor(ex),
          answer(std::move(says)),
          target_port(target),
          hang_up(closes),
          acceptor(ex, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          tasks(ex, [](std::string_view, const std::exception_ptr& bug) { std::rethrow_exception(bug); }) {}

    asio::any_io_executor executor;
    std::string answer;
    std::uint16_t target_port;
    bool hang_up;
    tcp::acceptor acceptor;
    async::task_group tasks;
    std::vector<std::string> requests;
};

namespace {

using parts_ptr = std::shared_ptr<proxy_parts>;
using socket_ptr = std::shared_ptr<tcp::socket>;

asio::awaitable<void> pass_on(socket_ptr from, socket_ptr to) {
    std::string chunk(16384, '\0');
    for (;;) {
        const auto [error, bytes] =
            co_await from->async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        boost::system::error_code write_error = error;
        if (!error) {
            const auto piece = asio::buffer(chunk.data(), bytes);
            const auto [failed, sent] = co_await asio::async_write(*to, piece, asio::as_tuple(asio::use_awaitable));
            write_error = failed;
        }
        if (write_error) {
            boost::system::error_code ignored;
            to->close(ignored);
            co_return;
        }
    }
}

asio::awaitable<void> serve_one(parts_ptr shared, socket_ptr client) {
    std::string request;
    std::string chunk(4096, '\0');
    while (request.find("\r\n\r\n") == std::string::npos) {
        const auto [error, bytes] =
            co_await client->async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        request.append(chunk, 0, bytes);
    }
    shared->requests.push_back(request);
    co_await asio::async_write(*client, asio::buffer(shared->answer), asio::as_tuple(asio::use_awaitable));
    if (shared->hang_up) co_return;
    if (shared->answer.find(" 200 ") == std::string::npos) {
        // Silent until the client goes.
        co_await client->async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        co_return;
    }
    const auto target = std::make_shared<tcp::socket>(shared->executor);
    const tcp::endpoint at(asio::ip::address_v4::loopback(), shared->target_port);
    const auto [error] = co_await target->async_connect(at, asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    shared->tasks.spawn("back", pass_on(target, client));
    co_await pass_on(client, target);
}

asio::awaitable<void> accept_all(parts_ptr shared) {
    for (;;) {
        auto [error, socket] = co_await shared->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        auto client = std::make_shared<tcp::socket>(std::move(socket));
        shared->tasks.spawn("client", serve_one(shared, std::move(client)));
    }
}

}  // namespace

test_proxy::test_proxy(const asio::any_io_executor& executor, std::string answer, std::uint16_t target_port,
                       bool hang_up)
    : parts_(std::make_shared<proxy_parts>(executor, std::move(answer), target_port, hang_up)) {
    parts_->tasks.spawn("accept", accept_all(parts_));
}

test_proxy::~test_proxy() {
    boost::system::error_code ignored;
    parts_->acceptor.close(ignored);
    parts_->tasks.cancel();
}

std::uint16_t test_proxy::port() const { return parts_->acceptor.local_endpoint().port(); }
const std::vector<std::string>& test_proxy::requests() const { return parts_->requests; }

}  // namespace consent_sync::http::test
