// ledger → HubSpot → ledger: runs the engine's actions on the ledger and over HTTPS, and brings their outcomes back to
// it. What is settled goes on to the reports.
//
// Home thread. begin_stop() lets requests in flight end; what is cut after the grace is unanswered.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "delivery/engine.hpp"
#include "http/transport.hpp"
#include "observe/counters.hpp"
#include "service/account/token_service.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/report_service.hpp"

namespace consent_sync::service {

class delivery_service final : private token_service::user {
  public:
    delivery_service(const environment& env, delivery::engine& engine, http::transport& transport,
                     token_service& tokens, report_service& reports, observe::counters& counts);

    // Nothing leaves before there is a token.
    void start(const ledger::recovery& past);
    void pump();  // performs what the engine wants; call after every event given to it from outside
    void begin_stop() { engine_.stop(); }
    void cut();  // ends the grace of drain()
    // True: nothing is in flight any more. False: the deadline passed and the rest was cut.
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

    // These rows are in the ledger and may be chosen; the bulk lane may find more.
    void add_rows(consent::place first, consent::place last, bool opt_outs);
    void open_bulk();
    void pause(delivery::pause_reason reason, const std::string& words);
    void resume(delivery::pause_reason reason);
    // Waits until a pause begins or ends.
    boost::asio::awaitable<void> pauses_changed() { return pauses_changed_.wait(); }

  private:
    void token_usable() override;
    void token_lost(const std::string& words) override;
    void perform(delivery::notice&& n);
    void perform(delivery::ledger_step&& step);
    void perform(delivery::fetch_request&& request);
    void perform(delivery::send&& what);
    void perform(delivery::token_refused&&);
    boost::asio::awaitable<void> send(delivery::send what);
    void wake_at(std::optional<base::steady_time> when);

    environment env_;
    delivery::engine& engine_;
    http::transport& transport_;
    token_service& tokens_;
    report_service& reports_;
    observe::counters& counts_;
    boost::asio::steady_timer timer_;
    async::task_group sends_;
    async::event pauses_changed_;
    bool without_token_ = false;  // there has never been one
    bool pumping_ = false;
    bool again_ = false;
    bool cut_ = false;
};

}  // namespace consent_sync::service
