#include "service/intake_service.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"
#include "base/real_folder.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t queue_max = 100'000;             // files that wait to be read
constexpr std::uint64_t small_bytes_max = 256 * 1024;  // larger ones are read in pieces

}  // namespace

intake_service::intake_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                               const base::clock& clock, const config::settings& settings, ledger_thread& ledger,
                               const intake::work_folders& folders, disk_trouble& trouble, listener l)
    : home_(home),
      blocking_(blocking),
      clock_(clock),
      settings_(settings),
      paths_(config::derive_folders(settings)),
      ledger_(ledger),
      folders_(folders),
      trouble_(trouble),
      listener_(std::move(l)),
      watch_(home, blocking, clock,
             intake::watch_options{.inbox = paths_.inbox,
                                   .may_be_link = intake::inbox_may_be_link(paths_),
                                   .rescan = settings.inbox.rescan,
                                   .limits = {settings.inbox.settle, settings.inbox.max_bytes},
                                   .opened = [this] { watching(); }}),
      tasks_(home, async::log_task_failed),
      small_(home, queue_max),
      large_(home, queue_max) {}

std::string intake_service::path_of(const ledger::file_record& file) const {
    return base::path_in(folders_.processing.get(), paths_.processing, file.stored_name);
}

std::string intake_service::claims_nothing_because() const {
    return watch_.gone_because().empty() ? far_because_ : watch_.gone_because();
}

void intake_service::start(const std::vector<ledger::file_record>& open_files) {
    for (const ledger::file_record& file : open_files) {
        if (file.state == ledger::file_state::read) {
            if (file.gate == ledger::file_gate::check) gated_[file.arrival] = consent::place(file.arrival, 1);
        } else {
            unread_.insert(file.arrival);
            if (file.gate == ledger::file_gate::check) gated_[file.arrival] = consent::place(file.arrival, 1);
            tasks_.spawn("intake.enqueue", enqueue(file));
        }
    }
    tasks_.spawn("intake.gates", open_gates());
    tasks_.spawn("intake.small", run_small());
    tasks_.spawn("intake.large", run_large());
    tasks_.spawn("intake.watch", watch_inbox());
    tasks_.spawn("intake.grown", watch_grown());
}

void intake_service::configure() {
    watch_.set_limits(intake::inbox_limits{settings_.inbox.settle, settings_.inbox.max_bytes}, settings_.inbox.rescan);
}

void intake_service::stop_claiming() {
    stopping_ = true;
    stop_reading_ = true;
    small_.close();
    large_.close();
    tasks_.cancel();
}

void intake_service::watching() {
    if (!std::exchange(watching_, true) && !stopping_) listener_.watching();
}

boost::asio::awaitable<bool> intake_service::drain(base::steady_time deadline) {
    co_return co_await tasks_.wait_empty(deadline);
}

boost::asio::awaitable<void> intake_service::enqueue(ledger::file_record file) {
    auto& queue = file.size <= small_bytes_max && file.rows == 0 ? small_ : large_;
    co_await queue.push(std::move(file));
}

// A gate opens when its file and all older ones are read: only then every newer change of its keys is known.
boost::asio::awaitable<void> intake_service::open_gates() {
    while (!gated_.empty()) {
        const auto [arrival, first] = *gated_.begin();
        if (!unread_.empty() && *unread_.begin() <= arrival) co_return;
        gated_.erase(gated_.begin());
        auto superseded = std::make_shared<std::size_t>(0);
        auto rows = std::make_shared<std::uint64_t>(0);
        auto held = std::make_shared<std::string>();
        const consent::arrival_number file = arrival;
        ledger_thread::job scan = [file, superseded, rows, held, rules = settings_.rules](ledger::store& s) {
            *superseded = s.newer().supersede_returning(file);
            *held = settle_gate(s, file, rules);
            *rows = s.files().find(file)->rows;
        };
        co_await ledger_.run(std::move(scan));
        base::log_event(base::level::info, "file.checked",
                        {{"file", consent::format_file_id(file)}, {"superseded", *superseded}});
        if (!held->empty()) tell_held(file, *held);
        if (*rows > 0) listener_.rows(first, consent::place(file, *rows), true);
        listener_.bulk_open();
        listener_.read(file);
    }
}

}  // namespace consent_sync::service
