#include "observe/control_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "unit/base/temp_folder.hpp"

namespace consent_sync::observe {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// A daemon that does with its n-th connection what `serve` says, and is gone after `connections` of them.
class scripted_daemon {
  public:
    scripted_daemon(int connections, const std::function<void(int nth, int fd)>& serve) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un place{};
        place.sun_family = AF_UNIX;
        std::memcpy(place.sun_path, path().c_str(), path().size() + 1);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
        EXPECT_EQ(::listen(listener_, 8), 0);
        thread_ = std::thread([this, connections, serve] {
            for (int i = 1; i <= connections; ++i) {
                const int fd = ::accept(listener_, nullptr, nullptr);
                if (fd < 0) return;
                if (i == connections) ::shutdown(listener_, SHUT_RDWR);
                serve(i, fd);
                ::close(fd);
            }
        });
    }
    ~scripted_daemon() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    scripted_daemon(const scripted_daemon&) = delete;
    scripted_daemon& operator=(const scripted_daemon&) = delete;

    std::string path() const { return folder_.path() + "/s"; }
    base::result<control_reply> ask() const {
        return ask_daemon({path()}, {control_command::pause, 0, {}, {}, {}}, 5s);
    }

  private:
    base::temp_folder folder_;
    int listener_ = -1;
    std::thread thread_;
};

void reply_with(int fd, const control_reply& r) {
    char request[control_request_max];
    EXPECT_GT(::recv(fd, request, sizeof request, 0), 0);
    const std::string text = format_reply(r);
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

TEST(ControlClient, AsksAgainWhereItsConnectionIsCutOrTurnedAway) {
    scripted_daemon d(4, [](int nth, int fd) {
        control_reply r;
        r.turned_away = nth == 3;
        r.ok = nth == 4;
        if (nth >= 3) reply_with(fd, r);
    });
    const auto reply = d.ask();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(reply->ok);
}

TEST(ControlClient, ARefusalIsNotAskedForAgain) {
    scripted_daemon d(1, [](int, int fd) { reply_with(fd, {false, false, false, "not allowed", {}}); });
    const auto reply = d.ask();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->words, "not allowed");
}

TEST(ControlClient, ARequestThatWasReadIsNotSentAgain) {
    scripted_daemon d(1, [](int, int fd) {
        char request[control_request_max];
        EXPECT_GT(::recv(fd, request, sizeof request, 0), 0);
    });
    const auto reply = d.ask();
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().message, HasSubstr("ended before it replied"));
}

TEST(ControlClient, SaysWhatHappenedLastWhereTheDaemonEndsMeanwhile) {
    scripted_daemon d(2, [](int, int) {});
    const auto reply = d.ask();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, base::errc::busy) << reply.error().message;
}

TEST(ControlClient, SaysThatNobodyListens) {
    const base::temp_folder folder;
    const auto reply = ask_daemon({folder.path() + "/none"}, {control_command::pause, 0, {}, {}, {}}, 5s);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, base::errc::not_found);
}

}  // namespace
}  // namespace consent_sync::observe
