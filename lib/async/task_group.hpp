// The coroutines of one owner: started with a name, cancelled together, waited for with a deadline.
//
// An exception that leaves a task is a bug (or an exhausted machine) and goes to the failure handler with the
// task's name; only operation_aborted after cancel() is an ordinary end. Tasks that are still running when
// the group is destroyed go on unobserved, until the io_context ends; so cancel() and wait_empty() come
// first. Cancellation: cancel() sends the terminal signal to every task that runs now; a later spawn() is not
// affected. wait_empty() itself may be cancelled and then throws system_error(operation_aborted). One thread
// only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace consent_sync::async {

class task_group {
  public:
    using failure_handler = std::function<void(std::string_view name, std::exception_ptr failure)>;

    task_group(const boost::asio::any_io_executor& executor, failure_handler on_failure);
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    void spawn(std::string name, boost::asio::awaitable<void> task);
    void cancel();
    // True: no task runs any more. False: the deadline passed.
    boost::asio::awaitable<bool> wait_empty(std::chrono::steady_clock::time_point deadline);

    std::size_t size() const;

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace consent_sync::async
