// Makes the folders at the start, and finds out whether files can be moved between them.
//
// Who may do what: state and reports are for the service's user and group only (0750), for they hold
// addresses; so are processing, done and refused. An inbox that is made here is for the group to write (3770:
// what is dropped keeps the group, and nobody removes what others dropped). Folders that exist keep their owner and
// mode; one of the daemon's own that others can enter or read is an error that names the command, an inbox that others
// can read is logged (folder.world_readable): that is a choice.
#pragma once

#include "base/file.hpp"
#include "base/result.hpp"
#include "config/folders.hpp"

namespace consent_sync::intake {

// Open folders for the steps of intake/arrival/claim.hpp. The inbox's is the watch's.
struct work_folders {
    base::unique_fd processing;
    base::unique_fd done;
    base::unique_fd refused;
};

// Idempotent. Missing parents are made too (0755).
base::result<void> ensure_folders(const config::folders& folders);

base::result<work_folders> open_work_folders(const config::folders& folders);

// Whether the operator named the inbox's path, which may then be a link (watch_folder.hpp, inbox_place).
bool inbox_may_be_link(const config::folders& folders);

// Before files are moved: the open folders are what their paths name. After another file system was mounted where inbox
// and work_dir are, or a folder was replaced by another one, they are opened again by their paths (and made on that
// file system, if they are missing), under the same descriptors. Error: io, nothing can be claimed: the inbox is on a
// file system of its own now, or one of the others is gone or is a link.
base::result<void> follow_inbox(int inbox, const config::folders& folders, const work_folders& open);

// A real rename from the inbox through processing, done and refused: two mounts of one device share its
// number and do not allow one. Where there is no room for the file that is moved, that is logged (folders.not_tried),
// and all is taken to be well. Error: io, with the way out.
base::result<void> check_same_file_system(const config::folders& folders);

}  // namespace consent_sync::intake
