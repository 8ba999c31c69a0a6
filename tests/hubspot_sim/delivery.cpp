#include "hubspot_sim/delivery.hpp"

#include <boost/beast/http/status.hpp>

#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;

// An endless answer ends here if the client has no limit of its own.
constexpr std::size_t endless_bytes_max = std::size_t{256} << 20;
constexpr std::size_t filler_bytes = 16 * 1024;
constexpr std::size_t false_promise = 1000;

void append_head(std::string& to, const reply& r) {
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(r.status));
    to.append("HTTP/1.1 ").append(std::to_string(r.status)).append(" ");
    to.append(reason.data(), reason.size()).append("\r\nDate: ");
    to.append(format_http_date(std::chrono::system_clock::now())).append("\r\nServer: cloudflare\r\n");
    for (const auto& [name, value] : r.headers) to.append(name).append(": ").append(value).append("\r\n");
}

asio::awaitable<bool> write_all(connection& c, const std::string& text) {
    const auto ec = co_await c.write(asio::buffer(text));
    co_return !ec;
}

asio::awaitable<void> drip(connection& c, const std::string& message, milliseconds delay,
                           const std::function<void()>& before_end) {
    for (std::size_t i = 0; i < message.size(); ++i) {
        if (delay.count() > 0) co_await pause_for(delay);
        if (i + 1 == message.size()) before_end();
        const auto ec = co_await c.write(asio::buffer(message.data() + i, 1));
        if (ec) break;
    }
}

// Writes `opening` once and `filler` again and again, until the client leaves.
asio::awaitable<void> write_endlessly(connection& c, std::string opening, std::string filler) {
    bool open = co_await write_all(c, opening);
    for (std::size_t sent = 0; open && sent < endless_bytes_max; sent += filler.size()) {
        open = co_await write_all(c, filler);
    }
}

asio::awaitable<void> deliver_endless(connection& c, const fault& f, const reply& r) {
    std::string opening;
    append_head(opening, r);
    std::string filler;
    if (f.kind == fault_kind::endless_headers) {
        while (filler.size() < filler_bytes) filler.append("X-Filler: ").append(100, 'x').append("\r\n");
    } else {
        opening.append("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        filler.append("4000\r\n").append(0x4000, ' ').append("\r\n");
    }
    co_await write_endlessly(c, std::move(opening), std::move(filler));
}

}  // namespace

std::string format_message(const reply& r, bool keep_alive, std::size_t promised) {
    std::string text;
    text.reserve(r.body.size() + 1024);
    append_head(text, r);
    if (!r.body.empty()) text.append("Content-Type: ").append(r.content_type).append("\r\n");
    if (!keep_alive) text.append("Connection: close\r\n");
    text.append("Content-Length: ").append(std::to_string(promised)).append("\r\n\r\n").append(r.body);
    return text;
}

asio::awaitable<bool> deliver(connection& c, const fault& f, const reply& r, bool keep_alive,
                              const std::function<void()>& before_end) {
    bool keep = false;
    switch (f.kind) {
        case fault_kind::stall_before_read:
        case fault_kind::stall: co_await wait_until_gone(c); break;
        case fault_kind::reset:
            before_end();
            c.reset();
            co_return false;
        case fault_kind::close: break;
        case fault_kind::cut: {
            const std::string message = format_message(r, keep_alive, r.body.size()).substr(0, f.cut_at);
            before_end();
            co_await write_all(c, message);
            c.reset();
            co_return false;
        }
        case fault_kind::garbage: {
            const std::string noise = "\x15\x03SSH-2.0-not-http\r\n\x01\x02\xff\r\n\r\n";
            before_end();
            co_await write_all(c, noise);
            co_await c.close();
            co_return false;
        }
        case fault_kind::endless_headers:
        case fault_kind::endless_body: co_await deliver_endless(c, f, r); break;
        case fault_kind::drip: {
            const std::string message = format_message(r, keep_alive, r.body.size());
            co_await drip(c, message, f.delay, before_end);
            co_return keep_alive;
        }
        default: {
            reply sent = r;
            if (f.kind == fault_kind::truncated) sent.body.resize(sent.body.size() / 2);
            const bool lies = f.kind == fault_kind::wrong_length;
            const std::string message = format_message(sent, keep_alive, sent.body.size() + (lies ? false_promise : 0));
            before_end();
            const bool written = co_await write_all(c, message);
            keep = written && keep_alive && !lies && f.kind != fault_kind::hang_up && !f.then_close;
            if (keep) co_return true;
            co_await c.close();
            co_return false;
        }
    }
    before_end();
    co_await c.close();
    co_return keep;
}

}  // namespace consent_sync::hubspot_sim
