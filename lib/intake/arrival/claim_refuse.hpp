// Puts a file that cannot be read at all into refused/, with NAME.reason.json beside it for the person who
// dropped it:
//
//   {"name":"x.csv","file_id":"00000042","reason":"…","how_to_fix":"…","refused_at":"2026-11-23T09:00:00.123Z"}
//
// file_id is there only for files that were claimed. The reason is complete before the file appears, so that
// no refused file is ever without one. Idempotent like the steps of intake/arrival/claim.hpp, with the same errors.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "consent/place.hpp"

namespace consent_sync::intake {

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
