// The way of a file through the folders, one rename a step: inbox → processing → done or refused.
//
// The caller writes to the ledger what it is about to do, then calls; after a crash it calls again with the
// same arguments. Every step is idempotent: done twice, or cut at any point and done again, it ends in the
// same place. Nothing here syncs a folder: sync_moves() brings any number of steps to disk at once. A name is
// data. It is never joined into a path that is opened: all calls are relative to open folders, and names that
// this file makes hold no '/' and at most 255 bytes.
//
// Errors: not_found: the file is in neither place. busy: the name in the inbox now holds another file than
// was seen; it is back in the inbox and will be seen again. corrupt: two different files claim one place;
// nothing was overwritten. no_space, io: the system's reason.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "consent/place.hpp"
#include "intake/arrival/inbox_rules.hpp"
#include "intake/format.hpp"

namespace consent_sync::intake {

struct claimed_file {
    std::string name;  // in processing/
    file_identity identity;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
};

// "00000042.csv.gz": the file id and the extension of a known format, lowered; without one for every other
// name.
std::string processing_name(consent::arrival_number arrival, std::string_view original);

// "00000042-consents.csv": at most `most` bytes, cut before the extension and between UTF-8 characters.
std::string finished_name(consent::arrival_number arrival, std::string_view original, std::size_t most = 255);

// Moves a regular file out of the inbox. `seen` is the identity of what the watch looked at; nothing after a
// restart, when the device numbers of network file systems may have changed: then any regular file of that
// name is it.
base::result<claimed_file> claim_file(int inbox, const std::string& name, std::optional<file_identity> seen,
                                      int processing, consent::arrival_number arrival);

// Moves a claimed file to done/. Returns its name there.
base::result<std::string> finish_file(int processing, consent::arrival_number arrival, const std::string& original,
                                      int done);

// One rename that never overwrites. Where `from` is gone and `to` is there, it has been done before.
base::result<void> move_file(int from_folder, const std::string& from, int to_folder, const std::string& to);

// Brings renames in these folders to disk.
base::result<void> sync_moves(std::span<const int> folders);

// Puts a file that cannot be read at all into refused/, with NAME.reason.json beside it for the person who
// dropped it:
//
//   {"name":"x.csv","file_id":"00000042","reason":"…","how_to_fix":"…","refused_at":"2026-11-23T09:00:00.123Z"}
//
// file_id is there only for files that were claimed. The reason is complete before the file appears, so that
// no refused file is ever without one. Idempotent like the steps of intake/arrival/claim.hpp, with the same errors.

struct refusal {
    std::string name;                             // as it was dropped
    std::optional<consent::arrival_number> file;  // nothing: it was never claimed
    std::string reason;                           // a sentence
    std::string how_to_fix;                       // a sentence
    base::wall_time refused_at;
};

// From the inbox (where it has its own name) or, if `refusal.file` is set, from processing. Returns its name
// in refused/: FILE-ID-NAME; without file id NAME, or 2-NAME, 3-NAME … where that is taken.
base::result<std::string> refuse_file(int from, const refusal& refused, int refused_folder);

std::string refused_name(consent::arrival_number arrival, const std::string& original);  // of a claimed file

std::string format_refusal(const refusal& refused);  // the JSON, with a newline at its end

}  // namespace consent_sync::intake
