#include "service/run/application.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <algorithm>
#include <csignal>
#include <optional>
#include <random>
#include <utility>

#include "async/home_context.hpp"
#include "async/log_task_failed.hpp"
#include "async/task_group.hpp"
#include "base/log.hpp"
#include "http/https_transport.hpp"
#include "ledger/state_lock.hpp"
#include "observe/surroundings.hpp"
#include "service/operation/control_service.hpp"
#include "service/operation/observing.hpp"
#include "service/operation/reloading.hpp"
#include "service/operation/retention_service.hpp"
#include "service/operation/snapshot_service.hpp"
#include "service/operation/supervision.hpp"
#include "service/pipeline/pipeline.hpp"
#include "service/run/ledger_opening.hpp"

namespace consent_sync::service {
namespace {

constexpr int reading_threads = 4;  // a large file, the small ones, looks into the inbox, and who asks for the status
constexpr auto report_grace = std::chrono::seconds(5);
constexpr auto last_replies_grace = std::chrono::seconds(1);  // of who looks and steers

// All parts of the running daemon, in the order in which they depend on each other. A change goes through `pipeline_`
// and `ledger_`; the others operate and observe them.
class parts {
  public:
    parts(config::settings& settings, const std::string& config_path, const config::folders& paths,
          intake::work_folders folders, opened_ledger opened, std::unique_ptr<http::https_transport> transport,
          boost::asio::io_context& io, boost::asio::thread_pool& blocking)
        : io_(io),
          past_(std::move(opened.past)),
          open_files_(std::move(opened.open_files)),
          random_(std::random_device{}()),
          transport_(std::move(transport)),
          ledger_(io.get_executor(), std::move(opened.store), std::move(*opened.newest_commit), paths.ledger,
                  check_and_open),
          env_{io.get_executor(), blocking, clock_, settings, ledger_},
          pipeline_(env_, std::move(folders), past_, random_, *transport_),
          retention_(env_, paths, pipeline_.trouble, opened.proven),
          snapshots_(env_, pipeline_.engine, pipeline_.counts, pipeline_.claiming, retention_),
          supervision_(io.get_executor(), clock_, snapshots_),
          reloading_(env_, config_path, settings, pipeline_, retention_, supervision_),
          control_(env_, pipeline_, snapshots_, reloading_),
          observing_(env_, pipeline_.counts, snapshots_, control_),
          signals_(io, SIGTERM, SIGINT),
          reload_signal_(io, SIGHUP),
          tasks_(io.get_executor(), async::log_task_failed) {}

    void start() {
        tasks_.spawn("ledger.watch", end_with_the_ledger());
        tasks_.spawn("ready", say_ready());
        tasks_.spawn("pauses", tell_of_pauses());
        observing_.start();
        pipeline_.start(past_, open_files_);
        retention_.start();
        wait_for_signals();
        wait_for_reload();
    }

    // After that no job of the ledger refers to a part that is gone.
    ~parts() { ledger_.stop(); }
    parts(const parts&) = delete;
    parts& operator=(const parts&) = delete;

    const std::optional<base::error>& fatal() const { return fatal_; }

  private:
    boost::asio::awaitable<void> say_ready() {
        co_await pipeline_.claiming.wait_until_watching();
        base::log_event(base::level::info, "daemon.ready",
                        {{"account", env_.settings.account},
                         {"open_files", open_files_.size()},
                         {"interrupted_attempts", past_.interrupted},
                         {"late_writes", past_.late_writes.size()}});
        supervision_.ready();
    }

    boost::asio::awaitable<void> tell_of_pauses() {
        while (true) {
            co_await pipeline_.delivery.pauses_changed();
            supervision_.changed();
        }
    }

    boost::asio::awaitable<void> end_with_the_ledger() {
        fatal_ = co_await pipeline_.ledger_damaged();
        base::log_event(base::level::error, "ledger.damaged", {{"words", fatal_->message}});
        pipeline_.stop_claiming();  // a thread that reads a large file ends too
        io_.stop();
    }

    void wait_for_signals() {
        signals_.async_wait([this](boost::system::error_code ec, int signal) {
            if (ec) return;
            if (stopping_)
                pipeline_.delivery.cut();
            else
                begin_stop(signal);
            wait_for_signals();
        });
    }

    void wait_for_reload() {
        reload_signal_.async_wait([this](boost::system::error_code ec, int) {
            if (ec) return;
            reloading_.request();
            wait_for_reload();
        });
    }

