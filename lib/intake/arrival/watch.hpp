// Watches the inbox and tells which files are there to be claimed, in their order of arrival.
//
// inotify says what happens on this machine; a periodic listing finds the rest: what came over a network file
// system, before the start, or while the kernel's queue was full. Without inotify (its instances are limited)
// the listings do. What is not taken is logged once: event inbox.left or inbox.refused with its reason. A
// folder that vanishes is logged once (inbox.gone) and looked for until it is back (inbox.back).
//
// Use: files = co_await next(); claim or refuse every one of them in folder(); again. A name that is still
// there at a later listing is given again, so one that could not be claimed is not lost. Names wait in
// bounded memory (candidates_max); what is beyond waits in the folder.
//
// Threads: all of it on `home`, but for looks into the folder, which run on `blocking` (they may hang on a
// network file system). The watch must outlive its coroutine, and the threads of `blocking` must be joined
// before the io_context of `home` is destroyed. Cancellation: a waiting next() throws
// system_error(operation_aborted) and loses nothing but its place in the waiting.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "intake/arrival/inbox_rules.hpp"
#include "intake/arrival/watch_candidates.hpp"
#include "intake/arrival/watch_events.hpp"
#include "intake/arrival/watch_folder.hpp"

namespace consent_sync::intake {

struct watch_options {
    std::string inbox;         // the folder's path
    bool may_be_link = false;  // see inbox_place
    base::milliseconds rescan{30'000};
    inbox_limits limits;
    std::size_t candidates_max = 20'000;  // names that settle or wait at once, some 200 bytes each
    std::function<void()> opened = {};    // the folder is there, and what arrives from now on is seen
};

struct arrived_file {
    std::string name;
    observation seen;
    std::optional<inbox_reason> refused;  // set: not to be claimed but moved to refused/
    completeness complete = completeness::still;
};

class watch {
  public:
    static constexpr std::size_t batch_max = 1'000;      // files one next() gives
    static constexpr std::size_t reported_max = 10'000;  // things in the inbox that are remembered as logged

    watch(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking, const base::clock& clock,
          watch_options options);
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    // Waits for files. Never empty, at most batch_max.
    boost::asio::awaitable<std::vector<arrived_file>> next();

    // The folder that the names of the last next() are in. Valid until next() is called again.
    int folder() const { return folder_ ? folder_->get() : -1; }

    // After a reload. The path stays.
    void set_limits(const inbox_limits& limits, base::milliseconds rescan);
    // Ends the wait for the next listing, for what could not be claimed when it was given.
    void list_now();

    // Why nothing can be taken; empty: the folder is watched.
    const std::string& gone_because() const { return gone_because_; }

    std::size_t waiting() const { return candidates_.size(); }  // names that settle or wait: a gauge

  private:
    struct reported {
        inbox_reason reason;
        std::uint64_t listing;  // the last one that found it
    };

    boost::asio::awaitable<bool> open_folder();
    void close_folder(const std::string& reason);
    void start_inotify();
    bool read_events(std::vector<name_event>& names);
    boost::asio::awaitable<void> note_events(std::vector<name_event> events);
    boost::asio::awaitable<void> list_if_due();
    boost::asio::awaitable<std::vector<arrived_file>> take_due();
    boost::asio::awaitable<void> wait_for_change();
    void report(const std::string& name, const observation& seen, inbox_reason reason);
    void forget_reported();

    boost::asio::thread_pool& blocking_;
    const base::clock& clock_;
    watch_options options_;
    watch_candidates candidates_;
    std::shared_ptr<base::unique_fd> folder_;  // shared with looks that are under way
    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer timer_;
    std::unordered_map<std::string, reported> reported_;
    base::steady_time next_listing_{};
    base::steady_time last_listing_{};
    std::uint64_t listings_ = 0;
    std::shared_ptr<inbox_place> place_;  // shared with looks that are under way
    std::string gone_because_;            // logged
    bool no_inotify_logged_ = false;
    bool full_logged_ = false;
};

}  // namespace consent_sync::intake
