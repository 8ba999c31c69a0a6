#include "service/intake_service.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "intake/claim.hpp"
#include "intake/claim_refuse.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t queue_max = 100'000;             // files that wait to be read
constexpr std::uint64_t small_bytes_max = 256 * 1024;  // larger ones are read in pieces

async::task_group::failure_handler report_bug() {
    return [](std::string_view task, std::exception_ptr failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& e) {
            base::log_event(base::level::error, "task.failed", {{"task", task}, {"words", e.what()}});
        }
    };
}

}  // namespace

intake_service::intake_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                               const base::clock& clock, const config::settings& settings, ledger_thread& ledger,
                               const intake::work_folders& folders, listener l)
    : home_(home),
      blocking_(blocking),
      clock_(clock),
      settings_(settings),
      paths_(config::derive_folders(settings)),
      ledger_(ledger),
      folders_(folders),
      listener_(std::move(l)),
      watch_(home, blocking, clock,
             intake::watch_options{paths_.inbox, settings.inbox.rescan,
                                   intake::inbox_limits{settings.inbox.settle, settings.inbox.max_bytes}}),
      tasks_(home, report_bug()),
      small_(home, queue_max),
      large_(home, queue_max) {}

std::string intake_service::path_of(const ledger::file_record& file) const {
    return base::join_path(paths_.processing, file.stored_name);
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
}

void intake_service::stop_claiming() {
    stopping_ = true;
    small_.close();
    large_.close();
    tasks_.cancel();
}

boost::asio::awaitable<bool> intake_service::drain(base::steady_time deadline) {
    co_return co_await tasks_.wait_empty(deadline);
}

boost::asio::awaitable<void> intake_service::enqueue(ledger::file_record file) {
    auto& queue = file.size <= small_bytes_max && file.rows == 0 ? small_ : large_;
    co_await queue.push(std::move(file));
}

boost::asio::awaitable<void> intake_service::watch_inbox() {
    while (!stopping_) {
        std::vector<intake::arrived_file> arrived = co_await watch_.next();
        co_await claim(std::move(arrived));
    }
}

// First the number and the name are on disk, then the renames, then the ledger says so; each step can be done again.
boost::asio::awaitable<void> intake_service::claim(std::vector<intake::arrived_file> arrived) {
    struct work {
        std::vector<intake::arrived_file> arrived;
        std::vector<ledger::file_record> records;
        std::vector<base::result<intake::claimed_file>> claims;
    };
    auto w = std::make_shared<work>();
    for (intake::arrived_file& file : arrived) {
        if (file.refused) {
            intake::refusal why;
            why.name = file.name;
            why.reason = "it is " + std::string(intake::name(*file.refused));
            why.how_to_fix = "see inbox.max_bytes in the configuration, and drop the rows in smaller files";
            why.refused_at = clock_.now().wall;
            const auto moved = intake::refuse_file(watch_.folder(), why, folders_.refused.get());
            if (!moved) base::log_event(base::level::error, "inbox.not_refused", {{"words", moved.error().message}});
            continue;
        }
        ledger::file_record record;
        record.name = file.name;
        record.claimed_at = clock_.now().wall;
        record.stored_name = intake::processing_name(1, file.name).substr(8);
        w->records.push_back(std::move(record));
        w->arrived.push_back(std::move(file));
    }
    if (w->records.empty()) co_return;
    ledger_thread::job number = [w](ledger::store& s) { s.files().add(w->records); };
    co_await ledger_.run(std::move(number));
    const int inbox = watch_.folder();
    const int processing = folders_.processing.get();
    auto rename_all = [w, inbox, processing] {
        w->claims.clear();
        for (std::size_t i = 0; i < w->records.size(); ++i)
            w->claims.push_back(intake::claim_file(inbox, w->arrived[i].name, w->arrived[i].seen.identity, processing,
                                                   w->records[i].arrival));
        const int folders[] = {processing, inbox};
        return intake::sync_moves(folders);
    };
    const base::result<void> synced = co_await async::run_blocking(blocking_, std::move(rename_all));
    if (!synced) base::log_event(base::level::error, "inbox.not_synced", {{"words", synced.error().message}});
    ledger_thread::job record_claims = [w](ledger::store& s) {
        for (std::size_t i = 0; i < w->records.size(); ++i) {
            ledger::file_record& file = w->records[i];
            if (!w->claims[i]) {
                s.files().forget(file.arrival);
                continue;
            }
            file.stored_name = w->claims[i]->name;
            file.size = w->claims[i]->size;
            file.inode = w->claims[i]->identity.inode;
            s.files().claimed(file);
        }
    };
    co_await ledger_.run(std::move(record_claims));
    for (std::size_t i = 0; i < w->records.size(); ++i) {
        ledger::file_record& file = w->records[i];
        if (!w->claims[i]) {
            base::log_event(base::level::warn, "file.not_claimed", {{"words", w->claims[i].error().message}});
            continue;
        }
        file.state = ledger::file_state::claimed;
        unread_.insert(file.arrival);
        base::log_event(base::level::info, "file.claimed",
                        {{"file", consent::format_file_id(file.arrival)}, {"name", intake::shown_name(file.name)},
                         {"bytes", file.size}});
        co_await enqueue(std::move(file));
    }
}

// A gate opens when its file and all older ones are read: only then every newer change of its keys is known.
boost::asio::awaitable<void> intake_service::open_gates() {
    while (!gated_.empty()) {
        const auto [arrival, first] = *gated_.begin();
        if (!unread_.empty() && *unread_.begin() <= arrival) co_return;
        gated_.erase(gated_.begin());
        auto superseded = std::make_shared<std::size_t>(0);
        auto rows = std::make_shared<std::uint64_t>(0);
        const consent::arrival_number file = arrival;
        ledger_thread::job scan = [file, superseded, rows](ledger::store& s) {
            *superseded = s.newer().supersede_returning(file);
            s.files().set_gate(file, ledger::file_gate::open);
            *rows = s.files().find(file)->rows;
        };
        co_await ledger_.run(std::move(scan));
        base::log_event(base::level::info, "file.checked",
                        {{"file", consent::format_file_id(file)}, {"superseded", *superseded}});
        if (*rows > 0) listener_.rows(first, consent::place(file, *rows), true);
        listener_.bulk_open();
        listener_.read(file);
    }
}

}  // namespace consent_sync::service
