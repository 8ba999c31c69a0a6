#include "service/application.hpp"

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
#include "base/log.hpp"
#include "base/log_limits.hpp"
#include "http/https_transport.hpp"
#include "ledger/state_lock.hpp"
#include "observe/surroundings.hpp"
#include "service/account_service.hpp"
#include "service/delivery_service.hpp"
#include "service/intake_service.hpp"
#include "service/ledger_opening.hpp"
#include "service/lookup.hpp"
#include "service/observing.hpp"
#include "service/reloading.hpp"
#include "service/report_service.hpp"
#include "service/retention_service.hpp"
#include "service/subscriptions_service.hpp"
#include "service/supervision.hpp"
#include "service/token_service.hpp"

namespace consent_sync::service {
namespace {

constexpr int reading_threads = 4;  // a large file, the small ones, looks into the inbox, and who asks for the status
constexpr auto report_grace = std::chrono::seconds(5);
constexpr auto last_replies_grace = std::chrono::seconds(1);  // of who looks and steers

// All parts of the running daemon, in the order in which they depend on each other.
class parts {
  public:
    parts(config::settings& settings, const std::string& config_path, const config::folders& paths,
          intake::work_folders folders, opened_ledger opened, std::unique_ptr<http::https_transport> transport,
          boost::asio::io_context& io, boost::asio::thread_pool& blocking)
        : settings_(settings),
          paths_(paths),
          folders_(std::move(folders)),
          past_(std::move(opened.past)),
          open_files_(std::move(opened.open_files)),
          io_(io),
          random_(std::random_device{}()),
          transport_(std::move(transport)),
          engine_(settings_, account_service::midnight(settings_, past_.time_zone), random_),
          trouble_(make_disk_trouble()),
          ledger_(
              io.get_executor(), std::move(opened.store), std::move(*opened.newest_commit),
              [path = paths_.ledger] { return check_and_open(path); },
              [this](const base::error& e) { ledger_troubled(e); }, [this] { trouble_.end("ledger"); }),
          tokens_(io.get_executor(), clock_, random_, settings_, *transport_),
          delivery_(io.get_executor(), clock_, settings_, engine_, ledger_, *transport_, tokens_),
          reports_(io.get_executor(), blocking, clock_, settings_, ledger_, folders_),
          intake_(io.get_executor(), blocking, clock_, settings_, ledger_, folders_, trouble_, intake_listener()),
          lookup_(clock_, engine_, *transport_, tokens_),
          subscriptions_(io.get_executor(), clock_, settings_, lookup_,
                         [this](known_subscriptions known) { intake_.set_known(std::move(known)); }),
          account_(io.get_executor(), clock_, settings_, engine_, lookup_, ledger_, past_.time_zone,
                   [this] { engine_.configure(settings_, account_.midnight()); }),
          observing_(io.get_executor(), blocking, clock_, settings_, delivery_, ledger_,
                     {[this] { reports_.files_settled(); }, [this] { return subscriptions_.known(); },
                      [this](const std::string& path) { return reloading_.is_of(path); },
                      [this] { return reloading_.serve(); }, [this] { return retention_.waits_for(); },
                      [this] { return intake_.claims_nothing_because(); }}),
          retention_(io.get_executor(), blocking, clock_, settings_, paths_, ledger_, trouble_, opened.proven),
          supervision_(io.get_executor(), clock_,
                       {[this] { return facts(); }, [this] { return engine_.next_wake(clock_.now()); }}),
          reloading_(
              io.get_executor(), blocking, config_path, settings,
              {[this] { supervision_.reloading(); }, [this] { configure(); }, [this] { supervision_.reloaded(); }}),
          signals_(io, SIGTERM, SIGINT),
          reload_signal_(io, SIGHUP) {}

    void start() {
        const base::moment now = clock_.now();
        engine_.wait_for_token();
        engine_.start(past_, now);
        delivery_.set_listeners([this](const auto&) { reports_.files_settled(); },
                                [this] { reports_.attempts_ended(); });
        tokens_.set_listener({[this] {
                                  engine_.on_token(clock_.now());
                                  // HubSpot has refused nothing: there is nothing to probe, and nothing may be waiting.
                                  if (std::exchange(without_token_, false))
                                      engine_.resume(delivery::pause_reason::auth, clock_.now());
                                  delivery_.pump();
                              },
                              [this](const std::string& words) {
                                  engine_.on_token_failed(words, clock_.now());
                                  without_token_ = tokens_.generation() == 0;
                                  if (without_token_) engine_.wait_for_token();  // a probe would have none
                                  delivery_.pump();
                              }});
        tokens_.start();
        reports_.start();
        reports_.set_counter([this] { observing_.counts().file_done(); });
        observing_.set_listener([this] { supervision_.changed(); });
        observing_.start();
        subscriptions_.start();
        account_.start();
        intake_.start(open_files_);
        retention_.start();
        delivery_.pump();
        wait_for_signals();
        wait_for_reload();
    }

    // No job of the ledger refers to a part that is gone.
    ~parts() { ledger_.stop(); }
    parts(const parts&) = delete;
    parts& operator=(const parts&) = delete;

    const std::optional<base::error>& fatal() const { return fatal_; }

  private:
    void ready() {
        base::log_event(base::level::info, "daemon.ready",
                        {{"account", settings_.account},
                         {"open_files", open_files_.size()},
                         {"interrupted_attempts", past_.interrupted},
                         {"late_writes", past_.late_writes.size()}});
        supervision_.ready();
    }

