#include "service/pipeline/claiming_service.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "async/wait.hpp"
#include "base/log.hpp"
#include "intake/arrival/claim.hpp"

namespace consent_sync::service {
namespace {

constexpr auto look_again = std::chrono::seconds(1);  // whether the disk works again

// The outcome of one claim. A claim that failed after its rename counts as made, because the file has left the inbox.
base::result<intake::claimed_file> claim_for_good(int inbox, const intake::arrived_file& file, int processing,
                                                  const ledger::file_record& record) {
    auto claim = intake::claim_file(inbox, file.name, file.seen.identity, processing, record.arrival);
    if (claim || claim.error().code == base::errc::no_space) return claim;
    struct stat found {};
    if (::fstatat(processing, record.stored_name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0)
        return intake::claimed_file{record.stored_name,
                                    {found.st_dev, found.st_ino},
                                    static_cast<std::uint64_t>(found.st_size),
                                    std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
    if (errno != ENOENT) return base::system_error("look into", "processing/", errno);
    // It is still in the inbox, whatever the reason.
    return base::error{base::errc::not_found, claim.error().message};
}

}  // namespace

struct claiming_service::claim_group {
    std::vector<intake::arrived_file> arrived;
    std::vector<ledger::file_record> records;
    std::vector<base::result<intake::claimed_file>> claims;
};

claiming_service::claiming_service(const environment& env, const intake::work_folders& folders, disk_trouble& trouble,
                                   reading_service& reading)
    : env_(env),
      paths_(config::derive_folders(env.settings)),
      folders_(folders),
      trouble_(trouble),
      reading_(reading),
      watching_(env.home),
      watch_(env.home, env.blocking, env.clock,
             intake::watch_options{.inbox = paths_.inbox,
                                   .may_be_link = intake::inbox_may_be_link(paths_),
                                   .rescan = env.settings.inbox.rescan,
                                   .limits = {env.settings.inbox.settle, env.settings.inbox.max_bytes},
                                   .opened = [this] { watching_.notify(); }}),
      tasks_(env.home, async::log_task_failed) {}

void claiming_service::start() { tasks_.spawn("claiming", watch_inbox()); }

void claiming_service::configure() {
    const config::inbox_settings& inbox = env_.settings.inbox;
    watch_.set_limits(intake::inbox_limits{inbox.settle, inbox.max_bytes}, inbox.rescan);
}

void claiming_service::stop() {
    stopping_ = true;
    tasks_.cancel();
}

std::string claiming_service::claims_nothing_because() const {
    return watch_.gone_because().empty() ? far_because_ : watch_.gone_because();
}

// While the disk has trouble, the inbox is not touched. What arrived meanwhile is found by a listing.
boost::asio::awaitable<void> claiming_service::watch_inbox() {
    while (!stopping_) {
        std::vector<intake::arrived_file> arrived = co_await watch_.next();
        if (trouble_.any()) {
            while (trouble_.any()) co_await async::wait(env_.home, look_again);
            watch_.list_now();
            continue;
        }
        if (!co_await inbox_is_near()) continue;
        co_await refuse_arrived(arrived);
        co_await claim(std::move(arrived));
    }
}

// Whether files can be moved out of the inbox. If not, the next listing finds them again.
boost::asio::awaitable<bool> claiming_service::inbox_is_near() {
    auto follow = [inbox = watch_.folder(), &paths = paths_, &open = folders_] {
        return intake::follow_inbox(inbox, paths, open);
    };
    const base::result<void> followed = co_await async::run_blocking(env_.blocking, std::move(follow));
    if (!followed && far_because_.empty())
        base::log_event(base::level::error, "inbox.not_claimed", {{"words", followed.error().message}});
    far_because_ = followed ? std::string() : followed.error().message;
    co_return followed.has_value();
}

// A file that cannot be moved to refused/ stays, and is tried again when a listing finds it.
boost::asio::awaitable<void> claiming_service::refuse_arrived(const std::vector<intake::arrived_file>& arrived) {
    for (const intake::arrived_file& file : arrived) {
        if (!file.refused) continue;
        intake::refusal why;
        why.name = file.name;
        why.reason = "it is " + std::string(intake::name(*file.refused));
        why.how_to_fix = "see inbox.max_bytes in the configuration, and drop the rows in smaller files";
        why.refused_at = env_.clock.now().wall;
        auto move = [why, inbox = watch_.folder(), refused = folders_.refused.get()] {
            auto done = intake::refuse_file(inbox, why, refused);
            const int touched[] = {inbox, refused};
            if (const auto synced = intake::sync_moves(touched); done && !synced) done = synced.error();
            return done;
        };
        const auto moved = co_await async::run_blocking(env_.blocking, std::move(move));
        if (!moved) base::log_event(base::level::error, "inbox.not_refused", {{"words", moved.error().message}});
    }
}

// First the number and the name are on disk, then the renames, then the ledger says so; each step can be done again.
boost::asio::awaitable<void> claiming_service::claim(std::vector<intake::arrived_file> arrived) {
    auto all = std::make_shared<claim_group>();
    std::vector<arrival_moment> moments;
    for (intake::arrived_file& file : arrived) {
        if (file.refused) continue;
        ledger::file_record record;
        record.completeness = static_cast<unsigned>(file.complete);
        moments.push_back({file.seen.mtime_ns, env_.clock.now().steady});
        record.name = file.name;
        record.claimed_at = env_.clock.now().wall;
        record.stored_name = intake::known_extension(file.name);
        all->records.push_back(std::move(record));
        all->arrived.push_back(std::move(file));
    }
    if (all->records.empty()) co_return;
    const std::vector<std::size_t> with = together_.group(moments, env_.settings.inbox.settle);
    const consent::arrival_number before = together_.first_arrival();
    auto number = [all, with, before](ledger::store& s) {
        for (ledger::file_record& record : all->records)  // the numbers of a transaction that failed are void
            record.stored_name = intake::known_extension(record.name);
        s.files().add(all->records);
        for (std::size_t i = 0; i < all->records.size(); ++i) {
            ledger::file_record& record = all->records[i];
            record.together = 0;
            if (with[i] != i)
                s.files().arrived_with(record,
                                       with[i] == arrived_together::earlier ? before : all->records[with[i]].arrival);
            s.standing().expect(record);
        }
    };
    co_await env_.ledger.run(std::move(number));
    together_.numbered([&all](std::size_t i) { return all->records[i].arrival; });
    co_await rename_claimed(all);
    auto record_claims = [all](ledger::store& s) {
        for (std::size_t i = 0; i < all->records.size(); ++i) {
            if (all->claims[i]) {
                s.files().claimed(all->records[i]);
            } else {
                s.standing().forget(all->records[i]);
                s.files().forget(all->records[i].arrival);
            }
        }
    };
    co_await env_.ledger.run(std::move(record_claims));
    for (std::size_t i = 0; i < all->records.size(); ++i) {
        ledger::file_record& file = all->records[i];
        if (!all->claims[i]) {
            base::log_event(base::level::warn, "file.not_claimed", {{"words", all->claims[i].error().message}});
            continue;
        }
        file.state = ledger::file_state::claimed;
        base::log_event(base::level::info, "file.claimed",
                        {{"file", consent::format_file_id(file.arrival)},
                         {"name", intake::shown_name(file.name)},
                         {"bytes", file.size}});
        co_await reading_.take(std::move(file));
    }
}

// Repeats until each file is known to be in processing/ or in the inbox, and the renames are on disk.
boost::asio::awaitable<void> claiming_service::rename_claimed(std::shared_ptr<claim_group> all) {
    while (true) {
        auto rename_all = [all, inbox = watch_.folder(), processing = folders_.processing.get()] {
            all->claims.clear();
            for (std::size_t i = 0; i < all->records.size(); ++i)
                all->claims.push_back(claim_for_good(inbox, all->arrived[i], processing, all->records[i]));
            const int folders[] = {processing, inbox};
            base::result<void> done = intake::sync_moves(folders);
            for (const auto& each : all->claims)
                if (!each && each.error().code != base::errc::not_found) done = each.error();
            return done;
        };
        const base::result<void> done = co_await async::run_blocking(env_.blocking, std::move(rename_all));
        if (done) break;
        trouble_.begin("claiming", done.error());
        co_await async::wait(env_.home, look_again);
    }
    trouble_.end("claiming");
    for (std::size_t i = 0; i < all->records.size(); ++i) {
        if (!all->claims[i]) continue;
        ledger::file_record& file = all->records[i];
        file.size = all->claims[i]->size;
        file.modified_ns = all->claims[i]->modified_ns;
        file.inode = all->claims[i]->identity.inode;
    }
}

}  // namespace consent_sync::service
