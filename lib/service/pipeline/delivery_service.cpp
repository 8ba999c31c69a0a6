#include "service/pipeline/delivery_service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"
#include "hubspot/encode.hpp"
#include "service/pipeline/fetching.hpp"
#include "service/account/to_answer.hpp"

namespace consent_sync::service {
namespace {

void tell_of_refused(const ledger::settled_change& change) {
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

}  // namespace

delivery_service::delivery_service(const environment& env, delivery::engine& engine, http::transport& transport,
                                   token_service& tokens, report_service& reports, observe::counters& counts)
    : env_(env),
      engine_(engine),
      transport_(transport),
      tokens_(tokens),
      reports_(reports),
      counts_(counts),
      timer_(env.home),
      sends_(env.home, async::log_task_failed),
      pauses_changed_(env.home) {}

void delivery_service::start(const ledger::recovery& past) {
    engine_.wait_for_token();
    engine_.start(past, env_.clock.now());
    tokens_.start(*this);
}

void delivery_service::token_usable() {
    engine_.on_token(env_.clock.now());
    // HubSpot has refused nothing: there is nothing to probe, and nothing may be waiting.
    if (std::exchange(without_token_, false)) engine_.resume(delivery::pause_reason::auth, env_.clock.now());
    pump();
}

void delivery_service::token_lost(const std::string& words) {
    engine_.on_token_failed(words, env_.clock.now());
    without_token_ = tokens_.generation() == 0;
    if (without_token_) engine_.wait_for_token();  // a probe would have none
    pump();
}

void delivery_service::add_rows(consent::place first, consent::place last, bool opt_outs) {
    engine_.on_rows(first, last, opt_outs);
    pump();
}

void delivery_service::open_bulk() {
    engine_.on_bulk_open();
    pump();
}

void delivery_service::pause(delivery::pause_reason reason, const std::string& words) {
    engine_.pause(reason, words, env_.clock.now());
    pump();
}

void delivery_service::resume(delivery::pause_reason reason) {
    engine_.resume(reason, env_.clock.now());
    pump();
}

// Performing actions may make the engine want more. A flag instead of recursion keeps the order.
void delivery_service::pump() {
    again_ = true;
    if (pumping_) return;
    pumping_ = true;
    while (again_) {
        again_ = false;
        for (delivery::action& what : engine_.take(env_.clock.now()))
            std::visit([this](auto& w) { perform(std::move(w)); }, what);
    }
    pumping_ = false;
    wake_at(engine_.next_wake(env_.clock.now()));
}

void delivery_service::perform(delivery::send&& what) { sends_.spawn("send", send(what)); }

void delivery_service::perform(delivery::token_refused&&) { tokens_.refused(); }

void delivery_service::perform(delivery::notice&& n) {
    base::log_event(n.at, n.event, n.fields);
    counts_.noticed(n.event);
    if (n.event == "pause.begun" || n.event == "pause.ended") pauses_changed_.notify();
}

void delivery_service::perform(delivery::ledger_step&& step) {
    auto shared = std::make_shared<const delivery::ledger_step>(std::move(step));
    auto apply = [shared](ledger::store& s) { return s.apply(shared->change); };
    auto applied = [this, shared](const ledger::store::applied& done) {
        for (const std::size_t refused : done.refused) tell_of_refused(shared->change.settled[refused]);
        counts_.committed(shared->change, done.refused, env_.clock.now().steady);
        engine_.on_committed(shared->number, env_.clock.now());
        if (!done.files.empty()) reports_.files_settled();
        if (!shared->change.ends.empty()) reports_.attempts_ended();
        pump();
    };
    env_.ledger.submit(std::move(apply), std::move(applied));
}

void delivery_service::perform(delivery::fetch_request&& request) {
    auto read = [request = std::move(request)](ledger::store& s) {
        delivery::fetch_result result;
        result.request = request;
        fetch(s, result);
        return result;
    };
    auto fetched = [this](delivery::fetch_result&& result) {
        engine_.on_fetched(std::move(result), env_.clock.now());
        pump();
    };
    env_.ledger.submit(std::move(read), std::move(fetched));
}

boost::asio::awaitable<void> delivery_service::send(delivery::send what) {
    http::request request;
    request.target = env_.settings.hubspot.path;
    request.on_new_connection = what.on_new_connection;
    request.headers.emplace_back("Authorization", "Bearer " + tokens_.token());
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json");
    request.body = hubspot::encode_batch(*what.changes);
    const hubspot::token_generation generation = tokens_.generation();
    std::function<void()> written = [this, what] { engine_.on_written(what.attempt, env_.clock.now()); };
    http::exchange exchange = co_await transport_.send(std::move(request), std::move(written));
    const hubspot::answer answer = to_answer(std::move(exchange));
    const bool current = tokens_.answered(generation, answer.status);
    engine_.on_answer(what.attempt, answer, current, env_.clock.now());
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
