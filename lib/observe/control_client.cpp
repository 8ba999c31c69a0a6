#include "observe/control_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/file.hpp"

namespace consent_sync::observe {
namespace {

constexpr const char* socket_name = "control.sock";
constexpr const char* runtime_root = "/run/consent-sync";
constexpr auto turn_patience = std::chrono::seconds(5);  // for a connection that is not cut or turned away
constexpr auto turn_pause = std::chrono::milliseconds(50);

using clock = std::chrono::steady_clock;

bool wait_for(int fd, short what, clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{fd, what, 0};
    return ::poll(&waiting, 1, static_cast<int>(left.count())) == 1;
}

base::result<base::unique_fd> connect_to(const std::string& path) {
    base::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return base::system_error("make a socket for", path, errno);
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    if (path.size() >= sizeof place.sun_path)
        return base::error{base::errc::not_found, path + " is too long for a socket"};
    std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
    timeval most{};
    most.tv_sec = turn_patience.count();
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);  // connect() waits while many others do
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0) return fd;
    if (errno == EAGAIN)
        return base::error{base::errc::busy,
                           "too many programs connect to the daemon at " + path + ", or it does not accept them"};
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
        return base::error{base::errc::not_found, "no daemon listens on " + path};
    return base::system_error("connect to the daemon at", path, errno);
}

// busy: the connection was cut before the request was read. If the daemon read it and did not reply, the stream ends
// without an error, so no request is carried out twice.
base::error ended_early(const std::string& doing, const std::string& path, int errnum) {
    base::error e = base::system_error(doing, path, errnum);
    if (errnum == ECONNRESET || errnum == EPIPE) e.code = base::errc::busy;
    return e;
}

base::result<control_reply> exchange_once(const std::string& path, const std::string& request,
                                          std::chrono::seconds patience) {
    const auto fd = connect_to(path);
    if (!fd) return fd.error();
    for (std::size_t sent = 0; sent < request.size();) {
        const ssize_t n = ::send(fd->get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ended_early("ask the daemon at", path, errno);
        sent += static_cast<std::size_t>(n);
    }
    const auto until = clock::now() + patience;
    std::string reply;
    while (reply.find('\n') == std::string::npos && reply.size() < control_reply_max) {
        if (!wait_for(fd->get(), POLLIN, until))
            return base::error{base::errc::io, "the daemon at " + path + " did not reply within " +
                                                   std::to_string(patience.count()) + " s; its log says what it does"};
        char piece[16'384];
        const ssize_t n = ::recv(fd->get(), piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ended_early("read the reply of the daemon at", path, errno);
        if (n == 0)
            return base::error{base::errc::busy,
                               "the daemon at " + path + " ended before it replied; its log says why"};
        reply.append(piece, static_cast<std::size_t>(n));
    }
    return parse_reply(reply);
}

// Tries again for some seconds while connections are cut or turned away, as when others open very many.
base::result<control_reply> exchange(const std::string& path, const std::string& request,
                                     std::chrono::seconds patience) {
    const auto until = clock::now() + turn_patience;
    base::result<control_reply> reply = exchange_once(path, request, patience);
    const auto has_no_turn = [](const base::result<control_reply>& r) {
        return r ? r->turned_away : r.error().code == base::errc::busy;
    };
    while (has_no_turn(reply) && clock::now() < until) {
        std::this_thread::sleep_for(turn_pause);
        auto next = exchange_once(path, request, patience);
        // The daemon ended meanwhile: the last reply says more.
        if (!next && next.error().code == base::errc::not_found) break;
        reply = std::move(next);
    }
    return reply;
}

}  // namespace

std::string control_socket_path(const config::settings& s, const std::string& runtime_dir) {
    if (!s.control_socket.empty()) return s.control_socket;
    if (!runtime_dir.empty()) return base::join_path(runtime_dir.substr(0, runtime_dir.find(':')), socket_name);
    return base::join_path(s.state_dir, socket_name);
}

std::vector<std::string> control_socket_places(const config::settings& s, const std::string& config_path) {
    if (!s.control_socket.empty()) return {s.control_socket};
    const std::string instance = std::filesystem::path(config_path).stem().string();
    const std::string root = runtime_root;
    return {root + "-accounts/" + instance + "/" + socket_name, root + "/" + socket_name,
            base::join_path(s.state_dir, socket_name)};
}

base::result<control_reply> ask_daemon(const std::vector<std::string>& places, const control_request& request,
                                       std::chrono::seconds patience) {
    const std::string text = format_request(request);
    base::error last{base::errc::not_found, "the daemon does not run"};
    for (const std::string& path : places) {
        auto reply = exchange(path, text, patience);
        if (reply && !reply->other_daemon) return reply;
        if (reply || reply.error().code == base::errc::not_found) continue;
        last = reply.error();
    }
    return last;
}

}  // namespace consent_sync::observe
