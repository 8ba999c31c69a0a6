#include "async/task_group.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>
#include <vector>

namespace consent_sync::async {

namespace asio = boost::asio;

namespace {

struct task_entry {
    std::string name;
    asio::cancellation_signal signal;
    bool cancelled = false;
};

bool is_abort(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

// Shared with the completion handlers, which may run after the group is gone.
struct task_group::state {
    state(const asio::any_io_executor& ex, failure_handler handler)
        : executor(ex), on_failure(std::move(handler)), changed(ex) {}

    void finish(const std::shared_ptr<task_entry>& entry, const std::exception_ptr& failure) {
        tasks.erase(std::find(tasks.begin(), tasks.end(), entry));
        changed.cancel();
        if (failure && on_failure && !(entry->cancelled && is_abort(failure))) on_failure(entry->name, failure);
    }

    asio::any_io_executor executor;
    failure_handler on_failure;
    asio::steady_timer changed;  // cancelled at every end of a task
    std::vector<std::shared_ptr<task_entry>> tasks;
};

task_group::task_group(const asio::any_io_executor& executor, failure_handler on_failure)
    : state_(std::make_shared<state>(executor, std::move(on_failure))) {}

task_group::~task_group() { state_->on_failure = nullptr; }

void task_group::spawn(std::string name, asio::awaitable<void> task) {
    auto entry = std::make_shared<task_entry>();
    entry->name = std::move(name);
    state_->tasks.push_back(entry);
    auto on_end = [shared = state_, entry](const std::exception_ptr& failure) { shared->finish(entry, failure); };
    asio::co_spawn(state_->executor, std::move(task),
                   asio::bind_cancellation_slot(entry->signal.slot(), std::move(on_end)));
}

void task_group::cancel() {
    // On the executor's thread, and only for tasks that are still there by then: from elsewhere Asio 1.26
    // would queue each signal by a bare pointer, which dangles when the task ends before its turn comes.
    asio::dispatch(state_->executor, [shared = state_] {
        const auto running = shared->tasks;  // a task may end, or spawn another, while it is being cancelled
        for (const auto& entry : running) {
            entry->cancelled = true;
            entry->signal.emit(asio::cancellation_type::terminal);
        }
    });
}

asio::awaitable<bool> task_group::wait_empty(std::chrono::steady_clock::time_point deadline) {
    const auto shared = state_;
    while (!shared->tasks.empty()) {
        if (std::chrono::steady_clock::now() >= deadline) co_return false;
        asio::steady_timer& changed = shared->changed;
        changed.expires_at(deadline);
        co_await changed.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
    co_return true;
}

std::size_t task_group::size() const { return state_->tasks.size(); }

}  // namespace consent_sync::async
