#include "observe/control_server.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <vector>

#include "async/accept_next.hpp"
#include "async/log_task_failed.hpp"
#include "base/file.hpp"
#include "base/log.hpp"

namespace consent_sync::observe {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

constexpr const char* admin_group = "consent-sync-admin";
constexpr int backlog = 128;  // connections that wait to be accepted, which takes no time
constexpr auto listen_again = std::chrono::seconds(2);
constexpr auto request_deadline = std::chrono::seconds(5);
constexpr auto reply_deadline = std::chrono::seconds(30);
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

control_rights own_rights() {
    control_rights r;
    r.service_uid = ::geteuid();
    r.service_gid = ::getegid();
    if (const group* admins = ::getgrnam(admin_group)) {
        r.has_admin_gid = true;
        r.admin_gid = admins->gr_gid;
    }
    return r;
}

base::result<control_peer> peer_of(int fd) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return base::system_error("ask who is at the other end of", "the control socket", errno);
    control_peer who;
    who.uid = credentials.uid;
    who.groups.push_back(credentials.gid);
    std::vector<gid_t> groups(64);
    length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0 && errno == ERANGE) {
        groups.resize(length / sizeof(gid_t));  // the kernel said how many there are
        if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) length = 0;
    }
    groups.resize(length / sizeof(gid_t));
    who.groups.insert(who.groups.end(), groups.begin(), groups.end());
    return who;
}

control_reply refuse(std::string words) {
    control_reply r;
    r.words = std::move(words);
    return r;
}

// Sent without waiting: such a short reply fits into the buffer of a new connection.
void send_once(local::socket& socket, const control_reply& reply) {
    const std::string text = format_reply(reply);
    [[maybe_unused]] const ssize_t sent =
        ::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

// Gives the place back at its end.
class held_place {
  public:
    held_place(control_places& all, control_places::kind kind, unsigned uid) : all_(all), kind_(kind), uid_(uid) {}
    ~held_place() { all_.leave(kind_, uid_); }
    held_place(const held_place&) = delete;
    held_place& operator=(const held_place&) = delete;

  private:
    control_places& all_;
    control_places::kind kind_;
    unsigned uid_;
};

// Limits how long the other end is waited for. The socket is shared because the timer may expire while its owner ends.
void close_after(asio::steady_timer& timer, std::chrono::seconds time, const std::shared_ptr<local::socket>& socket) {
    timer.expires_after(time);
    timer.async_wait([socket](boost::system::error_code ec) {
        boost::system::error_code ignored;
        if (!ec) socket->close(ignored);
    });
}

}  // namespace

control_server::control_server(const asio::any_io_executor& home, std::string state_dir, perform act)
    : home_(home),
      state_dir_(std::move(state_dir)),
      act_(std::move(act)),
      rights_(own_rights()),
      acceptor_(home),
      tasks_(home, async::log_task_failed) {}

control_server::~control_server() { stop(); }

base::result<void> control_server::listen(const std::string& path) {
    auto opened = open(path);
    if (opened)
        tasks_.spawn("control.accept", accept());
    else
        tasks_.spawn("control.listen", listen_later(path));
    return opened;
}

// The disk may have had no room for it, or its folder was missing.
asio::awaitable<void> control_server::listen_later(std::string path) {
    asio::steady_timer pause(home_);
    base::result<void> opened = base::error{};
    while (!opened) {
        pause.expires_after(listen_again);
        const auto [cut] = co_await pause.async_wait(as_result);
        if (cut) co_return;
        opened = open(path);
    }
    base::log_event(base::level::info, "control.listening", {{"path", path}});
    co_await accept();
}

