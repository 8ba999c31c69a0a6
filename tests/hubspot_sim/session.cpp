#include "hubspot_sim/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <limits>
#include <sstream>

#include "hubspot_sim/control.hpp"
#include "hubspot_sim/delivery.hpp"

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using parser = http::request_parser<http::string_body>;

constexpr std::size_t header_bytes_max = 64 * 1024;
constexpr std::size_t body_bytes_max = std::size_t{64} << 20;
constexpr std::size_t read_bytes = 32 * 1024;
constexpr milliseconds no_limit{0};

std::string text_of(const parser& p, http::field field) {
    const auto value = p.get()[field];
    return std::string(value.data(), value.size());
}

request_head head_of(const parser& p) {
    request_head head;
    head.method.assign(p.get().method_string().data(), p.get().method_string().size());
    head.target.assign(p.get().target().data(), p.get().target().size());
    head.authorization = text_of(p, http::field::authorization);
    head.content_type = text_of(p, http::field::content_type);
    return head;
}

// Counts the connection as open for as long as it lives.
class registration {
  public:
    registration(session_world& world, connection& c) : world_(world), connection_(c) {
        world_.open.insert(&connection_);
        world_.hubspot.connection_opened();
    }
    ~registration() {
        world_.open.erase(&connection_);
        world_.hubspot.connection_closed();
    }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;

  private:
    session_world& world_;
    connection& connection_;
};

// Ends the exchange however the function returns.
class exchange_end {
  public:
    exchange_end(account& a, exchange& e) : account_(a), exchange_(e) {}
    ~exchange_end() { account_.end(exchange_); }
    exchange_end(const exchange_end&) = delete;
    exchange_end& operator=(const exchange_end&) = delete;

  private:
    account& account_;
    exchange& exchange_;
};

// Feeds the parser until `done`. False: the peer is gone, was idle too long, or sent something that is not HTTP
// (`bad`).
template <class Done>
asio::awaitable<bool> feed(connection& c, boost::beast::flat_buffer& buffer, parser& p, milliseconds limit, Done done,
                           error_code& bad) {
    while (!done(p)) {
        if (buffer.size() > 0) {
            error_code ec;
            const std::size_t used = p.put(buffer.data(), ec);
            buffer.consume(used);
            if (ec && ec != http::error::need_more) {
                bad = ec;
                co_return false;
            }
            if (done(p)) break;
            if (used > 0 && !ec) continue;
        }
        const auto [ec, count] = co_await c.read_some(buffer.prepare(read_bytes), limit);
        buffer.commit(count);
        if (ec) co_return false;
    }
    co_return true;
}

bool head_done(const parser& p) { return p.is_header_done(); }
bool all_done(const parser& p) { return p.is_done(); }

asio::awaitable<void> apply_later(account& a, milliseconds wait, std::uint64_t request, std::vector<input> inputs) {
    co_await pause_for(wait);
    a.apply_late(request, inputs);
}

void rethrow(std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
}

class session {
  public:
    session(connection& c, session_world& world) : connection_(c), world_(world) {}

    asio::awaitable<void> run() {
        if (world_.hubspot.take_handshake_stall()) {
            co_await wait_until_gone(connection_);
            co_return;
        }
        const error_code refused = co_await connection_.handshake();
        if (refused) co_return;
        bool open = true;
        while (open) open = co_await serve_one();
    }

  private:
    asio::awaitable<bool> serve_one() {
        parser p;
        p.header_limit(header_bytes_max);
        p.body_limit(body_bytes_max);
        p.eager(false);
        error_code bad;
        const milliseconds idle = world_.hubspot.settings().idle_timeout;
        connection_.idle = true;
        const bool got_head = co_await feed(connection_, buffer_, p, idle, &head_done, bad);
        connection_.idle = false;
        if (!got_head) {
            if (bad) co_await refuse_bad_request();
            co_await connection_.close();
            co_return false;
        }
        p.eager(true);
        const request_head head = head_of(p);
        if (connection_.doomed()) {
            co_await die(p, head);
            co_return false;
        }
        if (head.path() == write_path) {
            const bool keep = co_await serve_write(p, head);
            if (world_.hubspot.cuts_idle_connections())
                for (connection* c : world_.open)
                    if (c->idle) c->reset();
            co_return keep;
        }
        const bool got_body = co_await read_body(p);
        if (!got_body) co_return false;
        const bool keep = co_await serve_other(p, head);
        co_return keep;
    }

    // All connections except this one, or the given number of them, die in the given way.
    reply doom_others(const std::string& body) {
        std::istringstream words(body);
        std::string moment, way;
        std::size_t left = std::numeric_limits<std::size_t>::max();
        words >> moment >> way >> left;
        if (!words) left = std::numeric_limits<std::size_t>::max();
        const std::optional<death> how = parse_death(moment, way);
        reply r;
        r.status = how ? 200 : 400;
        std::size_t doomed = 0;
        for (connection* c : world_.open) {
            if (!how || c == &connection_ || c->doomed() || doomed == left) continue;
            c->doom(*how);
            ++doomed;
        }
        r.body = "{\"doomed\":" + std::to_string(doomed) + "}\n";
        return r;
    }

