#include "service/pipeline/file_reading.hpp"

#include <sys/stat.h>

#include <utility>

#include "base/file.hpp"
#include "intake/arrival/inbox_rules.hpp"
#include "intake/sources.hpp"
#include "intake/record.hpp"

namespace consent_sync::service {
namespace {

using outcome = read_step::outcome;

std::string join(const std::vector<std::string>& names, const char* between = ", ") {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : between) + name;
    return all;
}

constexpr const char* went_away = "the file went away from processing/ before it was read to its end";

}  // namespace

file_reading::file_reading(std::string path, ledger::file_record claimed)
    : file(std::move(claimed)),
      first_row(file.rows + 1),
      path_(std::move(path)),
      position_{file.rows, file.read_offset},
      claimed_{file.size, file.modified_ns},
      believed_{file.size, file.modified_ns} {}

base::result<std::string> file_reading::hash(const std::atomic<bool>& stop) const {
    auto open = intake::open_for_reading(path_);
    if (!open) return open.error();
    return intake::hash_file(open->get(), &stop);
}

std::optional<file_stamp> file_reading::stamp() const {
    struct stat found {};
    if (::lstat(path_.c_str(), &found) != 0) return std::nullopt;
    return file_stamp{static_cast<std::uint64_t>(found.st_size),
                      std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

ledger::file_record file_reading::stored() const {
    ledger::file_record known = file;
    known.rows = position_.rows;
    known.read_offset = position_.offset;
    return known;
}

// What a failure to open or to go on means.
read_step file_reading::fail(const base::error& why) {
    read_step step;
    step.why = why;
    reader_.reset();
    if (why.code == base::errc::busy) {
        step.what = outcome::interrupted;
    } else if (why.code == base::errc::io || why.code == base::errc::no_space) {
        step.what = outcome::trouble;
        step.why.message =
            base::shown_path(path_) + ": " + why.message + "; it is tried again until it can be read or is moved away";
    } else if (position_.rows > 0) {  // its rows are in the ledger and get their verdicts
        step.piece.arrival = file.arrival;
        step.piece.position = position_;
        finish(step, why.code == base::errc::not_found ? went_away : why.message);
    } else {
        step.what = why.code == base::errc::not_found ? outcome::gone : outcome::refused;
        if (step.what == outcome::gone) step.why.message = went_away;
    }
    return step;
}

void file_reading::finish(read_step& step, std::string fault) {
    step.what = outcome::ended;
    step.piece.ended = true;
    step.piece.fault = std::move(fault);
    if (reader_) {
        step.piece.ignored_columns = join(reader_->unknown_columns());
        step.piece.suspicious_columns = join(reader_->suspicious_columns());
        step.piece.notes = join(reader_->notes(), "; ");
    }
    reader_.reset();  // many small files are open at once
    rows_ = {};
    step.piece.size = believed_.size;
    step.piece.modified_ns = believed_.modified_ns;
    if (doubted_)
        step.piece.position.offset = open_row_;  // should the file grow, the row is read again
    else
        step.piece.open_row = open_row_;
    if (believed_ != claimed_) step.piece.sha256 = hash_again();
}

std::optional<read_step> file_reading::open(const intake::read_settings& how) {
    auto opened = intake::file_reader::open(path_, file.name, how, position_);
    if (!opened) return fail(opened.error());
    reader_.emplace(std::move(*opened));
    return std::nullopt;
}

// Whether the end of a file that does not end with a line end may be the middle of a line. A writer that closed it may
// open it again for the rest, or may have been cut off: only a rename into place tells that the file was complete.
bool file_reading::may_be_cut() const {
    const auto how = static_cast<intake::completeness>(file.completeness);
    return how != intake::completeness::renamed || believed_ != claimed_;
}

// Of a file that changed since it was hashed for the first time: of the bytes that were read. Empty: they are gone.
std::string file_reading::hash_again() const {
    const auto open = intake::open_for_reading(path_);
    if (!open) return {};
    const auto hash = intake::hash_file(open->get(), nullptr, believed_.size);
    return hash ? *hash : std::string();
}

void file_reading::doubt_last_row() {
    intake::row& last = rows_.back();
    if (last.fault || last.change.is_opt_out()) return;
    doubted_ = true;
    last.fault =
        intake::malformed(0, last.offset, last.length,
                          "the file ends inside this line, so it may be half of one, and nobody is subscribed by "
                          "it: end the last line with a line end, and drop the row again");
}

read_step file_reading::next(const intake::read_settings& how, std::size_t most, const known_subscriptions& known,
                             std::vector<ledger::new_row> storage) {
    if (!reader_)
        if (auto failed = open(how)) return std::move(*failed);
    const intake::read_result got = reader_->next(rows_, most);
    using state = intake::read_result::state;
    read_step step;
    const bool unterminated = !rows_.empty() && rows_.back().unterminated;
    if (unterminated || got.at == state::end_of_file ||
        (got.at == state::broke_off && got.reason.code != base::errc::io)) {
        // Its last row may be half of one while it is written: nothing of this piece is kept unless the file is still.
        const auto now = stamp();
        if (now && *now != believed_ && std::exchange(seen_, now) != now) {
            reader_.reset();
            step.piece.arrival = file.arrival;
            step.piece.position = position_;
            step.what = outcome::changing;
            return step;
        }
        if (now) believed_ = *now;
    }
    if (unterminated) {
        open_row_ = rows_.back().offset;
        if (rows_.back().may_be_half && may_be_cut()) doubt_last_row();
    }
    step.piece =
        make_piece(file.arrival, rows_, file.duplicate_of.has_value(), reader_->position(), known, std::move(storage));
    position_ = step.piece.position;
    if (got.at == state::more) return step;
    if (got.at == state::end_of_file) {
        finish(step, "");
        return step;
    }
    if (got.at == state::broke_off && got.reason.code != base::errc::io) {
        finish(step, got.reason.message);
        return step;
    }
    const base::error why = got.at == state::interrupted ? base::error{base::errc::busy, "interrupted"} : got.reason;
    import_piece piece = std::move(step.piece);
    step = fail(why);
    step.piece = std::move(piece);
    return step;
}

}  // namespace consent_sync::service
