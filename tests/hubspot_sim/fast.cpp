#include "hubspot_sim/fast.hpp"

#include <charconv>
#include <chrono>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "hubspot_sim/error_answers.hpp"
#include "hubspot_sim/fast_answer.hpp"
#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;

constexpr std::size_t fast_read_bytes = 64 * 1024;
constexpr std::size_t message_bytes_max = std::size_t{16} << 20;
constexpr std::size_t head_bytes_max = 1024;  // of an answer
constexpr std::string_view correlation = "00000000-0000-4000-8000-000000000000";

struct message_size {
    std::size_t head = 0;  // 0: the head is not whole yet
    std::size_t body = 0;
};

message_size measure(std::string_view data) {
    message_size size;
    const std::size_t end = data.find("\r\n\r\n");
    if (end == std::string_view::npos) return size;
    size.head = end + 4;
    std::string head(data.substr(0, end));
    for (char& c : head) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    constexpr std::string_view name = "\r\ncontent-length:";
    std::size_t at = head.find(name);
    if (at == std::string::npos) return size;
    at = head.find_first_not_of(' ', at + name.size());
    if (at != std::string::npos) std::from_chars(head.data() + at, head.data() + head.size(), size.body);
    return size;
}

// Makes the answers of one connection. The body is written first, its head then right before it.
class answerer {
  public:
    explicit answerer(fast_world& world) : world_(world), buffer_(fast_read_bytes) {}

    // Valid until the next call.
    std::span<const char> answer(std::string_view body) {
        bool limited = false;
        const std::string rate = world_.rate_headers(limited);
        const auto now = std::chrono::system_clock::now();
        std::size_t end = head_bytes_max;
        std::string head = "HTTP/1.1 200 OK\r\nDate: ";
        if (limited) {
            head = "HTTP/1.1 429 Too Many Requests\r\nDate: ";
            const std::string text = rolling_limit_reply(correlation).body;
            std::memcpy(buffer_.data() + end, text.data(), text.size());
            end += text.size();
        } else {
            end = write_fast_answer(buffer_, end, body, format_time(now));
        }
        head.append(format_http_date(now)).append("\r\nContent-Type: application/json;charset=utf-8\r\n");
        head.append("X-HubSpot-Correlation-Id: ").append(correlation).append("\r\n").append(rate);
        head.append("Content-Length: ").append(std::to_string(end - head_bytes_max)).append("\r\n\r\n");
        char* const start = buffer_.data() + head_bytes_max - head.size();
        std::memcpy(start, head.data(), head.size());
        return std::span<const char>(start, buffer_.data() + end);
    }

  private:
    fast_world& world_;
    std::vector<char> buffer_;
};

}  // namespace

fast_world::fast_world(const options& o)
    : limit_(o.limit_requests), interval_ms_(o.limit_interval.count()), headers_(o.rate_headers) {}

std::string fast_world::rate_headers(bool& limited) {
    std::uint32_t left = 999'999;
    if (limit_ != 0) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        const std::int64_t now_ms = std::chrono::duration_cast<milliseconds>(now).count();
        const std::lock_guard lock(mutex_);
        limited = !window_.admit(now_ms, limit_, interval_ms_);
        left = limit_ - window_.used(now_ms, interval_ms_);
    }
    if (!headers_) return "";
    std::string headers = "X-HubSpot-RateLimit-Max: ";
    append_number(headers, limit_ == 0 ? 1'000'000 : limit_);
    headers.append("\r\nX-HubSpot-RateLimit-Remaining: ");
    append_number(headers, left);
    headers.append("\r\nX-HubSpot-RateLimit-Interval-Milliseconds: ");
    append_number(headers, interval_ms_);
    return headers.append("\r\n");
}

asio::awaitable<void> run_fast_session(std::unique_ptr<fast_stream> stream, fast_world& world) {
    const bool greeted = co_await stream->handshake();
    if (!greeted) co_return;
    answerer answers(world);
    std::vector<char> buffer(fast_read_bytes);
    std::size_t filled = 0;
    for (;;) {
        const std::string_view data(buffer.data(), filled);
        const message_size size = measure(data);
        const std::size_t whole = size.head + size.body;
        if (size.head != 0 && filled >= whole) {
            const std::span<const char> out = answers.answer(data.substr(size.head, size.body));
            filled -= whole;
            if (filled > 0) std::memmove(buffer.data(), buffer.data() + whole, filled);
            const bool written = co_await stream->write(out);
            if (!written) co_return;
            continue;
        }
        if (whole > message_bytes_max || (size.head == 0 && filled >= fast_read_bytes)) co_return;
        if (buffer.size() < whole + fast_read_bytes) buffer.resize(whole + fast_read_bytes);
        const std::span<char> room(buffer.data() + filled, buffer.size() - filled);
        const std::size_t count = co_await stream->read(room);
        if (count == 0) co_return;
        filled += count;
    }
}

}  // namespace consent_sync::hubspot_sim
