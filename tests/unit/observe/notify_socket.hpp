// systemd's end of $NOTIFY_SOCKET, for tests.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace consent_sync::observe {

class notify_socket {
  public:
    explicit notify_socket(const std::string& path)
        : path_(path), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot bind " + path);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~notify_socket() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(fd_);
        ::unlink(path_.c_str());
    }
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    // All that came so far, and one more that is waited for at most so long if there is none.
    const std::vector<std::string>& read(int wait_ms = 0) {
        pollfd waiting{fd_, POLLIN, 0};
        while (::poll(&waiting, 1, wait_ms) == 1) {
            std::string text(4'096, '\0');
            const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
            text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
            all_.push_back(text);
            wait_ms = 0;
        }
        return all_;
    }
    bool has(const std::string& part, std::size_t from = 0) {
        const auto& all = read();
        for (std::size_t i = from; i < all.size(); ++i)
            if (all[i].find(part) != std::string::npos) return true;
        return false;
    }
    std::size_t size() { return read().size(); }

  private:
    std::string path_;
    int fd_;
    std::vector<std::string> all_;
};

}  // namespace consent_sync::observe
