#include "hubspot_sim/account.hpp"

#include <poll.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

constexpr std::string_view write_scope = "communication_preferences.statuses.batch.write";

// The client has closed its side, whatever bytes may still be unread.
bool peer_is_gone(int socket) {
    if (socket < 0) return true;
    pollfd p{socket, POLLRDHUP, 0};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

std::string_view bearer(std::string_view authorization) {
    constexpr std::string_view scheme = "Bearer ";
    return authorization.starts_with(scheme) ? authorization.substr(scheme.size()) : std::string_view();
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// A body may hold any bytes; JSON holds texts.
std::string to_hex(std::string_view bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        hex += digits[static_cast<unsigned char>(c) >> 4];
        hex += digits[static_cast<unsigned char>(c) & 15];
    }
    return hex;
}

bool is_json(std::string_view content_type) {
    const std::string lowered = lower_address(content_type.substr(0, content_type.find(';')));
    return lowered == "application/json";
}

}  // namespace

account::account(options o) : options_(std::move(o)), random_(options_.seed) { oracle_.set_level(options_.record); }

std::string account::make_uuid() { return format_uuid(random_(), random_()); }

fault account::take_fault() {
    if (!script_.empty()) {
        fault f = script_.front();
        if (--script_.front().repeat == 0) script_.pop_front();
        return f;
    }
    if (options_.faults.empty()) return {};
    double point = std::uniform_real_distribution<double>(0, 1)(random_);
    for (const fault_share& f : options_.faults) {
        if (point < f.share) return f.what;
        point -= f.share;
    }
    return {};
}

std::optional<reply> account::check_token(const request_head& head, std::string_view correlation) {
    const std::string token(bearer(head.authorization));
    if (token.empty()) return unauthorized_reply(correlation);
    if (contains(options_.tokens, token)) return std::nullopt;
    if (contains(options_.expired_tokens, token)) return expired_reply(correlation);
    if (contains(options_.unscoped_tokens, token)) return missing_scope_reply(write_scope, correlation);
    const auto issued = issued_tokens_.find(token);
    if (issued == issued_tokens_.end()) return unauthorized_reply(correlation);
    if (issued->second <= now_ms()) return expired_reply(correlation);
    return std::nullopt;
}

std::optional<reply> account::check_limits(std::string_view correlation) {
    if (!options_.oauth_style && options_.daily_used >= options_.daily_limit) {
        ++oracle_.counters.daily_limited;
        return daily_limit_reply(correlation, make_uuid());
    }
    const std::int64_t now = now_ms();
    const std::int64_t interval = options_.limit_interval.count();
    if (window_.admit(now, options_.limit_requests, interval)) {
        ++options_.daily_used;
        return std::nullopt;
    }
    ++oracle_.counters.rate_limited;
    reply r = rolling_limit_reply(correlation);
    if (options_.retry_after) {
        const std::int64_t wait = window_.wait_ms(now, options_.limit_requests, interval);
        r.headers.emplace_back("Retry-After", std::to_string((wait + 999) / 1000));
    }
    return r;
}

std::vector<std::pair<std::string, std::string>> account::rate_headers() {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!options_.rate_headers) return headers;
    const std::uint32_t max = options_.limit_requests == 0 ? 1'000'000 : options_.limit_requests;
    const std::uint32_t used = window_.used(now_ms(), options_.limit_interval.count());
    const std::uint32_t left = max - std::min(max, used);
    headers.emplace_back("X-HubSpot-RateLimit-Max", std::to_string(max));
    headers.emplace_back("X-HubSpot-RateLimit-Remaining", std::to_string(left));
    headers.emplace_back("X-HubSpot-RateLimit-Interval-Milliseconds", std::to_string(options_.limit_interval.count()));
    headers.emplace_back("X-HubSpot-RateLimit-Secondly", std::to_string(max / 10));
    headers.emplace_back("X-HubSpot-RateLimit-Secondly-Remaining", std::to_string(std::min(left, max / 10)));
    if (options_.oauth_style) return headers;
    const std::uint64_t today = options_.daily_limit - std::min(options_.daily_limit, options_.daily_used);
    headers.emplace_back("X-HubSpot-RateLimit-Daily", std::to_string(options_.daily_limit));
    headers.emplace_back("X-HubSpot-RateLimit-Daily-Remaining", std::to_string(today));
    return headers;
}

