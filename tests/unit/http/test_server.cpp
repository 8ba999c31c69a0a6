#include "unit/http/test_server.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <system_error>

#include "async/task_group.hpp"
#include "async/watchdog.hpp"

namespace consent_sync::http::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using server_stream = asio::ssl::stream<tcp::socket>;

std::string answer(unsigned status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct server_parts {
    server_parts(const asio::any_io_executor& ex, server_options o, test_server::script s)
        : executor(ex),
          options(o),
          on_request(std::move(s)),
          context(asio::ssl::context::tls_server),
          acceptor(ex),
          tasks(ex, [](std::string_view, const std::exception_ptr& failure) { std::rethrow_exception(failure); }) {}

    asio::any_io_executor executor;
    server_options options;
    test_server::script on_request;
    asio::ssl::context context;
    tcp::acceptor acceptor;
    async::task_group tasks;
    unsigned connections = 0;
    unsigned handshakes = 0;
    unsigned resumed = 0;
    unsigned early_data = 0;
    unsigned open = 0;
    std::vector<std::string> requests;
    std::string server_name;
};

namespace {

std::size_t body_size(const std::string& head) {
    const std::string name = "Content-Length: ";
    const std::size_t at = head.find(name);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

// One whole request, or nothing when the client is gone or silent for too long.
template <class Stream>
asio::awaitable<std::string> read_request(Stream& stream, std::string& buffer) {
    for (;;) {
        const std::size_t end = buffer.find("\r\n\r\n");
        if (end != std::string::npos) {
            const std::size_t size = end + 4 + body_size(buffer.substr(0, end + 2));
            if (buffer.size() >= size) {
                std::string request = buffer.substr(0, size);
                buffer.erase(0, size);
                co_return request;
            }
        }
        std::string chunk(16384, '\0');
        const auto [error, bytes] =
            co_await stream.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        if (error) co_return std::string();
        buffer.append(chunk, 0, bytes);
    }
}

template <class Stream>
asio::awaitable<bool> write_reply(Stream& stream, const reply& what) {
    do {
        std::size_t at = 0;
        while (at < what.bytes.size()) {
            const auto piece = asio::buffer(what.bytes.data() + at, what.drip ? 1 : what.bytes.size() - at);
            const auto [error, bytes] = co_await asio::async_write(stream, piece, asio::as_tuple(asio::use_awaitable));
            if (error) co_return false;
            at += bytes;
            if (what.drip) {
                asio::steady_timer pause(co_await asio::this_coro::executor, *what.drip);
                co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
            }
        }
    } while (what.endless);
    co_return true;
}

void reset(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

// As a firewall that forgot the connection: the kernel throws away all that comes for this socket.
void drop_packets(tcp::socket& socket) {
    sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &nothing};
    const int failed = ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    if (failed != 0) throw std::system_error(errno, std::generic_category(), "SO_ATTACH_FILTER");
}

asio::awaitable<void> hang(tcp::socket& socket) {
    // Until the client hangs up; what it sends is not read.
    asio::steady_timer forever(socket.get_executor(), asio::steady_timer::time_point::max());
    co_await forever.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> say_goodbye(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    co_return;
}

asio::awaitable<void> say_goodbye(server_stream& stream) {
    co_await stream.async_shutdown(asio::as_tuple(asio::use_awaitable));
}

tcp::socket& socket_of(tcp::socket& socket) { return socket; }
tcp::socket& socket_of(server_stream& stream) { return stream.next_layer(); }

// Serves one connection until it ends.
template <class Stream>
asio::awaitable<void> serve(std::shared_ptr<server_parts> shared, Stream& stream) {
    std::string buffer;
    async::watchdog idle(shared->executor);
    for (;;) {
        if (shared->options.idle_close.count() != 0) {
            idle.arm(std::chrono::steady_clock::now() + shared->options.idle_close,
                     [&stream] { socket_of(stream).close(); });
        }
        const std::string request = co_await read_request(stream, buffer);
        idle.disarm();
        if (request.empty()) co_return;
        shared->requests.push_back(request);
        const reply what = shared->on_request(request);
        if (!co_await write_reply(stream, what)) co_return;
        if (what.after == reply::then::reset) reset(socket_of(stream));
        if (what.after == reply::then::go_silent) drop_packets(socket_of(stream));
        if (what.after == reply::then::hang || what.after == reply::then::go_silent) co_await hang(socket_of(stream));
        if (what.after == reply::then::close) co_await say_goodbye(stream);
        if (what.after != reply::then::keep) co_return;
    }
}

asio::awaitable<void> serve_tls(std::shared_ptr<server_parts> shared, tcp::socket socket) {
    server_stream stream(std::move(socket), shared->context);
    const auto [error] =
        co_await stream.async_handshake(asio::ssl::stream_base::server, asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    shared->handshakes++;
    if (SSL_session_reused(stream.native_handle()) == 1) shared->resumed++;
    if (SSL_get_early_data_status(stream.native_handle()) != SSL_EARLY_DATA_NOT_SENT) shared->early_data++;
    const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    shared->server_name = name == nullptr ? "" : name;
    co_await serve(shared, stream);
    // As on the client's side: without this the session could not be resumed.
    SSL_set_shutdown(stream.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

asio::awaitable<void> serve_one(std::shared_ptr<server_parts> shared, tcp::socket socket) {
    shared->open++;
    switch (shared->options.secure) {
        case server_options::security::plain: co_await serve(shared, socket); break;
        case server_options::security::tls_stalls: co_await hang(socket); break;
        default: co_await serve_tls(shared, std::move(socket));
    }
    shared->open--;
}

asio::awaitable<void> accept_all(std::shared_ptr<server_parts> shared) {
    for (;;) {
        auto [error, socket] = co_await shared->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        socket.set_option(tcp::no_delay(true));
        shared->connections++;
        shared->tasks.spawn("connection", serve_one(shared, std::move(socket)));
    }
}

void set_up_tls(asio::ssl::context& context, const server_options& options) {
    const certificate& mine = server_certificate(options.certificate);
    context.use_certificate_chain(asio::buffer(mine.chain_pem));
    context.use_private_key(asio::buffer(mine.key_pem), asio::ssl::context::pem);
    SSL_CTX* const native = context.native_handle();
    if (options.takes_early_data) SSL_CTX_set_max_early_data(native, 16'384);
    if (options.secure == server_options::security::old_tls) {
        SSL_CTX_set_cipher_list(native, "DEFAULT@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(native, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(native, TLS1_VERSION);
    }
    if (options.secure == server_options::security::tls_12) SSL_CTX_set_max_proto_version(native, TLS1_2_VERSION);
}

}  // namespace

test_server::test_server(const asio::any_io_executor& executor, server_options options, script on_request)
    : parts_(std::make_shared<server_parts>(executor, options, std::move(on_request))) {
    if (options.secure != server_options::security::plain) set_up_tls(parts_->context, options);
    const tcp::endpoint any(options.ipv6 ? asio::ip::address(asio::ip::address_v6::loopback())
                                         : asio::ip::address(asio::ip::address_v4::loopback()),
                            0);
    parts_->acceptor.open(any.protocol());
    parts_->acceptor.bind(any);
    parts_->acceptor.listen();
    parts_->tasks.spawn("accept", accept_all(parts_));
}

test_server::~test_server() { stop(); }

void test_server::stop() {
    boost::system::error_code ignored;
    parts_->acceptor.close(ignored);
    parts_->tasks.cancel();
}

std::uint16_t test_server::port() const { return parts_->acceptor.local_endpoint().port(); }
unsigned test_server::connections() const { return parts_->connections; }
unsigned test_server::handshakes() const { return parts_->handshakes; }
unsigned test_server::resumed() const { return parts_->resumed; }
unsigned test_server::early_data() const { return parts_->early_data; }
unsigned test_server::open() const { return parts_->open; }
const std::vector<std::string>& test_server::requests() const { return parts_->requests; }
const std::string& test_server::server_name() const { return parts_->server_name; }

}  // namespace consent_sync::http::test
