#include "hubspot_sim/fast.hpp"

#include <charconv>
#include <cstring>
#include <vector>

#include "hubspot_sim/error_answers.hpp"
#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t message_bytes_max = std::size_t{16} << 20;
constexpr milliseconds no_limit{0};

// The fields of one input as they stand in the body, quotes included; the explanation may hold escapes.
struct raw_input {
    std::string_view subscriber;
    std::string_view subscription;
    std::string_view status;
    std::string_view basis = "null";
    std::string_view explanation = "null";
};

// From an opening quote to behind its closing one; npos if there is none.
std::size_t string_end(std::string_view body, std::size_t open) {
    std::size_t at = open + 1;
    for (;;) {
        at = body.find('"', at);
        if (at == std::string_view::npos) return at;
        std::size_t backslashes = 0;
        while (body[at - 1 - backslashes] == '\\')
            ++backslashes;
        ++at;
        if (backslashes % 2 == 0) return at;
    }
}

void take_field(raw_input& in, std::string_view name, std::string_view value) {
    if (name == "\"subscriberIdString\"") in.subscriber = value;
    if (name == "\"subscriptionId\"") in.subscription = value;
    if (name == "\"statusState\"") in.status = value;
    if (name == "\"legalBasis\"") in.basis = value;
    if (name == "\"legalBasisExplanation\"") in.explanation = value;
}

// Reads one "name": value from `at`; returns where it ends, npos at the end of the body.
std::size_t read_field(std::string_view body, std::size_t at, raw_input& in) {
    const std::size_t name_end = string_end(body, at);
    if (name_end == std::string_view::npos) return name_end;
    const std::string_view name = body.substr(at, name_end - at);
    std::size_t value = body.find_first_not_of(" \t\r\n:", name_end);
    if (value == std::string_view::npos) return value;
    const std::size_t value_end =
        body[value] == '"' ? string_end(body, value) : body.find_first_of(",}] \t\r\n[{", value);
    if (value_end == std::string_view::npos) return value_end;
    take_field(in, name, body.substr(value, value_end - value));
    return value_end;
}

void append_result(std::string& to, const raw_input& in, std::string_view timestamp) {
    to.append("{\"businessUnitId\":0,\"channel\":\"EMAIL\",\"subscriberIdString\":").append(in.subscriber);
    to.append(",\"subscriptionId\":").append(in.subscription);
    to.append(",\"subscriptionName\":\"Customer Service Communication\",\"status\":").append(in.status);
    to.append(",\"source\":\"Public status API, App ID:5848098\",\"legalBasis\":").append(in.basis);
    to.append(",\"legalBasisExplanation\":").append(in.explanation);
    to.append(",\"setStatusSuccessReason\":\"REQUESTED_CHANGE_OCCURRED\",\"timestamp\":\"");
    to.append(timestamp).append("\"}");
}

struct message_size {
    std::size_t head = 0;  // 0: the head is not whole yet
    std::size_t body = 0;
};

message_size measure(std::string_view data) {
    message_size size;
    const std::size_t end = data.find("\r\n\r\n");
    if (end == std::string_view::npos) return size;
    size.head = end + 4;
    const std::string head = [&] {
        std::string lowered(data.substr(0, end));
        for (char& c : lowered) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        return lowered;
    }();
    constexpr std::string_view name = "\r\ncontent-length:";
    std::size_t at = head.find(name);
    if (at == std::string::npos) return size;
    at = head.find_first_not_of(' ', at + name.size());
    if (at != std::string::npos) std::from_chars(head.data() + at, head.data() + head.size(), size.body);
    return size;
}

// Answers one request from `body` into `out`.
void answer(std::string& out, std::string_view body, std::string& json, fast_world& world) {
    bool limited = false;
    const std::string headers = world.rate_headers(limited);
    const auto now = std::chrono::system_clock::now();
    json.clear();
    if (limited) {
        json = rolling_limit_reply("00000000-0000-4000-8000-000000000000").body;
        out.assign("HTTP/1.1 429 Too Many Requests\r\n");
    } else {
        append_fast_answer(json, body, format_time(now));
        out.assign("HTTP/1.1 200 OK\r\n");
    }
    out.append("Date: ")
        .append(format_http_date(now))
        .append("\r\nContent-Type: application/json;charset=utf-8\r\n");
    out.append("X-HubSpot-Correlation-Id: 00000000-0000-4000-8000-000000000000\r\n").append(headers);
    out.append("Content-Length: ");
    append_number(out, static_cast<std::int64_t>(json.size()));
    out.append("\r\n\r\n").append(json);
}

}  // namespace

void append_fast_answer(std::string& to, std::string_view body, std::string_view timestamp) {
    to.append("{\"status\":\"COMPLETE\",\"results\":[");
    bool first = true;
    std::size_t at = body.find('[');
    raw_input in;
    while (at < body.size()) {
        at = body.find_first_of("\"}", at);
        if (at == std::string_view::npos) break;
        if (body[at] == '"') {
            at = read_field(body, at, in);
            continue;
        }
        ++at;
        if (in.subscriber.empty()) continue;  // the end of the document
        if (!first) to.push_back(',');
        first = false;
        append_result(to, in, timestamp);
        in = raw_input();
    }
    to.append("],\"startedAt\":\"")
        .append(timestamp)
        .append("\",\"completedAt\":\"")
        .append(timestamp)
        .append("\"}");
}

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

asio::awaitable<void> run_fast_session(std::unique_ptr<connection> c, fast_world& world) {
    const boost::system::error_code refused = co_await c->handshake();
    if (refused) co_return;
    std::vector<char> buffer(read_bytes);
    std::size_t filled = 0;
    std::string out;
    std::string json;
    for (;;) {
        const std::string_view data(buffer.data(), filled);
        const message_size size = measure(data);
        const std::size_t whole = size.head + size.body;
        if (size.head != 0 && filled >= whole) {
            answer(out, data.substr(size.head, size.body), json, world);
            std::memmove(buffer.data(), buffer.data() + whole, filled - whole);
            filled -= whole;
            const boost::system::error_code ec = co_await c->write(asio::buffer(out));
            if (ec) co_return;
            continue;
        }
        if (whole > message_bytes_max || (size.head == 0 && filled == read_bytes)) co_return;
        if (buffer.size() < whole + read_bytes) buffer.resize(whole + read_bytes);
        const asio::mutable_buffer room(buffer.data() + filled, buffer.size() - filled);
        const auto [ec, count] = co_await c->read_some(room, no_limit);
        if (ec) co_return;
        filled += count;
    }
}

}  // namespace consent_sync::hubspot_sim
