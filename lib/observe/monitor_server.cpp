#include "observe/monitor_server.hpp"

#include <unistd.h>

#include <array>
#include <optional>
#include <utility>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/system_error.hpp>

#include "async/accept_next.hpp"
#include "async/log_task_failed.hpp"
#include "config/url.hpp"

namespace consent_sync::observe {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t connections_max = 16;
constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr auto idle_max = std::chrono::seconds(30);
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

std::vector<std::string> own_names() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    const std::string text = name.data();
    return {text, text.substr(0, text.find('.'))};
}

http::response<http::string_body> to_response(monitor_answer&& a, bool head, bool keep_alive, unsigned version) {
    http::response<http::string_body> r;
    r.version(version);
    r.result(a.status);
    r.keep_alive(keep_alive);
    r.set(http::field::content_type, a.content_type);
    r.set(http::field::cache_control, "no-store");
    r.set("X-Content-Type-Options", "nosniff");
    if (!a.allow.empty()) r.set(http::field::allow, a.allow);
    const std::size_t length = a.body.size();
    if (!head) r.body() = std::move(a.body);
    r.content_length(length);
    return r;
}

// What cannot be read as a request gets an answer too; nothing: the client has gone, or was too slow.
std::optional<monitor_answer> refuse_unread(boost::system::error_code why) {
    if (why == http::error::end_of_stream ||
        why.category() != http::make_error_code(http::error::bad_method).category())
        return std::nullopt;
    monitor_answer a;
    const bool large = why == http::error::header_limit || why == http::error::buffer_overflow;
    a.status = large ? 431 : 400;
    a.body = large ? "the request's header is larger than 8 KiB\n" : "this is no HTTP request\n";
    return a;
}

// During its lifetime its connection may be closed to make room for another.
class idle_mark {
  public:
    idle_mark(std::list<beast::tcp_stream*>& all, beast::tcp_stream& own) : all_(all), own_(own) {
        all_.push_back(&own_);
    }
    ~idle_mark() { all_.remove(&own_); }
    idle_mark(const idle_mark&) = delete;
    idle_mark& operator=(const idle_mark&) = delete;

  private:
    std::list<beast::tcp_stream*>& all_;
    beast::tcp_stream& own_;
};

}  // namespace

monitor_server::monitor_server(const asio::any_io_executor& home, make_answer make,
                               const std::vector<std::string>& hosts)
    : make_(std::move(make)), names_(own_names()), acceptor_(home), tasks_(home, async::log_task_failed) {
    names_.insert(names_.end(), hosts.begin(), hosts.end());
}

base::result<void> monitor_server::listen(const std::string& address) {
    const auto parsed = config::parse_listen_address(address);
    if (!parsed) return parsed.error();
    boost::system::error_code ec;
    const asio::ip::tcp::endpoint at(asio::ip::make_address(parsed->host, ec), parsed->port);
    if (!ec) acceptor_.open(at.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor_.bind(at, ec);
    if (!ec) acceptor_.listen(connections_max, ec);
    if (ec) {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        return base::error{ec == asio::error::address_in_use ? base::errc::busy : base::errc::io,
                           "cannot listen on " + address + ": " + ec.message() +
                               "; the daemon works without it. Choose another address in monitor.listen, and restart"};
    }
    tasks_.spawn("monitor.accept", accept());
    return {};
}

unsigned short monitor_server::port() const {
    boost::system::error_code ec;
    return acceptor_.local_endpoint(ec).port();
}

void monitor_server::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    tasks_.cancel();
}

asio::awaitable<void> monitor_server::accept() {
    while (true) {
        auto socket = co_await async::accept_next(acceptor_);
        if (!socket) co_return;
        if (tasks_.size() > connections_max && !make_room()) continue;  // closed at once: a scraper has one or two
        tasks_.spawn("monitor.serve", serve(std::move(*socket)));
    }
}

bool monitor_server::make_room() {
    if (idle_.empty()) return false;
    idle_.front()->close();
    idle_.pop_front();
    return true;
}

asio::awaitable<void> monitor_server::serve(asio::ip::tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer(2 * header_bytes_max);
    while (true) {
        http::request_parser<http::empty_body> parser;
        parser.header_limit(header_bytes_max);
        stream.expires_after(idle_max);
        std::optional<idle_mark> idle(std::in_place, idle_, stream);
        const auto [failed, bytes] = co_await http::async_read_header(stream, buffer, parser, awaited);
        if (failed) {
            std::optional<monitor_answer> unread = refuse_unread(failed);
            if (!unread) co_return;
            http::response<http::string_body> refusal = to_response(std::move(*unread), false, false, 11);
            stream.expires_after(idle_max);
            co_await http::async_write(stream, refusal, awaited);
            break;
        }
        const auto& request = parser.get();
        const bool head = request.method() == http::verb::head;
        const bool keep_alive = request.keep_alive() && parser.is_done();  // a body is not waited for
        const std::string method(request.method_string());
        const std::string target(request.target());
        const std::string host(request[http::field::host]);
        const unsigned version = request.version();
        const std::size_t hosts = request.count(http::field::host);
        routed to = route(monitor_request{method, target, host, hosts}, names_);
        monitor_answer answer;
        if (to.page) {
            idle.reset();  // its client waits for us
            answer = co_await make_(*to.page);
            idle.emplace(idle_, stream);
        } else {
            answer = std::move(to.refusal);
        }
        http::response<http::string_body> response = to_response(std::move(answer), head, keep_alive, version);
        http::response_serializer<http::string_body> out(response);
        out.split(head);  // the header alone
        stream.expires_after(idle_max);
        if (head) {
            const auto [ec, sent] = co_await http::async_write_header(stream, out, awaited);
            if (ec || !keep_alive) break;
        } else {
            const auto [ec, sent] = co_await http::async_write(stream, out, awaited);
            if (ec || !keep_alive) break;
        }
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace consent_sync::observe
