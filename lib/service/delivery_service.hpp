// Runs the engine's actions on the ledger and over HTTPS, and brings their outcomes back to it.
//
// Everything here is on the home thread. stop() lets requests in flight end; what is cut after the grace is unanswered.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <span>
#include <vector>

#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "config/settings.hpp"
#include "delivery/engine.hpp"
#include "http/transport.hpp"
#include "service/ledger_thread.hpp"
#include "service/token_service.hpp"

namespace consent_sync::service {

class delivery_service {
  public:
    using files_settled = std::function<void(const std::vector<consent::arrival_number>&)>;
    using attempts_ended = std::function<void()>;
    // `refused`: places in its `settled` of verdicts that were not written.
    using committed = std::function<void(const ledger::ledger_change&, std::span<const std::size_t> refused)>;
    using noticed = std::function<void(std::string_view event)>;

    delivery_service(const boost::asio::any_io_executor& home, const base::clock& clock,
                     const config::settings& settings, delivery::engine& engine, ledger_thread& ledger,
                     http::transport& transport, token_service& tokens);

    // Called when steps settled the last rows of files, and when attempts have ended (for the reports).
    void set_listeners(files_settled settled, attempts_ended ended);
    // For those who count: every step that is on disk, and every notice of the engine.
    void set_counters(committed on_committed, noticed on_noticed);

    delivery::engine& engine() { return engine_; }
    void pump();  // performs what the engine wants; call after every event given to it from outside
    void begin_stop() { engine_.stop(); }
    void cut();  // ends the grace of drain()
    // True: nothing is in flight any more. False: the deadline passed and the rest was cut.
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

  private:
    void perform(delivery::actions&& actions);
    void submit(delivery::ledger_step&& step);
    static void tell_of_refused(const ledger::settled_change& change);
    void submit(delivery::fetch_request&& request);
    boost::asio::awaitable<void> send(delivery::send what);
    void wake_at(std::optional<base::steady_time> when);

    boost::asio::any_io_executor home_;
    const base::clock& clock_;
    const config::settings& settings_;
    delivery::engine& engine_;
    ledger_thread& ledger_;
    http::transport& transport_;
    token_service& tokens_;
    files_settled on_settled_;
    attempts_ended on_ended_;
    committed on_committed_;
    noticed on_noticed_;
    boost::asio::steady_timer timer_;
    async::task_group sends_;
    bool pumping_ = false;
    bool again_ = false;
    bool cut_ = false;
};

}  // namespace consent_sync::service