exchange account::begin(const request_head& head, const origin& from) {
    const std::lock_guard lock(mutex_);
    exchange e;
    e.correlation = make_uuid();
    e.started = std::chrono::system_clock::now();
    e.what = take_fault();

    request_record r;
    r.connection = from.connection;
    r.token = token_id(head.authorization);
    r.correlation_id = e.correlation;
    if (e.what.kind != fault_kind::none) r.fault = name(e.what);
    e.number = oracle_.begin_request(now_ms(), options_.limit_interval.count(), std::move(r));

    if (head.method != "POST") {
        e.refusal = error_reply(405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed", e.correlation);
        e.refusal->headers.emplace_back("Allow", "POST,OPTIONS");
        return e;
    }
    e.refusal = check_token(head, e.correlation);
    if (e.refusal && e.refusal->status == 401) return e;
    if (auto limited = check_limits(e.correlation)) e.refusal = std::move(limited);
    e.headers = rate_headers();
    if (!e.refusal && options_.refuse_above != 0 && oracle_.counters.in_flight > options_.refuse_above) {
        e.refusal = reply_of(fault::status(503), e.correlation);
    }
    return e;
}

void account::receive(exchange& e, const request_head& head, const origin& from, std::string_view body) {
    const std::lock_guard lock(mutex_);
    if (!is_json(head.content_type)) {
        if (!e.refusal)
            e.refusal = error_reply(415, "UNSUPPORTED_MEDIA_TYPE", "HTTP 415 Unsupported Media Type", e.correlation);
        return;
    }
    std::optional<reply> refused = check_inputs(e, body);
    oracle_.receive(e.number, now_ms(), e.inputs);
    track_keys(e, from);
    if (!e.refusal) e.refusal = std::move(refused);
    if (e.refusal || e.what.kind != fault_kind::none) return;
    if (options_.adversary != 0) {
        if (adversary_seed_ != options_.adversary) adversary_.emplace(adversary_seed_ = options_.adversary);
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        adversary::move m = adversary_->next(e.inputs, std::chrono::duration_cast<std::chrono::seconds>(now).count());
        e.what = std::move(m.what);
        e.chosen = std::move(m.applied);
        return;
    }
    if (auto whole = refuse_whole(e.inputs, e.correlation)) {
        if (auto* r = std::get_if<reply>(&*whole)) e.refusal = std::move(*r);
        if (auto* f = std::get_if<fault>(&*whole)) e.what = std::move(*f);
    }
}

std::optional<reply> account::check_inputs(exchange& e, std::string_view body) {
    auto bound = bind_inputs(body);
    if (!bound) return invalid_json_reply(bound.error().message);
    e.inputs = std::move(*bound);
    if (e.inputs.size() <= options_.batch_max) return std::nullopt;
    return error_reply(400, "VALIDATION_ERROR",
                       "The maximum number of inputs supported in a batch request is " +
                           std::to_string(options_.batch_max) + ", but there are " + std::to_string(e.inputs.size()),
                       e.correlation);
}

void account::track_keys(exchange& e, const origin& from) {
    const std::string request = "request " + std::to_string(e.number);
    for (const input& in : e.inputs) {
        std::string key = key_of(in);
        key_in_flight& entry = in_flight_[key];
        if (entry.request == e.number) {
            oracle_.add_violation(&violation_counts::twice_in_request, request + " carries twice " + key);
            continue;
        }
        if (entry.request != 0 && !peer_is_gone(entry.socket)) {
            oracle_.add_violation(&violation_counts::twice_in_flight,
                                  request + " meets request " + std::to_string(entry.request) + " over " + key);
        }
        entry.request = e.number;
        entry.socket = from.socket;
        e.keys.push_back(std::move(key));
    }
}

void account::release(exchange& e) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(e.released, true)) return;
    for (const std::string& key : e.keys) {
        const auto found = in_flight_.find(key);
        if (found != in_flight_.end() && found->second.request == e.number) in_flight_.erase(found);
    }
}

void account::end(exchange& e) {
    release(e);
    const std::lock_guard lock(mutex_);
    oracle_.end_request(e.number, now_ms(), e.status);
    changed_.notify_all();
}

milliseconds account::latency(const exchange& e) {
    const std::lock_guard lock(mutex_);
    milliseconds wait = options_.latency;
    if (options_.jitter.count() > 0) {
        wait += milliseconds(std::uniform_int_distribution<std::int64_t>(0, options_.jitter.count())(random_));
    }
    const std::uint64_t now = oracle_.counters.in_flight;
    if (options_.slow_above != 0 && now > options_.slow_above) {
        wait += options_.slow_by * static_cast<std::int64_t>(now - options_.slow_above);
    }
    if (e.what.kind != fault_kind::drip) wait += e.what.delay;
    return wait;
}

