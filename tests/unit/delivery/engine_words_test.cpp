// What of an attempt's failure the engine hands to the ledger.
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "delivery/engine.hpp"

namespace consent_sync::delivery {
namespace {

using consent::place;

TEST(EngineWords, OfAnAttemptWithoutAnAnswerHoldNoSecret) {
    base::register_secret("pat-engine-0123456789");
    const config::settings settings;
    base::random_engine random(1);
    const auto midnight = [](base::wall_time t) { return t + std::chrono::hours(24); };
    engine e(settings, midnight, random);
    base::moment now{base::steady_time(std::chrono::hours(1)), base::from_unix_ms(1'767'000'000'000)};
    std::string message;
    e.start({}, now);
    e.on_rows(place(1, 1), place(1, 1), true);
    for (int round = 0; round < 10 && message.empty(); ++round) {
        now.steady += std::chrono::seconds(1);
        now.wall += std::chrono::seconds(1);
        for (action& what : e.take(now)) {
            if (const auto* step = std::get_if<ledger_step>(&what)) {
                for (const ledger::attempt_end& end : step->change.ends) message = end.message;
                e.on_committed(step->number, now);
            } else if (const auto* sent = std::get_if<send>(&what)) {
                hubspot::answer lost;
                lost.failure = hubspot::no_answer::proxy_refused;
                lost.failure_detail = "the proxy says:\npat-engine-0123456789";
                e.on_answer(sent->attempt, lost, true, now);
            }
            auto* request = std::get_if<fetch_request>(&what);
            if (!request) continue;
            fetch_result result{std::move(*request), {}, true};
            result.found.scanned_to = place(1, 1);
            result.found.reached_end = true;
            if (result.request.what == fetch_request::kind::opt_outs) {
                ledger::fetched_change& found = result.found.changes.emplace_back();
                found.change.id = place(1, 1);
                found.change.subscriber = "ann@example.com";
                found.change.state = consent::status_state::unsubscribed;
                found.hash = 17;
            }
            e.on_fetched(std::move(result), now);
        }
    }
    EXPECT_EQ(message, "the proxy says: ***");
}

}  // namespace
}  // namespace consent_sync::delivery
