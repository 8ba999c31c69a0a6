// What HubSpot, or whoever answers in its place, may send.
#include <limits>

#include "delivery/budget.hpp"
#include "delivery/limiter.hpp"
#include "fuzz/targets.hpp"
#include "hubspot/account_info.hpp"
#include "hubspot/definitions.hpp"
#include "hubspot/explain.hpp"
#include "hubspot/judge.hpp"
#include "hubspot/oauth.hpp"
#include "hubspot/secret_file.hpp"
#include "service/account/to_answer.hpp"
#include "unit/http/read_text.hpp"
#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/proof.hpp"

namespace consent_sync::fuzz {
namespace {

using namespace std::chrono_literals;

const base::wall_time noon = base::wall_time(std::chrono::hours(24 * 365 * 56));

const std::vector batch{hubspot::make_change("bh@hubspot.com", 530858989),
                        hubspot::make_change("ann@example.com", 1, hubspot::unsubscribed),
                        hubspot::make_change("ann@example.com", 2), hubspot::make_change("new@example.com", 1),
                        hubspot::make_change("test@husbpot.com", 63722844)};

void check_judgement(const hubspot::answer& a) {
    const hubspot::judgement j = hubspot::judge(batch, a, noon);
    const bool judged = j.kind == hubspot::answer_kind::judged;
    require(j.changes.size() == (judged ? batch.size() : 0), "an answer judges all changes or none");
    for (std::size_t i = 0; i < j.changes.size(); ++i) {
        require(j.changes[i].words <= j.words.size(), "words are there");
        require(j.changes[i].outcome != hubspot::change_outcome::confirmed || hubspot::is_proven(a.body, batch, i),
                "what is confirmed stands in the answer");
    }
    for (const std::uint32_t suspect : j.suspects) require(suspect < batch.size(), "a suspect is of the batch");
    for (const auto& words : j.words)
        require(words.message.size() <= hubspot::words_bytes_max && words.category.size() <= hubspot::words_bytes_max,
                "words are bounded");
    if (j.retry_after) require(*j.retry_after >= 0ms && *j.retry_after <= 24h, "a wait is bounded");
    require(judged == hubspot::explain(j).empty(), "whatever is no judgement has an explanation");
}

void check_limits(const hubspot::answer_headers& h) {
    const base::steady_time now(1h);
    delivery::limiter limiter({}, 10s);
    for (int i = 0; i < 3; ++i) {
        limiter.take(now);
        limiter.written(now);
        limiter.learn(h.limit_max, h.limit_remaining, h.limit_interval_ms, now, now + 1s);
    }
    const auto next = limiter.next_free(now + 1s);
    require(!next || *next - now <= 2h, "no header stops sending for ever");
    require(limiter.limit() >= 1, "no header takes the last slot");
    delivery::budget budget({}, 0.1, [](base::wall_time t) { return t + 24h; });
    for (int i = 0; i < 3; ++i) {
        budget.learn(h.daily_max, h.daily_remaining, static_cast<std::uint64_t>(i), noon);
        budget.spent(noon);
    }
    budget.at_reserve(noon);
}

}  // namespace

void fuzz_response_body(std::string_view input) {
    const unsigned statuses[] = {200, 202, 207, 400, 401, 403, 404, 409, 422, 423, 429, 477, 500, 524};
    for (const unsigned status : statuses) check_judgement(hubspot::make_answer(status, std::string(input)));
    if (const auto account = hubspot::parse_account_info(input))
        require(!account->time_zone.empty() || account->utc_offset, "an account has a time zone or an offset");
    if (const auto known = hubspot::parse_definitions(input)) {
        for (std::size_t i = 1; i < known->size(); ++i)
            require((*known)[i - 1].id < (*known)[i].id, "definitions are sorted, each once");
    }
}

void fuzz_response_head(std::string_view input) {
    if (input.empty()) return;
    const auto how = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    constexpr http::response_limits limits{4096, 64 * 1024};
    // Several answers on one connection, in pieces of one size.
    http::test::text_reader reader(limits, how % 64 == 0 ? http::test::text_reader::in_one_piece : how % 64);
    reader.gets(input).ends();
    for (int whole = 0; whole < 8; ++whole) {
        const auto outcome = reader.read(how < 192);
        require(outcome.has_value(), "a connection that ended keeps nobody waiting");
        if (outcome->lost || !outcome->refused.empty()) return;
        http::exchange e;
        e.response = outcome->response;
        require(e.response.status >= 200 && e.response.status != 101, "an interim answer is never the answer");
        require(e.response.body.size() <= limits.body_bytes, "a body is bounded");
        const hubspot::answer a = service::to_answer(std::move(e));
        check_judgement(a);
        check_limits(a.headers);
        if (!outcome->keeps_alive) return;
    }
}

void fuzz_token_response(std::string_view input) {
    for (const unsigned status : {200U, 400U, 401U, 429U, 503U}) {
        const auto read = hubspot::parse_token_answer(hubspot::make_answer(status, std::string(input)), noon);
        if (const auto* grant = std::get_if<hubspot::token_grant>(&read)) {
            require(status == 200, "only a success grants a token");
            require(hubspot::is_secret_text(grant->access_token), "a token fits into a header");
            require(!grant->refresh_token || hubspot::is_secret_text(*grant->refresh_token),
                    "a token fits into a form");
            require(grant->expires_in > 0s && grant->expires_in <= 720h, "a token's life is bounded");
            require(hubspot::renewal_delay(grant->expires_in) > 0ms, "a token is not renewed without end");
        } else {
            const auto& failure = std::get<hubspot::token_failure>(read);
            const std::string words = hubspot::explain(failure);
            require(!words.empty() && words.size() <= 3 * hubspot::words_bytes_max, "a refusal is explained");
            require(words.find('\x1b') == std::string::npos, "a refusal does nothing to a terminal");
        }
    }
}

}  // namespace consent_sync::fuzz
