// The only thread that writes to the ledger. Jobs run in the order in which they were submitted. Jobs that wait at the
// same time share a transaction and a sync (group commit).
//
// A job may run more than once: if the transaction fails (disk full, I/O error), it is rolled back and tried again
// every second, so that nothing that was accepted is lost. health_changed() reports once that writing fails, and once
// that it works again. `corrupt` may come from a disk that failed for a moment, so the ledger is checked and opened
// again. If the check finds damage, health_changed() reports `corrupt`, and no further job runs.
//
// The number of the newest commit is also written to a file beside the ledger (ledger/newest_commit.hpp). This does not
// delay commits: the file is synced when no job waits, and once a second under load. A failure to write it is logged
// once and has no other effect.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/event.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "ledger/newest_commit.hpp"
#include "ledger/store.hpp"

namespace consent_sync::service {

class ledger_thread {
  public:
    // Checks the ledger at that path and opens it. Called on the ledger's thread.
    using opener = base::result<std::unique_ptr<ledger::store>> (*)(const std::string& path);

    ledger_thread(boost::asio::any_io_executor home, std::unique_ptr<ledger::store> store, ledger::newest_commit record,
                  std::string path, opener check_and_open);
    ~ledger_thread();
    ledger_thread(const ledger_thread&) = delete;
    ledger_thread& operator=(const ledger_thread&) = delete;

    // `work(store)` on the ledger's thread; when it is on disk, `done()` or `done(what work returned)` on the home
    // thread. Both are copied and own what they need: neither may refer to a frame that waits.
    template <class Work, class Done>
    void submit(Work work, Done done) {
        using value = std::invoke_result_t<Work&, ledger::store&>;
        if constexpr (std::is_void_v<value>) {
            add(std::move(work), std::move(done));
        } else {
            auto result = std::make_shared<std::optional<value>>();
            add([result, work = std::move(work)](ledger::store& s) mutable { result->emplace(work(s)); },
                [result, done = std::move(done)]() mutable { done(std::move(**result)); });
        }
    }
    // Waits until the work is on disk; what it returned. Cancellation is not heard: what is asked of the ledger is
    // finished.
    template <class Work>
    boost::asio::awaitable<std::invoke_result_t<Work&, ledger::store&>> run(Work work) {
        using value = std::invoke_result_t<Work&, ledger::store&>;
        if constexpr (std::is_void_v<value>) {
            job whole(std::move(work));
            co_await finish(std::move(whole));
        } else {
            auto result = std::make_shared<std::optional<value>>();
            job whole = [result, work = std::move(work)](ledger::store& s) mutable { result->emplace(work(s)); };
            co_await finish(std::move(whole));
            co_return std::move(**result);
        }
    }

    // Waits until writing fails or works again. An error: it fails, and is tried again unless it is `corrupt`. Nothing:
    // it works again.
    boost::asio::awaitable<std::optional<base::error>> health_changed();
    // Runs what was submitted, gives up what cannot be written, ends the thread.
    void stop();

  private:
    using job = std::function<void(ledger::store&)>;
    using completion = std::function<void()>;
    struct entry {
        job work;
        completion done;
    };
    void add(job work, completion done);
    boost::asio::awaitable<void> finish(job work);
    void tell(std::optional<base::error> health);
    void loop();
    bool commit(std::vector<entry>& group);
    base::result<void> try_commit(std::vector<entry>& group);
    bool wait_after_failure();
    bool wait_for_jobs(std::vector<entry>& group);
    void record_commit();
    void sync_record();
    void record_failed(const base::error& why);

    boost::asio::any_io_executor home_;
    std::unique_ptr<ledger::store> store_;
    ledger::newest_commit record_;
    std::int64_t recorded_ = 0;
    base::steady_time record_synced_at_{};
    bool record_failed_ = false;
    std::string path_;
    opener check_and_open_;
    std::deque<std::optional<base::error>> news_;  // of its health, that nobody has heard of yet; home thread
    async::event any_news_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<entry> waiting_;  // guarded by mutex_
    bool stopping_ = false;       // guarded by mutex_
    std::int64_t mark_;           // of the group that is committed: they grow, over restarts too
    std::thread thread_;
};

}  // namespace consent_sync::service
