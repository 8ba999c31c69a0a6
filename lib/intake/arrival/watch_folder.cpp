#include "intake/arrival/watch_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>
#include <tuple>

#include "base/file.hpp"
#include "intake/arrival/completeness.hpp"
#include "intake/format.hpp"

namespace consent_sync::intake {
namespace {

file_kind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return file_kind::regular;
    if (S_ISDIR(mode)) return file_kind::folder;
    if (S_ISLNK(mode)) return file_kind::symlink;
    if (S_ISFIFO(mode)) return file_kind::fifo;
    if (S_ISSOCK(mode)) return file_kind::socket;
    return file_kind::device;
}

std::int64_t to_ns(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

file_identity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

observation observe(const struct stat& status) {
    return {.kind = kind_of(status.st_mode),
            .identity = identity_of(status),
            .size = static_cast<std::uint64_t>(status.st_size),
            .mtime_ns = to_ns(status.st_mtim),
            .ctime_ns = to_ns(status.st_ctim),
            .readable = true,
            .links = status.st_nlink};
}

bool comes_before(const listed_name& a, const listed_name& b) {
    return std::tie(a.seen.mtime_ns, a.name) < std::tie(b.seen.mtime_ns, b.name);
}

// Keeps the first `most` of all that are added.
class first_files {
  public:
    explicit first_files(std::size_t most) : most_(most) {}

    void add(listed_name file) {
        if (heap_.size() < most_) {
            heap_.push_back(std::move(file));
            std::push_heap(heap_.begin(), heap_.end(), comes_before);
            return;
        }
        cut_ = true;
        if (heap_.empty() || !comes_before(file, heap_.front())) return;
        std::pop_heap(heap_.begin(), heap_.end(), comes_before);
        heap_.back() = std::move(file);
        std::push_heap(heap_.begin(), heap_.end(), comes_before);
    }
    bool cut() const { return cut_; }
    std::vector<listed_name> take_sorted() {
        std::sort_heap(heap_.begin(), heap_.end(), comes_before);
        return std::move(heap_);
    }

  private:
    std::size_t most_;
    bool cut_ = false;
    std::vector<listed_name> heap_;
};

// Files whose times lie within `settle` of the first of them are as old as each other: they come by their names.
void order_equals(std::vector<listed_name>& files, std::chrono::nanoseconds settle) {
    for (auto first = files.begin(); first != files.end();) {
        const auto is_later = [first, settle](const listed_name& file) {
            return static_cast<std::uint64_t>(file.seen.mtime_ns) - static_cast<std::uint64_t>(first->seen.mtime_ns) >
                   static_cast<std::uint64_t>(settle.count());
        };
        const auto end = std::find_if(first, files.end(), is_later);
        std::sort(first, end, [](const listed_name& a, const listed_name& b) {
            return ::strverscmp(a.name.c_str(), b.name.c_str()) < 0;
        });
        first = end;
    }
}

struct free_memory {
    void operator()(char* text) const { std::free(text); }
};

struct close_folder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

std::string words_of(int errnum) { return std::generic_category().message(errnum); }

// Of a known format and not compressed: its end is told by a few bytes.
bool is_plain_text(const std::string& name) {
    const auto kind = parse_format(name);
    return kind && !kind->gzip;
}

}  // namespace

base::result<std::optional<observation>> find_in(int folder, const std::string& name, look how) {
    const auto gone_or = [&name](int errnum) -> base::result<std::optional<observation>> {
        if (errnum == ENOENT) return std::optional<observation>();
        return base::system_error("look at", name, errnum);
    };
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return gone_or(errno);
    observation seen = observe(status);
    if (seen.kind != file_kind::regular || how == look::at_status) return std::optional(seen);
    const base::unique_fd fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) {
        if (errno == ENOENT) return std::optional<observation>();
        seen.readable = false;
        return std::optional(seen);
    }
    // Writers are looked for first: what is seen afterwards does not change as long as nobody opens the file.
    const bool to_take = how == look::to_take;
    const writers open_for_writing = to_take ? find_writers(fd.get()) : writers::unknown;
    if (::fstat(fd.get(), &status) != 0) return gone_or(errno);
    seen = observe(status);
    seen.open_for_writing = open_for_writing;
    if (to_take && (open_for_writing == writers::unknown || (open_for_writing == writers::none && is_plain_text(name))))
        seen.end = look_at_end(fd.get(), name, seen.size);
    return std::optional(seen);
}

