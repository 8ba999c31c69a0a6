#include "service/pipeline/growth_service.hpp"

#include <algorithm>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "async/wait.hpp"
#include "base/log.hpp"
#include "intake/arrival/claim.hpp"

namespace consent_sync::service {

growth_service::growth_service(const environment& env, const intake::work_folders& folders, const disk_trouble& trouble,
                               reading_service& reading)
    : env_(env), folders_(folders), trouble_(trouble), reading_(reading), tasks_(env.home, async::log_task_failed) {}

void growth_service::start() { tasks_.spawn("growth", watch()); }

void growth_service::stop() {
    stopping_ = true;
    stop_comparing_ = true;
    tasks_.cancel();
}

boost::asio::awaitable<void> growth_service::watch() {
    while (!stopping_) {
        base::milliseconds until_next = env_.settings.inbox.rescan;
        if (grown_.any_waits()) until_next = std::min(until_next, env_.settings.inbox.settle);
        co_await async::wait(env_.home, until_next);
        if (stopping_) co_return;
        if (!trouble_.any()) co_await look();
    }
}

boost::asio::awaitable<void> growth_service::look() {
    const base::wall_time since = env_.clock.now().wall - watched_for;
    auto list = [since](ledger::store& s) { return s.files().watched(since, watched_most); };
    std::vector<ledger::file_record> files = co_await env_.ledger.run(std::move(list));
    auto compare_times = [files = std::move(files), &folders = folders_] { return find_changed(files, folders); };
    std::vector<changed_file> changed = co_await async::run_blocking(env_.blocking, std::move(compare_times));
    const base::steady_time now = env_.clock.now().steady;
    const std::vector<changed_file> due = grown_.due(std::move(changed), now, env_.settings.inbox.settle);
    for (const changed_file& each : due) {
        if (stopping_) co_return;
        co_await look_into(each);
    }
}

boost::asio::awaitable<void> growth_service::look_into(changed_file changed) {
    using kind = what_changed::kind;
    auto compare = [changed, &folders = folders_, &stop = stop_comparing_] {
        return compare_content(changed, folders, stop);
    };
    const base::result<what_changed> found = co_await async::run_blocking(env_.blocking, std::move(compare));
    if (!found) co_return;  // it is gone, or the disk has trouble: the next look says more
    if (found->what == kind::nothing) co_return grown_.settled(changed);
    const std::string id = consent::format_file_id(changed.file.arrival);
    if (found->what == kind::removed) {
        base::log_event(
            base::level::warn, "file.rewritten",
            {{"file", id},
             {"bytes", changed.now.size},
             {"words",
              "it was emptied after it was read, so a program still writes to it. Its rows stay as they were read"}});
        co_return grown_.settled(changed);
    }
    const consent::arrival_number next = co_await continue_file(changed, found->from);
    if (next == 0) co_return;
    const bool grew = found->what == kind::appended;
    base::log_event(
        base::level::warn, grew ? "file.grew" : "file.rewritten",
        {{"file", id},
         {"continues_as", consent::format_file_id(next)},
         {"bytes", changed.now.size},
         {"words", grew ? "a program went on writing to it after it was read: what was added is read as a file of its "
                          "own. Let programs close their files, or rename them into the inbox when they are complete"
                        : "a program wrote other content to it after it was read: that is read as a file of its own. "
                          "Let programs rename their files into the inbox when they are complete"}});
}

// First the number and what it continues are on disk, then the name, as with a claim. 0: it cannot be continued.
boost::asio::awaitable<consent::arrival_number> growth_service::continue_file(changed_file changed,
                                                                              std::uint64_t from) {
    ledger::file_record next;
    next.name = changed.file.name;
    next.claimed_at = env_.clock.now().wall;
    next.completeness = static_cast<unsigned>(intake::completeness::still);
    next.continues = changed.file.arrival;
    next.read_offset = from;
    auto number = [next](ledger::store& s) mutable {
        next.stored_name = intake::known_extension(next.name);
        s.files().add({&next, 1});
        s.standing().expect(next);
        return next;
    };
    next = co_await env_.ledger.run(std::move(number));
    auto give_name = [changed, next, &folders = folders_] {
        return continue_in_processing(changed.file, next, folders);
    };
    const base::result<void> named = co_await async::run_blocking(env_.blocking, std::move(give_name));
    next.size = changed.now.size;
    next.modified_ns = changed.now.modified_ns;
    const bool done = named.has_value();
    auto record = [next, done](ledger::store& s) {
        if (done) return s.files().claimed(next);
        s.standing().forget(next);
        s.files().forget(next.arrival);
    };
    co_await env_.ledger.run(std::move(record));
    if (!done) {
        if (named.error().code == base::errc::busy) co_return 0;
        grown_.settled(changed);
        base::log_event(base::level::warn, "file.not_continued",
                        {{"file", consent::format_file_id(changed.file.arrival)}, {"words", named.error().message}});
        co_return 0;
    }
    next.state = ledger::file_state::claimed;
    const consent::arrival_number arrival = next.arrival;
    co_await reading_.take(std::move(next));
    co_return arrival;
}

}  // namespace consent_sync::service
