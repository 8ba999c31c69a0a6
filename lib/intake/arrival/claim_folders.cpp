#include "intake/arrival/claim_folders.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/log.hpp"
#include "intake/arrival/watch_folder.hpp"

namespace consent_sync::intake {
namespace {

constexpr mode_t others = S_IRWXO;
constexpr mode_t others_but_search = S_IROTH | S_IWOTH;  // who may drop files passes through the state folder
constexpr mode_t parent_mode = 0755;                     // of folders above the daemon's own
constexpr const char* probe_name = ".consent-sync-move-probe.tmp";  // left alone by every watch

struct folder_rule {
    std::string path;
    mode_t mode;
    mode_t refused;  // bits that it may not have
    bool may_be_link = false;
};

bool is_link(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 && S_ISLNK(found.st_mode);
}

// Nothing lies in an inbox that is not used, and nothing is put there.
bool uses_inbox(const config::folders& folders) {
    return may_be_inbox(folders.inbox, inbox_may_be_link(folders)).has_value() || !is_link(folders.inbox);
}

// What systemd's ProtectSystem= refuses does not depend on modes.
base::error cannot(const char* what, const std::string& path, int errnum) {
    base::error e = base::system_error(what, path, errnum);
    const char* const own = std::getenv("STATE_DIRECTORY");
    if (errnum == EROFS && own != nullptr) {
        e.message += fmt::format(
            "; the unit may write below {} alone: set state_dir to it, or give the unit ReadWritePaths=", own);
    }
    return e;
}

// RestrictSUIDSGID= of the unit. Without the bit dropped files would not get the inbox's group: it is not made at all.
base::error cannot_set_mode(const std::string& path, mode_t mode, int errnum) {
    base::error e = base::system_error("set the mode of", path, errnum);
    if (errnum == EPERM && (mode & S_ISGID) != 0 && ::rmdir(path.c_str()) == 0) {
        e.message +=
            fmt::format("; make it before the start: install -d -m 3770 -o consent-sync -g consent-drop {}", path);
    }
    return e;
}

// chmod after mkdir: the umask takes bits away, and mkdir does not set the group bit everywhere.
base::result<void> make_folder(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode & 0700U) != 0) {
        if (errno == EEXIST) return {};
        return cannot("make the folder", path, errno);
    }
    if (::chmod(path.c_str(), mode) != 0) return cannot_set_mode(path, mode, errno);
    // A parent that may be searched but not read cannot be opened for a sync. It is made again if it should
    // be lost.
    const auto synced = base::sync_folder(std::filesystem::path(path).parent_path().string());
    if (!synced && synced.error().code == base::errc::no_space) return synced.error();
    return {};
}

base::result<void> make_with_parents(const folder_rule& rule) {
    std::string path = "/";
    for (const auto& part : std::filesystem::path(rule.path).parent_path().relative_path()) {
        path = base::join_path(path, part.string());
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0) continue;
        if (const auto made = make_folder(path, parent_mode); !made) return made.error();
    }
    return make_folder(rule.path, rule.mode);
}

base::result<void> check_folder(const folder_rule& rule) {
    if (!rule.may_be_link)
        if (const auto real = base::open_real_folder(rule.path); !real && is_link(rule.path)) return real.error();
    struct stat status {};
    if (::stat(rule.path.c_str(), &status) != 0) return base::system_error("look at", rule.path, errno);
    if (!S_ISDIR(status.st_mode)) {
        return base::error{base::errc::invalid_input, rule.path + " is not a folder: move it away"};
    }
    if (::faccessat(AT_FDCWD, rule.path.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        const int why = errno;
        base::error e = cannot("use", rule.path, why);
        if (why != EROFS) e.message += "; the service's user needs to read, write and enter it";
        e.code = base::errc::io;
        return e;
    }
    if ((status.st_mode & rule.refused) != 0) {
        return base::error{base::errc::invalid_input,
                           fmt::format("{0} holds addresses, and others than its user and group have access "
                                       "(mode {1:o}): run chmod o-rwx {0}",
                                       rule.path, status.st_mode & 07777U)};
    }
    if (rule.refused == 0 && (status.st_mode & S_IROTH) != 0) {
        base::log_event(
            base::level::warn, "folder.world_readable",
            {{"path", rule.path},
             {"words", "others than its user and group can read what is dropped there: run chmod o-rwx on it"}});
    }
    return {};
}

base::error cannot_move(const std::string& from, const std::string& to, int errnum) {
    const std::string what = fmt::format("files cannot be moved from {} to {}: ", from, to);
    if (errnum != EXDEV) return base::system_error("move a file to " + to + " from", from, errnum);
    return {base::errc::io, what +
                                "they are on different file systems or mounts. Set inbox.work_dir to a "
                                "folder on the inbox's file "
                                "system, through the same mount; the ledger stays in state_dir"};
}

}  // namespace

