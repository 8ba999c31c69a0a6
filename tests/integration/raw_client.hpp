// A connection that sends exactly the given bytes, for requests that curl and the commands do not make.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {

// The port of the monitor; empty: it does not listen yet. Requires "monitor": { "listen": "127.0.0.1:0" } in the
// configuration.
inline std::string monitor_port(const daemon_under_test& d) {
    const std::string text = d.log();
    const std::string begin = "event=monitor.listening port=";
    const std::size_t at = text.rfind(begin);
    return at == std::string::npos ? "" : std::to_string(std::stoi(text.substr(at + begin.size())));
}

class raw_client {
  public:
    // Connects to a port of this machine or to a Unix socket (a path), and sends `text` at once.
    raw_client(const std::string& to, std::string_view text) {
        if (to.find('/') == std::string::npos)
            connect_to_port(static_cast<std::uint16_t>(std::stoul(to)));
        else
            connect_to_path(to);
        say(text);
    }
    raw_client(raw_client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~raw_client() {
        if (fd_ >= 0) ::close(fd_);
    }

    bool say(std::string_view text) const {
        return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
    }
    // Sends the text repeatedly without reading, until the socket accepts no more: then the other end waits for us.
    void say_until_stuck(std::string_view text) const {
        const timeval patience{0, 300'000};
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        while (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) > 0) {
        }
    }
    std::string first_line() const {
        std::string text;
        char c = 0;
        while (::recv(fd_, &c, 1, 0) == 1 && c != '\r' && c != '\n') text += c;
        return text;
    }
    // Everything received until the other end closes, or is silent for a while.
    std::string all() const {
        std::string text;
        char piece[4096];
        for (ssize_t n = 0; (n = ::recv(fd_, piece, sizeof piece, 0)) > 0;)
            text.append(piece, static_cast<std::size_t>(n));
        return text;
    }
    // Whether the other end has closed without sending anything.
    bool was_closed() const {
        char c = 0;
        return ::recv(fd_, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }

  private:
    void connect_to_port(std::uint16_t port) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        be_patient();
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        static_cast<void>(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to));
    }
    void connect_to_path(const std::string& path) {
        fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        be_patient();
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
        static_cast<void>(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to));
    }
    void be_patient() const {
        const timeval patience{20, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    int fd_ = -1;
};

}  // namespace consent_sync::integration