    void begin_stop(int signal) {
        stopping_ = true;
        reloading_.stop();
        supervision_.stopping(env_.settings.stop_grace);
        base::log_event(base::level::info, "daemon.stopping",
                        {{"signal", signal}, {"in_flight", pipeline_.engine.status(clock_.now()).in_flight}});
        snapshots_.begin_stop();
        retention_.stop();
        pipeline_.begin_stop();
        boost::asio::co_spawn(io_, stop(), [this](std::exception_ptr failure) {
            if (failure) async::log_task_failed("stop", failure);
            finish();
        });
    }

    boost::asio::awaitable<void> stop() {
        co_await pipeline_.finish_requests(clock_.now().steady + env_.settings.stop_grace);
        const auto later = clock_.now().steady + report_grace;
        co_await retention_.drain(later);
        co_await pipeline_.finish_files(later);
        observing_.stop();
        const auto replies = clock_.now().steady + last_replies_grace;
        co_await observing_.drain(replies);
        co_await supervision_.drain(replies);
    }

    void finish() {
        supervision_.ended();
        signals_.cancel();
        reload_signal_.cancel();
        pipeline_.end();
        ledger_.stop();
        base::tell_left_out(base::left_out::all);
        base::log_event(base::level::info, "daemon.stopped");
        io_.stop();
    }

    boost::asio::io_context& io_;
    ledger::recovery past_;
    std::vector<ledger::file_record> open_files_;
    base::system_clock clock_;
    base::random_engine random_;
    std::unique_ptr<http::https_transport> transport_;
    ledger_thread ledger_;
    environment env_;
    pipeline pipeline_;  // inbox → ledger → HubSpot → ledger → reports
    retention_service retention_;
    snapshot_service snapshots_;
    supervision supervision_;
    reloading reloading_;
    control_service control_;
    observing observing_;
    boost::asio::signal_set signals_;
    boost::asio::signal_set reload_signal_;
    async::task_group tasks_;
    bool stopping_ = false;
    std::optional<base::error> fatal_;
};

// Destroyed first, however the run ends: by a stop, a fault or an exception. Then no thread and no coroutine is left
// that refers to what is destroyed next.
class end_of_run {
  public:
    end_of_run(async::home_context& io, boost::asio::thread_pool& blocking) : io_(io), blocking_(blocking) {}
    ~end_of_run() {
        blocking_.join();
        io_.end_coroutines();
        base::tell_left_out(base::left_out::all);
    }
    end_of_run(const end_of_run&) = delete;
    end_of_run& operator=(const end_of_run&) = delete;

  private:
    async::home_context& io_;
    boost::asio::thread_pool& blocking_;
};

}  // namespace

base::result<void> run_daemon(config::settings settings, const std::string& config_path) {
    ::umask(077);  // what others may read gets its mode explicitly
    // Ignored until a reload can be served: by default the signal would end the daemon.
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);  // if the reader of the log ends, the work continues
    const config::folders paths = config::derive_folders(settings);
    const auto made = intake::ensure_folders(paths);
    if (!made) return made;
    auto lock = ledger::state_lock::take(paths.state);
    if (!lock) return lock.error();
    if (const std::string shortage = observe::describe_shortage(paths); !shortage.empty())
        base::log_event(base::level::warn, "disk.no_inodes", {{"words", shortage}});
    const auto one_system = intake::check_same_file_system(paths);
    if (!one_system) return one_system;
    auto folders = intake::open_work_folders(paths);
    if (!folders) return folders.error();
    auto opened = open_ledger(settings, paths, base::system_clock().now());
    if (!opened) return opened.error();
    auto options = http::read_https_options(settings.hubspot, http::process_environment());
    if (!options) return options.error();
    if (options->via) {
        const std::string& credentials = options->via->credentials;
        base::register_secret(credentials);
        base::register_secret(credentials.substr(std::min(credentials.size(), credentials.find(':') + 1)));
    }
    options->limits.connections_max = settings.limits.max_connections;
    const bool plain = options->to.plain;

    async::home_context io;
    boost::asio::thread_pool blocking(reading_threads);
    auto transport = http::https_transport::make(io.get_executor(), std::move(*options));
    if (!transport) return transport.error();
    base::log_event(base::level::info, "daemon.started",
                    {{"version", CONSENT_SYNC_VERSION}, {"config", config_path}, {"state_dir", settings.state_dir}});
    if (plain) base::log_event(base::level::warn, "http.plain", {{"words", "no TLS: for tests on this machine only"}});
    parts all(settings, config_path, paths, std::move(*folders), std::move(*opened), std::move(*transport), io,
              blocking);
    const end_of_run last(io, blocking);
    all.start();
    io.run();
    if (all.fatal()) return *all.fatal();
    return {};
}

}  // namespace consent_sync::service
