// Looks into the inbox: one name, or all of them. Blocking calls, made on the thread for files.
//
// Nothing but a regular file is ever opened: a name is looked at without following links first, and then
// opened with O_NOFOLLOW and O_NONBLOCK and looked at again, so that an exchange in between cannot block or
// mislead the daemon.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "intake/arrival/inbox_rules.hpp"

namespace consent_sync::intake {

// to_take: also who writes it and how it ends, which may mean reading all of a gzip file.
enum class look { at_status, at_status_and_readability, to_take };

// Nothing: there is no such name any more (or the folder cannot be searched, which the next listing reports).
std::optional<observation> look_at(int folder, const std::string& name, look how);

// The same, but nothing means that there is no such name. Error: io: it cannot be looked at.
base::result<std::optional<observation>> find_in(int folder, const std::string& name, look how);

// Of the same order as `names`.
std::vector<std::optional<observation>> look_at_all(int folder, const std::vector<std::string>& names, look how);

struct listed_name {
    std::string name;
    observation seen;
};

struct listing {
    std::vector<listed_name> files;   // regular files that are not left alone, in order; the first `most`
    std::vector<listed_name> others;  // what is not a regular file, the first others_max in the folder's order
    bool cut = false;                 // there were more than `most` files
    std::string failure;              // not empty: the folder could not be listed (to its end)
};

inline constexpr std::size_t others_max = 10'000;

// The files by modification time where those differ by more than `settle`, else by their names, whose numbers count as
// numbers: changes-2 before changes-10. Memory is bounded by `most`, whatever the folder holds.
listing list_folder(int folder, std::size_t most, base::milliseconds settle);

// The identity of a folder by descriptor, and of what its path names now, links not followed. Nothing: it cannot be
// looked at.
std::optional<file_identity> identify(int fd);
std::optional<file_identity> identify(const std::string& path);

// Where an inbox is. Its path may lead through links when the daemon first opens it: what it leads to then is the
// inbox, and it must lead there from then on. So a user who may rename folders on its way cannot have other files
// taken.
class inbox_place {
  public:
    // `links`: whether the last part of the path may be a link at all. It may where the operator named the path, and
    // the link is root's or the daemon's user's.
    inbox_place(std::string path, bool links) : path_(std::move(path)), links_(links) {}

    // Blocking. Errors: not_found, io: the message is for the operator.
    base::result<base::unique_fd> open();
    // Whether the path still leads to that open folder. Blocking.
    base::result<void> check(int folder) const;
    const std::string& real() const { return real_; }  // without links; empty: never opened

  private:
    base::result<std::string> resolve() const;

    std::string path_;
    bool links_;
    std::string real_;
};

// Whether an inbox at `path` may be used as it lies there now, by the rule above.
base::result<void> may_be_inbox(const std::string& path, bool links);

}  // namespace consent_sync::intake
