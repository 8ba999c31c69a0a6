// The part of intake_service that looks after files that were read: a writer may still have them open.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "intake/arrival/claim.hpp"
#include "service/intake_service.hpp"

namespace consent_sync::service {

boost::asio::awaitable<void> intake_service::watch_grown() {
    while (!stopping_) {
        base::milliseconds until_next = settings_.inbox.rescan;
        if (grown_.any_waits()) until_next = std::min(until_next, settings_.inbox.settle);
        co_await wait(until_next);
        if (stopping_) co_return;
        if (!trouble_.any()) co_await look_for_grown();
    }
}

boost::asio::awaitable<void> intake_service::look_for_grown() {
    auto files = std::make_shared<std::vector<ledger::file_record>>();
    const base::wall_time since = clock_.now().wall - watched_for;
    ledger_thread::job list = [files, since](ledger::store& s) { *files = s.files().watched(since, watched_most); };
    co_await ledger_.run(std::move(list));
    auto compare_times = [files, &folders = folders_] { return find_changed(*files, folders); };
    std::vector<changed_file> changed = co_await async::run_blocking(blocking_, std::move(compare_times));
    const base::steady_time now = clock_.now().steady;
    const std::vector<changed_file> due = grown_.due(std::move(changed), now, settings_.inbox.settle);
    for (const changed_file& each : due) {
        if (stopping_) co_return;
        auto one = std::make_shared<changed_file>(each);
        co_await look_into(std::move(one));
    }
}

boost::asio::awaitable<void> intake_service::look_into(std::shared_ptr<changed_file> changed) {
    using kind = what_changed::kind;
    auto compare = [changed, &folders = folders_, &stop = stop_reading_] {
        return compare_content(*changed, folders, stop);
    };
    const base::result<what_changed> found = co_await async::run_blocking(blocking_, std::move(compare));
    if (!found) co_return;  // it is gone, or the disk has trouble: the next look says more
    if (found->what == kind::nothing) co_return grown_.settled(*changed);
    const std::string id = consent::format_file_id(changed->file.arrival);
    if (found->what == kind::removed) {
        base::log_event(
            base::level::warn, "file.rewritten",
            {{"file", id},
             {"bytes", changed->now.size},
             {"words",
              "it was emptied after it was read: a program still writes to it. Its rows stay as they were read"}});
        co_return grown_.settled(*changed);
    }
    const consent::arrival_number next = co_await continue_file(changed, found->from);
    if (next == 0) co_return;
    const bool grew = found->what == kind::appended;
    base::log_event(
        base::level::warn, grew ? "file.grew" : "file.rewritten",
        {{"file", id},
         {"continues_as", consent::format_file_id(next)},
         {"bytes", changed->now.size},
         {"words", grew ? "a program went on writing to it after it was read: what was added is read as a file of its "
                          "own. Let programs close their files, or rename them into the inbox when they are complete"
                        : "a program wrote other content to it after it was read: that is read as a file of its own. "
                          "Let programs rename their files into the inbox when they are complete"}});
}

// First the number and what it continues are on disk, then the name, as with a claim. 0: it cannot be continued.
boost::asio::awaitable<consent::arrival_number> intake_service::continue_file(std::shared_ptr<changed_file> changed,
                                                                              std::uint64_t from) {
    auto next = std::make_shared<ledger::file_record>();
    next->name = changed->file.name;
    next->claimed_at = clock_.now().wall;
    next->completeness = static_cast<unsigned>(intake::completeness::still);
    next->continues = changed->file.arrival;
    next->read_offset = from;
    ledger_thread::job number = [next](ledger::store& s) {
        next->stored_name = intake::known_extension(next->name);
        s.files().add({next.get(), 1});
        s.standing().expect(*next);
    };
    co_await ledger_.run(std::move(number));
    auto give_name = [changed, next, &folders = folders_] {
        return continue_in_processing(changed->file, *next, folders);
    };
    const base::result<void> named = co_await async::run_blocking(blocking_, std::move(give_name));
    next->size = changed->now.size;
    next->modified_ns = changed->now.modified_ns;
    const bool done = named.has_value();
    ledger_thread::job record = [next, done](ledger::store& s) {
        if (done) return s.files().claimed(*next);
        s.standing().forget(*next);
        s.files().forget(next->arrival);
    };
    co_await ledger_.run(std::move(record));
    if (!done) {
        if (named.error().code == base::errc::busy) co_return 0;
        grown_.settled(*changed);
        base::log_event(base::level::warn, "file.not_continued",
                        {{"file", consent::format_file_id(changed->file.arrival)}, {"words", named.error().message}});
        co_return 0;
    }
    next->state = ledger::file_state::claimed;
    unread_.insert(next->arrival);
    ledger::file_record file = *next;
    co_await enqueue(std::move(file));
    co_return next->arrival;
}

}  // namespace consent_sync::service
