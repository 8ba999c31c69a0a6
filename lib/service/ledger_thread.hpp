// The one thread that touches the ledger. Jobs run in the order they were submitted; those that wait together share one
// transaction and one sync (group commit).
//
// A job may run more than once: when the transaction fails (disk full, I/O error) all of it is rolled back and tried
// again every second, so that nothing that was accepted is dropped. The owner hears of it once by `on_trouble`, and by
// `on_mended` when it works again. `corrupt` may be a disk that failed for a moment: the ledger is checked and opened
// again; if that finds it damaged, on_trouble hears `corrupt` and no further job runs.
//
// The number of the newest commit is also written beside the ledger (ledger/newest_commit.hpp). That costs no commit
// anything: it is brought to disk when no job waits, and once a second while there always are some. If it cannot be
// written, that is said once, and nothing else depends on it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ledger/newest_commit.hpp"
#include "ledger/store.hpp"

namespace consent_sync::service {

class ledger_thread {
  public:
    using job = std::function<void(ledger::store&)>;
    using completion = std::function<void()>;
    using trouble_handler = std::function<void(const base::error&)>;
    using opener = std::function<base::result<std::unique_ptr<ledger::store>>()>;

    // Completions and handlers are called on `home`, `check_and_open` on the ledger's thread.
    ledger_thread(boost::asio::any_io_executor home, std::unique_ptr<ledger::store> store, ledger::newest_commit record,
                  opener check_and_open, trouble_handler on_trouble, completion on_mended);
    ~ledger_thread();
    ledger_thread(const ledger_thread&) = delete;
    ledger_thread& operator=(const ledger_thread&) = delete;

    void submit(job work, completion done);
    // Waits until the job is on disk. Cancellation is not heard: what is asked of the ledger is finished.
    boost::asio::awaitable<void> run(job work);
    // Runs what was submitted, gives up what cannot be written, ends the thread.
    void stop();

  private:
    struct entry {
        job work;
        completion done;
    };
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
    opener check_and_open_;
    trouble_handler on_trouble_;
    completion on_mended_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<entry> waiting_;  // guarded by mutex_
    bool stopping_ = false;       // guarded by mutex_
    std::int64_t mark_;           // of the group that is committed: they grow, over restarts too
    std::thread thread_;
};

}  // namespace consent_sync::service
