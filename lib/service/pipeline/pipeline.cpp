#include "service/pipeline/pipeline.hpp"

#include <utility>

#include "base/log.hpp"

namespace consent_sync::service {

pipeline::pipeline(const environment& env, intake::work_folders folders, const ledger::recovery& past,
                   base::random_engine& random, http::transport& transport)
    : env_(env),
      folders_(std::move(folders)),
      transport_(transport),
      engine(env.settings, account_service::midnight(env.settings, past.time_zone), random),
      tokens(env, random, transport),
      reports(env, folders_, counts),
      delivery(env, engine, transport, tokens, reports, counts),
      trouble(delivery),
      ask_hubspot(env, engine, transport, tokens),
      subscriptions(env, ask_hubspot),
      account(env, engine, ask_hubspot, past.time_zone),
      reading(env, folders_, trouble, subscriptions, delivery, reports, counts),
      growth(env, folders_, trouble, reading),
      claiming(env, folders_, trouble, reading) {}

void pipeline::start(const ledger::recovery& past, const std::vector<ledger::file_record>& open_files) {
    delivery.start(past);
    reports.start();
    subscriptions.start();
    account.start();
    reading.start(open_files);
    claiming.start();
    growth.start();
    delivery.pump();
}

void pipeline::configure() {
    engine.configure(env_.settings, account.midnight());
    claiming.configure();
    transport_.keep_idle(env_.settings.limits.max_connections);
    tokens.reload();
    delivery.pump();
}

boost::asio::awaitable<base::error> pipeline::ledger_damaged() {
    while (true) {
        const std::optional<base::error> failing = co_await env_.ledger.health_changed();
        if (!failing)
            trouble.end("ledger");
        else if (failing->code == base::errc::corrupt)
            co_return *failing;
        else
            trouble.begin("ledger", *failing);
    }
}

void pipeline::stop_claiming() {
    claiming.stop();
    growth.stop();
    reading.stop();
}

void pipeline::begin_stop() {
    subscriptions.stop();
    account.stop();
    stop_claiming();
    delivery.begin_stop();
}

boost::asio::awaitable<void> pipeline::finish_requests(base::steady_time deadline) {
    const bool ended = co_await delivery.drain(deadline);
    if (!ended)
        base::log_event(base::level::warn, "daemon.requests_cut",
                        {{"words",
                          "requests under way did not end within stop_grace; they count as unanswered, and are "
                          "asserted or sent again after the start"}});
}

boost::asio::awaitable<void> pipeline::finish_files(base::steady_time deadline) {
    co_await claiming.drain(deadline);
    co_await growth.drain(deadline);
    co_await reading.drain(deadline);
    reports.begin_stop();
    co_await reports.drain(deadline);
}

void pipeline::end() {
    tokens.stop();
    transport_.close_idle();
}

}  // namespace consent_sync::service