bool inbox_may_be_link(const config::folders& folders) {
    return folders.inbox != base::join_path(folders.state, "inbox");
}

base::result<void> ensure_folders(const config::folders& folders) {
    const std::array<folder_rule, 6> rules = {{{folders.state, 0750, others_but_search, true},
                                               {folders.inbox, 03770, 0, true},
                                               {folders.processing, 0750, others},
                                               {folders.done, 0750, others},
                                               {folders.refused, 0750, others},
                                               {folders.reports, 0750, others}}};
    for (const folder_rule& rule : rules) {
        if (rule.path == folders.inbox && !uses_inbox(folders)) continue;  // the watch says so, and waits
        if (const auto made = make_with_parents(rule); !made) return made.error();
        if (const auto checked = check_folder(rule); !checked) return checked.error();
    }
    return {};
}

base::result<work_folders> open_work_folders(const config::folders& folders) {
    work_folders open;
    for (const auto& [path, into] :
         {std::pair(&folders.processing, &open.processing), std::pair(&folders.done, &open.done),
          std::pair(&folders.refused, &open.refused)}) {
        auto fd = base::open_real_folder(*path);
        if (!fd) return fd.error();
        *into = std::move(*fd);
    }
    return open;
}

base::result<void> follow_inbox(int inbox, const config::folders& folders, const work_folders& open) {
    const auto here = identify(inbox);
    const auto held = identify(open.processing.get());
    if (!here || !held) return {};
    const bool other_system = here->device != held->device;
    bool reopened = false;
    for (const auto& [path, fd] :
         {std::pair(&folders.processing, open.processing.get()), std::pair(&folders.done, open.done.get()),
          std::pair(&folders.refused, open.refused.get())}) {
        const folder_rule rule{*path, 0750, others};
        if (other_system)
            if (const auto made = make_with_parents(rule); !made) return made.error();
        const auto found = base::open_real_folder(*path);
        if (!found) return found.error();
        if (identify(found->get()) == identify(fd)) continue;
        if (const auto checked = check_folder(rule); !checked) return checked.error();
        if (identify(found->get())->device != here->device) return cannot_move(folders.inbox, *path, EXDEV);
        if (::dup3(found->get(), fd, O_CLOEXEC) < 0) return base::system_error("open anew", *path, errno);
        reopened = true;
    }
    if (reopened) base::log_event(base::level::info, "folders.reopened", {{"path", folders.processing}});
    return {};
}

base::result<void> check_same_file_system(const config::folders& folders) {
    std::vector<const std::string*> way = {&folders.inbox, &folders.processing, &folders.done, &folders.refused};
    if (!uses_inbox(folders)) way.erase(way.begin());
    for (const std::string* folder : way) ::unlink(base::join_path(*folder, probe_name).c_str());  // of a crash
    std::string at = base::join_path(*way[0], probe_name);
    const base::unique_fd probe(::open(at.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!probe) {
        const base::error why = base::system_error("create", at, errno);
        if (why.code != base::errc::no_space) return why;
        // To move files needs no room, and what was tried at an earlier start has hardly changed.
        base::log_event(base::level::warn, "folders.not_tried",
                        {{"path", folders.inbox},
                         {"words", why.message + ": it is not known whether files can be moved from the inbox to the "
                                                 "other folders; the daemon goes on as if they can"}});
        return {};
    }
    base::result<void> checked;
    for (std::size_t i = 1; i < way.size() && checked; ++i) {
        const std::string to = base::join_path(*way[i], probe_name);
        if (::rename(at.c_str(), to.c_str()) != 0) {
            checked = cannot_move(*way[i - 1], *way[i], errno);
        } else {
            at = to;
        }
    }
    ::unlink(at.c_str());
    return checked;
}

}  // namespace consent_sync::intake