std::optional<observation> look_at(int folder, const std::string& name, look how) {
    const auto found = find_in(folder, name, how);
    return found ? *found : std::nullopt;
}

std::vector<std::optional<observation>> look_at_all(int folder, const std::vector<std::string>& names, look how) {
    std::vector<std::optional<observation>> seen;
    seen.reserve(names.size());
    for (const std::string& name : names) seen.push_back(look_at(folder, name, how));
    return seen;
}

listing list_folder(int folder, std::size_t most, base::milliseconds settle) {
    listing result;
    // A descriptor of its own: the position of a listing belongs to the open folder.
    base::unique_fd own(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) {
        result.failure = words_of(errno);
        return result;
    }
    const std::unique_ptr<DIR, close_folder> open(::fdopendir(own.get()));
    if (!open) {
        result.failure = words_of(errno);
        return result;
    }
    own.release();
    first_files files(most);
    for (;;) {
        errno = 0;
        const dirent* const entry = ::readdir(open.get());
        if (entry == nullptr) {
            if (errno != 0) result.failure = words_of(errno);
            break;
        }
        std::string name = entry->d_name;
        if (is_left_alone(name)) continue;  // "." and ".." too
        const auto seen = look_at(folder, name, look::at_status);
        if (!seen) continue;
        if (seen->kind == file_kind::regular) {
            files.add({std::move(name), *seen});
        } else if (result.others.size() < others_max) {
            result.others.push_back({std::move(name), *seen});
        }
    }
    result.cut = files.cut();
    result.files = files.take_sorted();
    order_equals(result.files, settle);
    return result;
}

base::result<void> may_be_inbox(const std::string& path, bool links) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return base::system_error("look at", path, errno);
    if (!S_ISLNK(found.st_mode)) return {};
    if (!links)
        return base::error{base::errc::io, path +
                                               " is a link in place of a folder, and is not followed: put the "
                                               "folder back, or name another place in inbox.dir"};
    if (found.st_uid != 0 && found.st_uid != ::geteuid())
        return base::error{base::errc::io, path +
                                               " is a link of another user than root and the daemon's, and is not "
                                               "followed: put the folder back"};
    return {};
}

base::result<std::string> inbox_place::resolve() const {
    const std::unique_ptr<char, free_memory> real(::realpath(path_.c_str(), nullptr));
    if (!real) return base::system_error("look at", path_, errno);
    if (!real_.empty() && real.get() != real_)
        return base::error{base::errc::io, path_ + " leads to " + real.get() + ", and led to " + real_ +
                                               " when the daemon started: put the folder back, or restart the daemon "
                                               "if the new place is meant"};
    return std::string(real.get());
}

base::result<base::unique_fd> inbox_place::open() {
    if (real_.empty())
        if (const auto may = may_be_inbox(path_, links_); !may) return may.error();
    const auto real = resolve();
    if (!real) return real.error();
    auto folder = base::open_real_folder(*real);
    if (!folder) return folder;
    if (real_.empty()) real_ = *real;
    if (const auto same = check(folder->get()); !same) return same.error();
    return folder;
}

base::result<void> inbox_place::check(int folder) const {
    if (const auto real = resolve(); !real) return real.error();
    if (identify(real_) == identify(folder)) return {};
    return base::error{base::errc::io, "another folder is there now"};
}

std::optional<file_identity> identify(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return std::nullopt;
    return identity_of(status);
}

std::optional<file_identity> identify(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
    return identity_of(status);
}

}  // namespace consent_sync::intake