base::result<void> control_server::open(const std::string& path) {
    if (path.size() > 107)
        return base::error{base::errc::invalid_input,
                           "the path of the control socket, " + path +
                               ", is longer than 107 bytes: name a shorter one in control.socket"};
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0) {
        if (!S_ISSOCK(found.st_mode))
            return base::error{base::errc::busy,
                               path + " is in the place of the control socket, and is not a socket: move it away"};
        ::unlink(path.c_str());
    }
    boost::system::error_code ec;
    acceptor_.open(local(), ec);
    if (!ec) acceptor_.bind(local::endpoint(path), ec);
    if (!ec) acceptor_.listen(backlog, ec);
    if (ec) {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        return base::error{base::errc::io,
                           "cannot make the control socket " + path + ": " + ec.message() +
                               "; the daemon works, but cannot be controlled. See that its folder is there "
                               "and writable, or name another path in control.socket, and restart"};
    }
    // The kernel's word about the peer decides who may ask. In the state folder nothing is open to others.
    ::chmod(path.c_str(), path.starts_with(state_dir_ + "/") ? 0660 : 0666);
    path_ = path;
    return {};
}

void control_server::stop() {
    if (!path_.empty()) ::unlink(path_.c_str());
    path_.clear();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    tasks_.cancel();
}

asio::awaitable<void> control_server::accept() {
    while (true) {
        auto socket = co_await async::accept_next(acceptor_);
        if (!socket) co_return;
        base::result<control_peer> who = peer_of(socket->native_handle());
        if (!who) continue;
        const control_places::kind kind = control_places::kind_of(*who, rights_);
        if (!places_.enter(kind, who->uid)) {
            base::log_event(base::level::warn, "control.full",
                            {{"uid", who->uid},
                             {"words",
                              "this user has as many connections to the control socket as one may have, or others of "
                              "the same rights have them all: a connection is turned away"}});
            control_reply full = refuse(
                "too many connections of this user, or of others with the same rights, are open: end the "
                "programs that hold them, or try again in a few seconds");
            full.turned_away = true;
            send_once(*socket, full);
            continue;
        }
        tasks_.spawn("control.serve", serve(std::move(*socket), std::move(*who), kind));
    }
}

asio::awaitable<void> control_server::serve(local::socket accepted, control_peer who, control_places::kind kind) {
    const held_place held(places_, kind, who.uid);
    auto socket = std::make_shared<local::socket>(std::move(accepted));
    asio::steady_timer deadline(home_);
    close_after(deadline, request_deadline, socket);
    std::string line;
    auto into = asio::dynamic_buffer(line, control_request_max);
    const auto [failed, length] = co_await asio::async_read_until(*socket, into, '\n', as_result);
    if (failed) co_return;
    deadline.cancel();
    line.resize(length);
    const control_reply reply = co_await reply_to(line, who);
    close_after(deadline, reply_deadline, socket);
    const std::string text = format_reply(reply);
    co_await asio::async_write(*socket, asio::buffer(text), as_result);
    deadline.cancel();
}

void control_server::log_refused(control_command command, unsigned uid) {
    base::log_event(
        base::level::warn, "control.refused",
        {{"command", name(command)},
         {"uid", uid},
         {"words",
          "this user is not allowed to do that; if they should be, add them to the group consent-sync-admin"}});
}

asio::awaitable<control_reply> control_server::reply_to(std::string line, control_peer who) {
    const base::result<control_request> request = parse_request(line);
    if (!request) co_return refuse(request.error().message);
    const bool look = only_looks(request->command);
    if (!(look ? may_look(who, rights_) : may_steer(who, rights_))) {
        log_refused(request->command, who.uid);
        co_return refuse(
            look ? "not allowed: root, the daemon's user, its group and the group consent-sync-admin may look. "
                   "Ask as one of them, or be added to a group (groups are looked up when the daemon starts)"
                 : "not allowed: root, the daemon's user and the group consent-sync-admin may steer it. Ask as "
                   "one of them, or be added to that group (it is looked up when the daemon starts)");
    }
    if (!request->state_dir.empty() && request->state_dir != state_dir_) {
        control_reply other = refuse("this daemon keeps its state in " + state_dir_);
        other.other_daemon = true;
        co_return other;
    }
    control_request asked = *request;
    co_return co_await act_(std::move(asked), who.uid);
}

}  // namespace consent_sync::observe
