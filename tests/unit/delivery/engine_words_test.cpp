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
        actions todo = e.take(now);
        for (const ledger_step& step : todo.steps) {
            for (const ledger::attempt_end& end : step.change.ends) message = end.message;
            e.on_committed(step.number, now);
        }
        for (fetch_request& request : todo.fetches) {
            fetch_result result{std::move(request), {}, true};
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
        for (const send& what : todo.sends) {
            hubspot::answer lost;
            lost.failure = hubspot::no_answer::proxy_refused;
            lost.failure_detail = "the proxy says:\npat-engine-0123456789";
            e.on_answer(what.attempt, lost, true, now);
        }
    }
    EXPECT_EQ(message, "the proxy says: ***");
}

}  // namespace
}  // namespace consent_sync::delivery
