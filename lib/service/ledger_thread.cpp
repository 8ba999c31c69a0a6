#include "service/ledger_thread.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace consent_sync::service {
namespace {

constexpr auto retry_every = std::chrono::seconds(1);
constexpr int doubts_max = 3;  // times that a group may find the ledger corrupt and the check does not

}  // namespace

ledger_thread::ledger_thread(boost::asio::any_io_executor home, std::unique_ptr<ledger::store> store,
                             opener check_and_open, trouble_handler on_trouble, completion on_mended)
    : home_(std::move(home)),
      store_(std::move(store)),
      check_and_open_(std::move(check_and_open)),
      on_trouble_(std::move(on_trouble)),
      on_mended_(std::move(on_mended)),
      mark_(std::chrono::system_clock::now().time_since_epoch().count()),
      thread_([this] { loop(); }) {}

ledger_thread::~ledger_thread() { stop(); }

void ledger_thread::submit(job work, completion done) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({std::move(work), std::move(done)});
    }
    changed_.notify_one();
}

boost::asio::awaitable<void> ledger_thread::run(job work) {
    // The timer never expires: it is the event. The completion comes through home_, so never before the wait began.
    auto event = std::make_shared<boost::asio::steady_timer>(home_, boost::asio::steady_timer::time_point::max());
    completion done = [event] { event->cancel(); };
    submit(std::move(work), std::move(done));
    auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(),
                                                     boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await event->async_wait(token);
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
    std::vector<entry> group;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            group.swap(waiting_);
        }
        if (!commit(group)) return;
        boost::asio::post(home_, [finished = std::move(group)] {
            for (const entry& e : finished)
                if (e.done) e.done();
        });
        group = {};
    }
}

bool ledger_thread::commit(std::vector<entry>& group) {
    ++mark_;
    bool troubled = false;
    while (true) {
        const auto done = try_commit(group);
        if (done) {
            if (troubled) boost::asio::post(home_, on_mended_);
            return true;
        }
        const bool damaged = done.error().code == base::errc::corrupt;
        if (!troubled || damaged) boost::asio::post(home_, [tell = on_trouble_, why = done.error()] { tell(why); });
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
        auto opened = check_and_open_();
        if (!opened) return opened.error();
        store_ = std::move(*opened);
    }
}

// False: a stop was asked for, and the disk still refuses.
bool ledger_thread::wait_after_failure() {
    std::unique_lock lock(mutex_);
    if (stopping_) return false;
    changed_.wait_for(lock, retry_every, [this] { return stopping_; });
    return true;
}

}  // namespace consent_sync::service
