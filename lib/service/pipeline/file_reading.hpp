// Reads one claimed file piece by piece on a blocking thread, and tells what came of each piece.
//
// A file is believed to be at its end only if it is the one that was claimed, byte for byte as large and as old; one
// that somebody still writes is read again from the last stored row when it has been still for a while. A last row
// whose line has no end may be half of a row: unless the file was renamed into the inbox, nobody is subscribed by it.
// Trouble with the disk never ends a file: the next piece is asked for again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "intake/file_reader.hpp"
#include "ledger/records.hpp"
#include "service/pipeline/importing.hpp"

namespace consent_sync::service {

// What a file's end is believed by.
struct file_stamp {
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const file_stamp&) const = default;
};

struct read_step {
    enum class outcome {
        more,         // ask again
        ended,        // by its end, or where it breaks off for good
        interrupted,  // a bound was met
        changing,     // at its end, but it changes: ask again when it has been still
        trouble,      // the disk: ask again later
        refused,      // nothing of it can be read, for the reason `why`
        gone,         // it is not there any more, and nothing of it was read
    };
    outcome what = outcome::more;
    base::error why;     // of trouble, refused, gone
    import_piece piece;  // to be stored, whatever the outcome
};

class file_reading {
  public:
    // `path`: of the claimed file. `file`: as the ledger has it; reading goes on behind what is stored.
    file_reading(std::string path, ledger::file_record file);

    // SHA-256 of the file as it lies there. Blocking. Error: io, busy (stopped), not_found.
    base::result<std::string> hash(const std::atomic<bool>& stop) const;
    // The next rows, at most `most` (unsubscribe_all aside). `how` counts whenever the file is opened. `storage`: the
    // rows of the last piece, to be used again. Blocking.
    read_step next(const intake::read_settings& how, std::size_t most, const known_subscriptions& known,
                   std::vector<ledger::new_row> storage = {});

    ledger::file_record file;
    std::uint64_t first_row = 1;  // of the piece that is next
    bool gated = false;

    const std::string& path() const { return path_; }
    ledger::file_record stored() const;  // `file`, read as far as the last piece reaches: once that is in the ledger
    std::optional<file_stamp> stamp() const;  // nothing: it cannot be looked at

  private:
    std::optional<read_step> open(const intake::read_settings& how);
    bool may_be_cut() const;
    std::string hash_again() const;
    void doubt_last_row();
    read_step fail(const base::error& why);
    void finish(read_step& step, std::string fault);

    std::string path_;
    intake::read_position position_;
    file_stamp claimed_;   // as it was claimed
    file_stamp believed_;  // at the claim, or when it had been still
    std::optional<file_stamp> seen_;
    std::optional<intake::file_reader> reader_;
    std::vector<intake::row> rows_;
    std::uint64_t open_row_ = 0;  // where the last row begins, if its line has no end
    bool doubted_ = false;        // nobody was subscribed by that row
};

}  // namespace consent_sync::service