bool account::cuts_idle_connections() {
    const std::lock_guard lock(mutex_);
    return options_.adversary != 0 && adversary_ && adversary_->cuts_idle_connections();
}

reply account::answer(exchange& e) {
    const std::lock_guard lock(mutex_);
    reply r = decide_answer(e);
    keep_answer(e, r);
    r.headers.emplace_back("X-HubSpot-Correlation-Id", e.correlation);
    for (const auto& header : e.headers) r.headers.push_back(header);
    changed_.notify_all();
    return r;
}

reply account::decide_answer(exchange& e) {
    const fault& f = e.what;
    if (f.keeps_answer()) return e.refusal ? *e.refusal : true_answer(e, true);
    if (e.chosen)
        apply_chosen(e);
    else if (!e.refusal && (f.apply || f.late))
        true_answer(e, false);
    const batch_times times{e.started, std::chrono::system_clock::now()};
    if (f.kind == fault_kind::batch_status) return empty_batch_reply(f.text, times);
    if (f.kind == fault_kind::empty_results) return empty_batch_reply("COMPLETE", times);
    if (f.kind == fault_kind::answer || f.kind == fault_kind::cut) return reply_of(f, e.correlation);
    return reply();  // The connection's misbehaviour is the answer.
}

void account::apply_chosen(exchange& e) {
    std::vector<input> applied;
    for (std::size_t i = 0; i < e.inputs.size(); ++i)
        if ((*e.chosen)[i]) applied.push_back(e.inputs[i]);
    if (e.what.late) {
        e.late = std::move(applied);
        if (!e.late.empty()) ++oracle_.counters.late_pending;
    } else {
        oracle_.apply(e.number, now_ms(), applied);
    }
}

void account::keep_answer(const exchange& e, const reply& r) {
    if (!options_.keep_answers && !answers_file_.is_open()) return;
    const bool whole = e.what.kind == fault_kind::answer || e.what.kind == fault_kind::none ||
                       e.what.kind == fault_kind::hang_up || e.what.kind == fault_kind::batch_status ||
                       e.what.kind == fault_kind::empty_results;
    if (answers_file_.is_open()) {
        boost::json::array inputs;
        for (const input& in : e.inputs)
            inputs.push_back({{"subscriber", in.subscriber},
                              {"subscription", in.subscription},
                              {"status", in.status},
                              {"explanation", in.explanation.value_or("")}});
        const std::string hex = to_hex(r.body);
        const boost::json::object line{{"request", e.number},
                                       {"inputs", std::move(inputs)},
                                       {"http", r.status},
                                       {"whole", whole},
                                       {"body_hex", hex}};
        answers_file_ << boost::json::serialize(line) << std::endl;
    }
    if (options_.keep_answers) answers_.push_back({e.number, e.inputs, r.status, r.body, whole});
}

// Applies the changes now, or notes them for later; without results the reply is not needed.
reply account::true_answer(exchange& e, bool with_results) {
    const reason_source reason = [this](const input& in) { return oracle_.reason_for(in); };
    const auto decisions = decide(e.inputs, options_, reason, flaky_, random_);
    std::vector<input> applied;
    for (const change_decision& d : decisions) {
        if (d.applied) applied.push_back(*d.in);
    }
    if (e.what.late) {
        e.late = std::move(applied);
        if (!e.late.empty()) ++oracle_.counters.late_pending;
    } else {
        oracle_.apply(e.number, now_ms(), applied);
    }
    if (!with_results) return reply();
    const batch_times times{e.started, std::chrono::system_clock::now()};
    return batch_reply(decisions, options_, times, e.what.kind == fault_kind::strangers, random_);
}

void account::apply_late(std::uint64_t request, const std::vector<input>& inputs) {
    const std::lock_guard lock(mutex_);
    oracle_.apply(request, now_ms(), inputs);
    --oracle_.counters.late_pending;
    changed_.notify_all();
}

std::uint64_t account::token_id(std::string_view authorization) {
    const std::string token(bearer(authorization));
    if (token.empty()) return 0;
    return token_ids_.try_emplace(token, token_ids_.size() + 1).first->second;
}

std::int64_t account::now_ms() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace consent_sync::hubspot_sim
