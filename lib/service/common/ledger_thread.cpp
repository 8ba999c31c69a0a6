#include "service/common/ledger_thread.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/log.hpp"

namespace consent_sync::service {
namespace {

constexpr auto retry_commit_after = std::chrono::seconds(1);
constexpr auto record_sync_every = std::chrono::seconds(1);
constexpr auto record_sync_idle = std::chrono::milliseconds(100);  // without a job
constexpr int doubts_max = 3;  // how often a group may find the ledger corrupt while the check finds it sound

}  // namespace

ledger_thread::ledger_thread(boost::asio::any_io_executor home, std::unique_ptr<ledger::store> store,
                             ledger::newest_commit record, std::string path, opener check_and_open)
    : home_(std::move(home)),
      store_(std::move(store)),
      record_(std::move(record)),
      path_(std::move(path)),
      check_and_open_(check_and_open),
      any_news_(home_),
      mark_(store_->newest_mark()),
      thread_([this] { loop(); }) {}

ledger_thread::~ledger_thread() { stop(); }

void ledger_thread::add(job work, completion done) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({std::move(work), std::move(done)});
    }
    changed_.notify_one();
}

boost::asio::awaitable<void> ledger_thread::finish(job work) {
    // The timer never expires: it is the event. The completion comes through home_, so never before the wait began.
    auto event = std::make_shared<boost::asio::steady_timer>(home_, boost::asio::steady_timer::time_point::max());
    completion done = [event] { event->cancel(); };
    add(std::move(work), std::move(done));
    auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(),
                                                     boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await event->async_wait(token);
}

boost::asio::awaitable<std::optional<base::error>> ledger_thread::health_changed() {
    while (news_.empty()) co_await any_news_.wait();
    std::optional<base::error> first = std::move(news_.front());
    news_.pop_front();
    co_return first;
}

void ledger_thread::tell(std::optional<base::error> health) {
    boost::asio::post(home_, [this, health = std::move(health)] {
        news_.push_back(health);
        any_news_.notify();
    });
}

void ledger_thread::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void ledger_thread::loop() {
    record_commit();  // the start has committed, too
    std::vector<entry> group;
    while (wait_for_jobs(group)) {
        if (!commit(group)) return;
        boost::asio::post(home_, [finished = std::move(group)] {
            for (const entry& e : finished)
                if (e.done) e.done();
        });
        group = {};
        record_commit();
        if (std::chrono::steady_clock::now() - record_synced_at_ >= record_sync_every) sync_record();
    }
    sync_record();
}

// False: a stop was asked for, and nothing waits.
bool ledger_thread::wait_for_jobs(std::vector<entry>& group) {
    std::unique_lock lock(mutex_);
    const auto any = [this] { return stopping_ || !waiting_.empty(); };
    if (!record_.is_synced() && !changed_.wait_for(lock, record_sync_idle, any)) {
        lock.unlock();
        sync_record();
        lock.lock();
    }
    changed_.wait(lock, any);
    group.swap(waiting_);
    return !group.empty();
}

void ledger_thread::record_commit() {
    if (store_->newest_mark() == recorded_) return;
    const auto written = record_.write(store_->newest_mark());
    if (!written) return record_failed(written.error());
    recorded_ = store_->newest_mark();
}

void ledger_thread::sync_record() {
    record_synced_at_ = std::chrono::steady_clock::now();
    const auto synced = record_.sync();
    if (!synced) return record_failed(synced.error());
    record_failed_ = false;
}

void ledger_thread::record_failed(const base::error& why) {
    if (record_failed_) return;
    record_failed_ = true;
    base::log_event(
        base::level::warn, "ledger.not_recorded",
        {{"words", why.message + ": until it can be written, a start does not see whether the ledger's newest "
                                 "commits are lost"}});
}

bool ledger_thread::commit(std::vector<entry>& group) {
    ++mark_;
    bool troubled = false;
    while (true) {
        const auto done = try_commit(group);
        if (done) {
            if (troubled) tell(std::nullopt);
            return true;
        }
        const bool damaged = done.error().code == base::errc::corrupt;
        if (!troubled || damaged) tell(done.error());
        troubled = true;
        if (damaged || !wait_after_failure()) return false;
    }
}

base::result<void> ledger_thread::try_commit(std::vector<entry>& group) {
    for (int doubts = 0;; ++doubts) {
        const auto done = store_->transact(
            [&group](ledger::store& s) {
                for (entry& e : group) e.work(s);
            },
            mark_);
        if (done || done.error().code != base::errc::corrupt || doubts == doubts_max) return done;
        auto opened = check_and_open_(path_);
        if (!opened) return opened.error();
        store_ = std::move(*opened);
    }
}

// False: a stop was asked for, and the disk still refuses.
bool ledger_thread::wait_after_failure() {
    std::unique_lock lock(mutex_);
    if (stopping_) return false;
    changed_.wait_for(lock, retry_commit_after, [this] { return stopping_; });
    return true;
}

}  // namespace consent_sync::service
