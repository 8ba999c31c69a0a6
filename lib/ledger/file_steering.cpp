#include "ledger/file_steering.hpp"

namespace consent_sync::ledger {
namespace {

std::string id_of(const file_record& file) { return consent::format_file_id(file.arrival); }

// Why a file that must be done is not done; empty: it is.
std::string not_done(const file_record& file) {
    if (file.state == file_state::done) return {};
    if (file.state == file_state::refused)
        return "file " + id_of(file) +
               " could not be read at all: correct it as the reason file beside it in refused/ says, and "
               "drop it again";
    if (file.state == file_state::read && file.gate == file_gate::held)
        return "file " + id_of(file) + " is held: release or refuse it first";
    return "file " + id_of(file) +
           " is not done yet: try again when its report is written (consent-sync status shows how "
           "far it is)";
}

steering_result refused(std::string words) {
    steering_result r;
    r.refusal = std::move(words);
    return r;
}

steering_result unknown_file(consent::arrival_number arrival) {
    return refused(
        "there is no file " + consent::format_file_id(arrival) +
        " in the ledger: consent-sync status lists open files, files.ndjson in the reports those that are done");
}

}  // namespace

file_steering::file_steering(database& db, file_table& files, change_table& changes, newer_changes& newer)
    : files_(files),
      changes_(changes),
      newer_(newer),
      count_failed_(db.prepare("UPDATE files SET rejected=0, unconfirmed=0, state=4, gate=3, done_at=NULL "
                               "WHERE arrival=?1 AND ?2>0")),
      count_repeated_(
          db.prepare("UPDATE files SET invalid=invalid-?2, state=4, gate=3, done_at=NULL WHERE arrival=?1")),
      count_refused_(db.prepare("UPDATE files SET invalid=invalid+?2, gate=0 WHERE arrival=?1")) {}

steering_result file_steering::retry(consent::arrival_number arrival) {
    const auto file = files_.find(arrival);
    if (!file) return unknown_file(arrival);
    if (std::string why = not_done(*file); !why.empty()) return refused(std::move(why));
    using consent::verdict;
    return reopened(*file, changes_.reopen(arrival, {verdict::rejected, verdict::unconfirmed}), count_failed_,
                    "has no rejected and no unconfirmed row: there is nothing to send again");
}

steering_result file_steering::release(consent::arrival_number arrival) {
    const auto file = files_.find(arrival);
    if (!file) return unknown_file(arrival);
    if (file->gate == file_gate::held && file->state != file_state::read)
        return refused("file " + id_of(*file) + " is still being read: try again when it is read");
    if (file->gate == file_gate::held) {
        steering_result r;
        r.file_rows = file->rows;
        r.rows = file->rows;
        for (const std::uint64_t count : file->counts) r.rows -= count;
        r.superseded = newer_.supersede_returning(arrival) + newer_.supersede_released(arrival);
        files_.set_gate(arrival, file_gate::released);
        return r;
    }
    if (!file->duplicate_of)
        return refused("file " + id_of(*file) +
                       " is not held, and its content was not dropped before: there is nothing "
                       "to release");
    if (std::string why = not_done(*file); !why.empty()) return refused(std::move(why));
    return reopened(*file, changes_.reopen_invalid(arrival, "duplicate_file"), count_repeated_,
                    "has no row that was left out as a repetition");
}

steering_result file_steering::refuse(consent::arrival_number arrival, const std::string& words) {
    const auto file = files_.find(arrival);
    if (!file) return unknown_file(arrival);
    if (file->gate != file_gate::held)
        return refused("file " + id_of(*file) + " is not held: only a held file can be sent back");
    if (file->state != file_state::read)
        return refused("file " + id_of(*file) + " is still being read: try again when it is read");
    steering_result r;
    r.file_rows = file->rows;
    r.rows = changes_.invalidate_waiting(arrival, {"refused_by_operator", words, "", {}});
    count_refused_.run_with(arrival, r.rows).execute();
    return r;
}

steering_result file_steering::reopened(const file_record& file, std::uint64_t rows, statement& counts,
                                        const char* nothing) {
    steering_result r;
    r.file_rows = file.rows;
    r.rows = rows;
    if (r.rows == 0) return refused("file " + id_of(file) + " " + nothing);
    counts.run_with(file.arrival, r.rows).execute();
    r.superseded = newer_.supersede_reopened(file.arrival);
    return r;
}

}  // namespace consent_sync::ledger
