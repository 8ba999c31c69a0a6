#include "async/home_context.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <memory>

namespace consent_sync::async {
namespace {

namespace asio = boost::asio;

// What a server is to its connections: it owns timers and sockets, and they refer to it until they end.
class owner {
  public:
    explicit owner(home_context& io)
        : timer_(io, asio::steady_timer::time_point::max()), acceptor_(io, {asio::ip::tcp::v4(), 0}), free_(io) {}

    asio::awaitable<void> wait_on_a_timer() {
        const mark here(marks_);
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    asio::awaitable<void> wait_for_a_connection() {
        const mark here(marks_);
        co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    }
    std::size_t marks() const { return marks_.size(); }

  private:
    class mark {
      public:
        explicit mark(std::list<const mark*>& all) : all_(all) { all_.push_back(this); }
        ~mark() { all_.remove(this); }
        mark(const mark&) = delete;
        mark& operator=(const mark&) = delete;

      private:
        std::list<const mark*>& all_;
    };

    std::list<const mark*> marks_;
    asio::steady_timer timer_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer free_;
};

TEST(HomeContext, EndsCoroutinesWhileWhatTheyReferToIsThere) {
    home_context io;
    auto one = std::make_unique<owner>(io);
    int ended = 0;
    const auto count = [&ended](const std::exception_ptr&) { ++ended; };
    asio::co_spawn(io, one->wait_on_a_timer(), count);
    asio::co_spawn(io, one->wait_for_a_connection(), count);
    io.poll();
    EXPECT_EQ(one->marks(), 2u);
    io.end_coroutines();
    EXPECT_EQ(one->marks(), 0u);
    EXPECT_EQ(ended, 0) << "they are destroyed, not resumed";
    one.reset();  // its timers and its socket, before the context
}

// A coroutine of a pool has finished its work, and its answer was never taken.
TEST(HomeContext, EndsWhatWasPostedAndNeverRan) {
    home_context io;
    auto held = std::make_shared<int>(1);
    asio::post(io, [held] {});
    EXPECT_EQ(held.use_count(), 2);
    io.end_coroutines();
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace consent_sync::async
