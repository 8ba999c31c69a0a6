// An environment for rooms of the service: a real ledger in a folder of its own, a clock that stands or runs, and a
// transport that answers as it is told. What waits on a timer really waits.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "async/home_context.hpp"
#include "http/transport.hpp"
#include "ledger/newest_commit.hpp"
#include "service/common/environment.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::service {

// Stands until it is told to run.
class test_clock final : public base::clock {
  public:
    base::moment now() const override { return runs ? base::system_clock().now() : now_; }
    void advance(base::milliseconds time) {
        now_.steady += time;
        now_.wall += time;
    }
    bool runs = false;

  private:
    base::moment now_ = base::system_clock().now();
};

class scripted_transport final : public http::transport {
  public:
    boost::asio::awaitable<http::exchange> send(http::request what, std::function<void()> on_written) override {
        http::exchange next;
        next.failure = http::failure_step::connect;
        next.detail = "nothing is scripted";
        if (!answers.empty()) {
            next = std::move(answers.front());
            answers.pop_front();
        } else if (otherwise) {
            next = otherwise(what);
        }
        sent.push_back(std::move(what));
        if (next.written && on_written) on_written();
        co_return next;
    }

    void keep_idle(std::size_t) override {}
    void close_idle() override {}

    static http::exchange answer(unsigned status, std::string body) {
        http::exchange e;
        e.written = true;
        e.response.status = status;
        e.response.body = std::move(body);
        return e;
    }

    std::deque<http::exchange> answers;
    std::function<http::exchange(const http::request&)> otherwise;  // when those are used up
    std::vector<http::request> sent;
};

class test_environment {
  public:
    using opener = ledger_thread::opener;
    static base::result<std::unique_ptr<ledger::store>> open_again(const std::string& path) {
        return ledger::store::open(path);
    }

    explicit test_environment(opener check_and_open = open_again)
        : ledger(io.get_executor(), *ledger::store::open(folder / "ledger.db"),
                 *ledger::newest_commit::open(folder.path()), folder / "ledger.db", check_and_open),
          env{io.get_executor(), blocking, clock, settings, ledger} {}
    ~test_environment() { end_coroutines(); }
    test_environment(const test_environment&) = delete;
    test_environment& operator=(const test_environment&) = delete;

    // Before what they refer to goes.
    void end_coroutines() {
        if (std::exchange(ended_, true)) return;
        blocking.join();
        io.end_coroutines();
        ledger.stop();
    }

    // What the coroutine returned. It fails the test if it needs longer than some seconds.
    template <class T>
    T wait_for(boost::asio::awaitable<T> work) {
        std::optional<T> result;
        std::exception_ptr failed;
        boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr why, T value) {
            failed = why;
            result.emplace(std::move(value));
            io.stop();
        });
        io.restart();
        io.run_for(std::chrono::seconds(20));
        EXPECT_TRUE(result && !failed) << "it did not end";
        return result ? std::move(*result) : T();
    }

    // False: it did not become true within some seconds.
    bool run_until(const std::function<bool()>& is_so) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        io.restart();
        while (!is_so() && std::chrono::steady_clock::now() < end) io.run_one_for(std::chrono::milliseconds(100));
        return is_so();
    }

    async::home_context io;
    boost::asio::thread_pool blocking{1};
    base::temp_folder folder;
    test_clock clock;
    config::settings settings;
    ledger_thread ledger;
    environment env;

  private:
    bool ended_ = false;
};

}  // namespace consent_sync::service