    asio::awaitable<void> die(parser& p, const request_head& head) {
        const death d = *connection_.doomed();
        using moment = death::moment;
        if (d.at == moment::request_read || d.at == moment::request_applied || d.at == moment::answer_begun) {
            const bool got_body = co_await read_body(p);
            if (!got_body) co_return;
            if (head.path() == write_path) note_unanswered(p, head, d.at != moment::request_read);
        }
        if (d.at == moment::answer_begun || d.at == moment::timed_out) {
            const std::string_view said =
                d.at == moment::answer_begun
                    ? "HTTP/1.1 200 OK\r\nDate: Mon, 0"
                    : "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            const error_code ignored = co_await connection_.write(asio::buffer(said));
            static_cast<void>(ignored);
        }
        co_await connection_.die(d.how);
    }

    void note_unanswered(const parser& p, const request_head& head, bool applied) {
        account& hubspot = world_.hubspot;
        const origin from{connection_.id(), connection_.native_socket()};
        exchange e = hubspot.begin(head, from);
        const exchange_end end(hubspot, e);
        e.what = applied ? fault::reset().applied() : fault::reset();
        hubspot.receive(e, head, from, p.get().body());
        static_cast<void>(hubspot.answer(e));
    }

    asio::awaitable<bool> read_body(parser& p) {
        if (text_of(p, http::field::expect) == "100-continue") {
            const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const error_code ec = co_await connection_.write(asio::buffer(go_on));
            if (ec) co_return false;
        }
        error_code bad;
        const bool whole = co_await feed(connection_, buffer_, p, no_limit, &all_done, bad);
        if (!whole && bad) co_await refuse_bad_request();
        if (!whole) co_await connection_.close();
        co_return whole;
    }

    asio::awaitable<void> refuse_bad_request() {
        const reply r = error_reply(400, "VALIDATION_ERROR", "HTTP 400 Bad Request", "");
        const std::string message = format_message(r, false, r.body.size());
        const error_code ignored = co_await connection_.write(asio::buffer(message));
        static_cast<void>(ignored);
    }

    asio::awaitable<bool> serve_other(parser& p, const request_head& head) {
        const std::string& body = p.get().body();
        const std::function<void()> nothing = [] {};
        const bool keep_alive = p.get().keep_alive();
        if (head.path().starts_with(control_prefix)) {
            const bool dooms = head.method == "POST" && head.path() == "/sim/doom";
            const reply r = dooms ? doom_others(body) : serve_control(world_.hubspot, head, body);
            const fault none;
            const bool keep = co_await deliver(connection_, none, r, keep_alive, nothing);
            co_return keep;
        }
        const auto answered = world_.hubspot.serve_other(head, body);
        if (answered.first.delay.count() > 0) co_await pause_for(answered.first.delay);
        const bool keep = co_await deliver(connection_, answered.first, answered.second, keep_alive, nothing);
        co_return keep;
    }

    asio::awaitable<bool> serve_write(parser& p, const request_head& head) {
        account& hubspot = world_.hubspot;
        const origin from{connection_.id(), connection_.native_socket()};
        exchange e = hubspot.begin(head, from);
        const exchange_end end(hubspot, e);
        const std::function<void()> release = [&hubspot, &e] { hubspot.release(e); };
        const bool unread = e.what.kind == fault_kind::stall_before_read ||
                            (e.what.kind == fault_kind::reset && !e.what.apply && !e.what.late);
        if (unread) {
            const reply none;
            const bool keep = co_await deliver(connection_, e.what, none, false, release);
            co_return keep;
        }
        const bool got_body = co_await read_body(p);
        if (!got_body) co_return false;
        hubspot.receive(e, head, from, p.get().body());
        const milliseconds wait = hubspot.latency(e);
        if (wait.count() > 0) co_await pause_for(wait);

        const reply r = hubspot.answer(e);
        if (!e.late.empty()) {
            const auto executor = co_await asio::this_coro::executor;
            asio::co_spawn(executor, apply_later(hubspot, *e.what.late, e.number, std::move(e.late)), &rethrow);
        }
        if (!e.what.is_silent()) e.status = r.status;
        const bool keep = co_await deliver(connection_, e.what, r, p.get().keep_alive(), release);
        co_return keep;
    }

    connection& connection_;
    session_world& world_;
    boost::beast::flat_buffer buffer_;
};

}  // namespace

asio::awaitable<void> run_session(std::unique_ptr<connection> c, session_world& world) {
    const registration registered(world, *c);
    session s(*c, world);
    co_await s.run();
}

}  // namespace consent_sync::hubspot_sim
