#include "service/delivery_service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"
#include "hubspot/encode.hpp"
#include "service/fetching.hpp"
#include "service/to_answer.hpp"

namespace consent_sync::service {
delivery_service::delivery_service(const boost::asio::any_io_executor& home, const base::clock& clock,
                                   const config::settings& settings, delivery::engine& engine, ledger_thread& ledger,
                                   http::transport& transport, token_service& tokens)
    : home_(home),
      clock_(clock),
      settings_(settings),
      engine_(engine),
      ledger_(ledger),
      transport_(transport),
      tokens_(tokens),
      timer_(home),
      sends_(home, async::log_task_failed) {}

void delivery_service::set_listeners(files_settled settled, attempts_ended ended) {
    on_settled_ = std::move(settled);
    on_ended_ = std::move(ended);
}

void delivery_service::set_counters(committed on_committed, noticed on_noticed) {
    on_committed_ = std::move(on_committed);
    on_noticed_ = std::move(on_noticed);
}

// The engine may ask again while its actions are performed; a flag instead of recursion keeps the order.
void delivery_service::pump() {
    again_ = true;
    if (pumping_) return;
    pumping_ = true;
    while (again_) {
        again_ = false;
        perform(engine_.take(clock_.now()));
    }
    pumping_ = false;
    wake_at(engine_.next_wake(clock_.now()));
}

void delivery_service::perform(delivery::actions&& actions) {
    for (const delivery::notice& n : actions.notices) {
        base::log_event(n.at, n.event, n.fields);
        if (on_noticed_) on_noticed_(n.event);
    }
    for (delivery::ledger_step& step : actions.steps) submit(std::move(step));
    for (delivery::fetch_request& request : actions.fetches) submit(std::move(request));
    for (const delivery::send& what : actions.sends) sends_.spawn("send", send(what));
    if (actions.token_refused) tokens_.refused();
}

void delivery_service::submit(delivery::ledger_step&& step) {
    auto shared = std::make_shared<const delivery::ledger_step>(std::move(step));
    auto applied = std::make_shared<ledger::store::applied>();
    ledger_.submit([shared, applied](ledger::store& s) { *applied = s.apply(shared->change); },
                   [this, shared, applied] {
                       for (const std::size_t refused : applied->refused)
                           tell_of_refused(shared->change.settled[refused]);
                       if (on_committed_) on_committed_(shared->change, applied->refused);
                       engine_.on_committed(shared->number, clock_.now());
                       if (!applied->files.empty() && on_settled_) on_settled_(applied->files);
                       if (!shared->change.ends.empty() && on_ended_) on_ended_();
                       pump();
                   });
}

void delivery_service::tell_of_refused(const ledger::settled_change& change) {
    base::log_event(
        base::level::error, "ledger.verdict_refused",
        {{"file", consent::format_file_id(change.id.arrival())},
         {"row", change.id.row()},
         {"verdict", consent::name(change.verdict)},
         {"attempt", change.attempt},
         {"words",
          "this row has its verdict already, or is not in the ledger: the verdict here was not written, and everything "
          "else goes on. That is a bug. Compare what the row asks for with what HubSpot holds (consent-sync history), "
          "and report it with the log around it and a copy of the ledger"}});
}

void delivery_service::submit(delivery::fetch_request&& request) {
    auto result = std::make_shared<delivery::fetch_result>();
    result->request = std::move(request);
    ledger_.submit([result](ledger::store& s) { fetch(s, *result); },
                   [this, result] {
                       engine_.on_fetched(std::move(*result), clock_.now());
                       pump();
                   });
}

boost::asio::awaitable<void> delivery_service::send(delivery::send what) {
    http::request request;
    request.target = settings_.hubspot.path;
    request.on_new_connection = what.on_new_connection;
    request.headers.emplace_back("Authorization", "Bearer " + tokens_.token());
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json");
    request.body = hubspot::encode_batch(*what.changes);
    const hubspot::token_generation generation = tokens_.generation();
    std::function<void()> written = [this, what] { engine_.on_written(what.attempt, clock_.now()); };
    http::exchange exchange = co_await transport_.send(std::move(request), std::move(written));
    const hubspot::answer answer = to_answer(std::move(exchange));
    const bool current = tokens_.answered(generation, answer.status);
    engine_.on_answer(what.attempt, answer, current, clock_.now());
    pump();
}

void delivery_service::wake_at(std::optional<base::steady_time> when) {
    if (!when) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(*when);
    timer_.async_wait([this](boost::system::error_code ec) {
        if (!ec) pump();
    });
}

void delivery_service::cut() {
    cut_ = true;
    sends_.cancel();
}

boost::asio::awaitable<bool> delivery_service::drain(base::steady_time deadline) {
    const bool ended = co_await sends_.wait_empty(deadline);
    const bool in_time = ended && !cut_;
    if (!in_time) {
        sends_.cancel();
        co_await sends_.wait_empty(deadline + std::chrono::seconds(2));
    }
    timer_.cancel();
    co_return in_time;
}

}  // namespace consent_sync::service
