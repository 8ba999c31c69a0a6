#include "async/accept_next.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "unit/async/run.hpp"

namespace consent_sync::async {
namespace {

using tcp = boost::asio::ip::tcp;

class AcceptNext : public ::testing::Test {
  protected:
    boost::asio::io_context context;
    tcp::acceptor acceptor{context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
};

// No descriptor may be opened while it lives.
class no_descriptors {
  public:
    no_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest_free = ::dup(0);
        ::close(lowest_free);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(lowest_free);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;

  private:
    rlimit before_{};
};

TEST_F(AcceptNext, GivesTheConnectionThatWaits) {
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    const auto accepted = test::run(context, accept_next(acceptor));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->remote_endpoint(), client.local_endpoint());
}

TEST_F(AcceptNext, WaitsUntilThereAreDescriptorsAgain) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP()
        << "UndefinedBehaviorSanitizer asks through a pipe whether memory can be read, and finds no descriptor";
#endif
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    auto none = std::make_optional<no_descriptors>();
    boost::system::error_code refused;
    tcp::socket other(context);
    acceptor.non_blocking(true);
    acceptor.accept(other, refused);
    ASSERT_EQ(refused, boost::asio::error::no_descriptors);
    boost::asio::steady_timer mended(context, std::chrono::milliseconds(5));
    mended.async_wait([&none](boost::system::error_code) { none.reset(); });
    const auto accepted = test::run(context, accept_next(acceptor, std::chrono::milliseconds(1)));
    ASSERT_TRUE(accepted);
    EXPECT_FALSE(none);
    EXPECT_EQ(accepted->remote_endpoint(), client.local_endpoint());
}

TEST_F(AcceptNext, EndsWhenTheAcceptorIsClosed) {
    boost::asio::post(context, [this] { acceptor.close(); });
    EXPECT_FALSE(test::run(context, accept_next(acceptor)));
    EXPECT_FALSE(test::run(context, accept_next(acceptor)));
}

}  // namespace
}  // namespace consent_sync::async
