#include "service/observing.hpp"

#include <cstdlib>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"
#include "observe/control_client.hpp"

namespace consent_sync::service {
namespace {

boost::asio::awaitable<observe::monitor_answer> answer_page(snapshot_service& snapshots,
                                                            const observe::counters& counts,
                                                            observe::monitor_page page) {
    if (page == observe::monitor_page::healthz) co_return observe::answer(page, observe::snapshot(), counts);
    const observe::snapshot s = co_await snapshots.take();
    co_return observe::answer(page, s, counts);
}

}  // namespace

observing::observing(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                     const base::clock& clock, const config::settings& settings, delivery_service& delivery,
                     ledger_thread& ledger, control_service::others others)
    : clock_(clock),
      settings_(settings),
      delivery_(delivery),
      snapshots_(blocking, clock, settings, delivery.engine(), counts_, others.kept, others.trouble),
      control_(clock, settings, delivery, ledger, snapshots_, std::move(others)),
      tasks_(home, async::log_task_failed),
      monitor_(
          home, [this](observe::monitor_page page) { return answer_page(snapshots_, counts_, page); },
          settings.monitor_hosts),
      socket_(home, settings.state_dir, [this](observe::control_request request, unsigned uid) {
          return control_.perform(std::move(request), uid);
      }) {}

void observing::start() {
    delivery_.set_counters(
        [this](const ledger::ledger_change& c, std::span<const std::size_t> refused) {
            counts_.committed(c, refused, clock_.now().steady);
        },
        [this](std::string_view event) {
            counts_.noticed(event);
            if (on_change_ && (event == "pause.begun" || event == "pause.ended")) on_change_();
        });
    const char* runtime = std::getenv("RUNTIME_DIRECTORY");
    const std::string path = observe::control_socket_path(settings_, runtime ? runtime : "");
    const auto socket = socket_.listen(path);
    if (!socket) base::log_event(base::level::warn, "control.not_listening", {{"words", socket.error().message}});
    if (settings_.monitor_listen.empty()) return;
    const auto port = monitor_.listen(settings_.monitor_listen);
    if (port)
        base::log_event(base::level::info, "monitor.listening", {{"port", monitor_.port()}});
    else
        base::log_event(base::level::warn, "monitor.not_listening", {{"words", port.error().message}});
}

const observe::snapshot* observing::latest() {
    if (tasks_.size() == 0 && !snapshots_.is_fresh()) tasks_.spawn("snapshot", refresh());
    return snapshots_.last();
}

boost::asio::awaitable<void> observing::refresh() {
    co_await snapshots_.take();
    if (on_change_) on_change_();
}

void observing::stop() {
    tasks_.cancel();
    monitor_.stop();
    socket_.stop();
}

boost::asio::awaitable<bool> observing::drain(base::steady_time deadline) {
    const bool monitor = co_await monitor_.drain(deadline);
    const bool socket = co_await socket_.drain(deadline);
    const bool snapshot = co_await tasks_.wait_empty(deadline);
    co_return monitor&& socket&& snapshot;
}

}  // namespace consent_sync::service