    intake_service::listener intake_listener() {
        return {[this] { ready(); },
                [this](consent::place first, consent::place last, bool opt_outs) {
                    engine_.on_rows(first, last, opt_outs);
                    delivery_.pump();
                },
                [this] {
                    engine_.on_bulk_open();
                    delivery_.pump();
                },
                [this](consent::arrival_number) {
                    observing_.counts().file_read();
                    reports_.files_settled();
                },
                [this](consent::verdict verdict, std::uint64_t rows) { observing_.counts().ended(verdict, rows); },
                [this] { observing_.counts().file_refused(); },
                [this] { return subscriptions_.is_fresh(); }};
    }

    void ledger_troubled(const base::error& e) {
        if (e.code == base::errc::corrupt) {
            fatal_ = e;
            base::log_event(base::level::error, "ledger.damaged", {{"words", e.message}});
            intake_.stop_claiming();  // a thread that reads a large file ends too
            io_.stop();
            return;
        }
        trouble_.begin("ledger", e);
    }

    disk_trouble make_disk_trouble() {
        return {[this](const base::error& e) {
                    engine_.pause(delivery::pause_reason::disk, e.message, clock_.now());
                    delivery_.pump();
                },
                [this] {
                    engine_.resume(delivery::pause_reason::disk, clock_.now());
                    delivery_.pump();
                }};
    }

    observe::status_facts facts() {
        observe::status_facts now;
        const base::moment at = clock_.now();
        for (std::size_t i = 0; i < delivery::pause_reason_count; ++i) {
            const auto reason = static_cast<delivery::pause_reason>(i);
            const auto* held = engine_.held().find(reason);
            if (held == nullptr) continue;
            const bool first = now.pause.empty();
            now.pause += (first ? "" : ", ") + std::string(delivery::name(reason));
            if (first) now.pause_words = held->words;
            if (first && delivery::pauses::probes(reason))
                now.looks_again =
                    at.wall + std::chrono::duration_cast<base::wall_time::duration>(held->next_probe - at.steady);
            now.by_operator = now.by_operator || reason == delivery::pause_reason::operator_;
        }
        now.in_flight = engine_.status(at).in_flight;
        if (const observe::snapshot* s = observing_.latest()) {
            now.inbox_gone = !s->inbox_files;
            now.files = s->open_files;
            now.changes = s->waiting;
            now.per_second = s->pace.value_or(0);
            now.seconds_left = s->seconds_left();
        }
        return now;
    }

    void wait_for_signals() {
        signals_.async_wait([this](boost::system::error_code ec, int signal) {
            if (ec) return;
            if (stopping_)
                delivery_.cut();
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

    // The settings have changed in place; most are read where they are used.
    void configure() {
        base::set_up_log(settings_.log.format, settings_.log.level);
        engine_.configure(settings_, account_.midnight());
        intake_.configure();
        retention_.configure();
        transport_->keep_idle(settings_.limits.max_connections);
        tokens_.reload();
        delivery_.pump();
    }

    void begin_stop(int signal) {
        stopping_ = true;
        reloading_.stop();
        supervision_.stopping(settings_.stop_grace);
        base::log_event(base::level::info, "daemon.stopping",
                        {{"signal", signal}, {"in_flight", engine_.status(clock_.now()).in_flight}});
        observing_.begin_stop();
        subscriptions_.stop();
        account_.stop();
        intake_.stop_claiming();
        retention_.stop();
        delivery_.begin_stop();
        boost::asio::co_spawn(io_, stop(), [this](std::exception_ptr failure) {
            if (failure) async::log_task_failed("stop", failure);
            finish();
        });
    }

    boost::asio::awaitable<void> stop() {
        const auto deadline = clock_.now().steady + settings_.stop_grace;
        const bool ended = co_await delivery_.drain(deadline);
        if (!ended)
            base::log_event(base::level::warn, "daemon.requests_cut",
                            {{"words",
                              "requests under way did not end within stop_grace; they count as unanswered, and are "
                              "asserted or sent again after the start"}});
        const auto later = clock_.now().steady + report_grace;
        co_await intake_.drain(later);
        co_await retention_.drain(later);
        reports_.begin_stop();
        co_await reports_.drain(later);
        observing_.stop();
        co_await observing_.drain(clock_.now().steady + last_replies_grace);
    }

    void finish() {
        supervision_.ended();
        signals_.cancel();
        reload_signal_.cancel();
        tokens_.stop();
        transport_->close_idle();
        ledger_.stop();
        base::tell_left_out(base::left_out::all);
        base::log_event(base::level::info, "daemon.stopped");
        io_.stop();
    }

    const config::settings& settings_;
    config::folders paths_;
    intake::work_folders folders_;
    ledger::recovery past_;
    std::vector<ledger::file_record> open_files_;
    boost::asio::io_context& io_;
    base::system_clock clock_;
    base::random_engine random_;
    std::unique_ptr<http::https_transport> transport_;
    delivery::engine engine_;
    disk_trouble trouble_;
    ledger_thread ledger_;
    token_service tokens_;
    delivery_service delivery_;
    report_service reports_;
    intake_service intake_;
    lookup lookup_;
    subscriptions_service subscriptions_;
    account_service account_;
    observing observing_;
    retention_service retention_;
    supervision supervision_;
    reloading reloading_;
    boost::asio::signal_set signals_;
    boost::asio::signal_set reload_signal_;
    bool stopping_ = false;
    bool without_token_ = false;
    std::optional<base::error> fatal_;
};

// However the run ends, by a stop, a fault or an exception: the first that is destroyed. Then no thread and no
// coroutine is left that refers to what is destroyed next.
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
    ::umask(077);  // what others may read gets its mode by itself
    // Until a reload can be served: by default the signal would end the daemon.
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go; the work goes on
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
    const bool plain = options->to.is_plain();

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
