#include "service/operation/observing.hpp"

#include <cstdlib>

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

observing::observing(const environment& env, const observe::counters& counts, snapshot_service& snapshots,
                     control_service& control)
    : env_(env),
      monitor_(
          env.home, [&counts, &snapshots](observe::monitor_page page) { return answer_page(snapshots, counts, page); },
          env.settings.monitor_hosts),
      socket_(env.home, env.settings.state_dir, [&control](observe::control_request request, unsigned uid) {
          return control.perform(std::move(request), uid);
      }) {}

void observing::start() {
    const char* runtime = std::getenv("RUNTIME_DIRECTORY");
    const std::string path = observe::control_socket_path(env_.settings, runtime ? runtime : "");
    const auto socket = socket_.listen(path);
    if (!socket) base::log_event(base::level::warn, "control.not_listening", {{"words", socket.error().message}});
    if (env_.settings.monitor_listen.empty()) return;
    const auto port = monitor_.listen(env_.settings.monitor_listen);
    if (port)
        base::log_event(base::level::info, "monitor.listening", {{"port", monitor_.port()}});
    else
        base::log_event(base::level::warn, "monitor.not_listening", {{"words", port.error().message}});
}

void observing::stop() {
    monitor_.stop();
    socket_.stop();
}

boost::asio::awaitable<bool> observing::drain(base::steady_time deadline) {
    const bool monitor = co_await monitor_.drain(deadline);
    const bool socket = co_await socket_.drain(deadline);
    co_return monitor&& socket;
}

}  // namespace consent_sync::service
