#include "ledger/duty_table.hpp"

namespace consent_sync::ledger {
namespace {

std::vector<late_write> read_late_writes(statement& query) {
    std::vector<late_write> all;
    while (query.step())
        all.push_back({static_cast<consent::key_hash>(query.integer(0)), consent::place(query.integer(1)),
                       base::from_unix_ms(query.integer(2)), query.integer(3) != 0, query.integer(4) != 0,
                       query.integer(5) != 0});
    query.restart();
    return all;
}

}  // namespace

duty_table::duty_table(database& db)
    : put_late_(db.prepare("INSERT OR REPLACE INTO late_writes(hash, change, quiet_at, opt_out, rejected, "
                           "confirmed) VALUES(?,?,?,?,?,?)")),
      remove_late_(db.prepare("DELETE FROM late_writes WHERE hash=? AND change=?")),
      late_(db.prepare(
          "SELECT hash, change, quiet_at, opt_out, rejected, confirmed FROM late_writes ORDER BY hash, change")),
      late_of_(db.prepare("SELECT hash, change, quiet_at, opt_out, rejected, confirmed FROM late_writes WHERE hash=?")),
      put_pause_(db.prepare("INSERT OR REPLACE INTO pauses(reason, since, until, words) VALUES(?,?,?,?)")),
      remove_pause_(db.prepare("DELETE FROM pauses WHERE reason=?")),
      pauses_(db.prepare("SELECT reason, since, until, words FROM pauses")),
      put_meta_(db.prepare("INSERT OR REPLACE INTO meta(name, value) VALUES(?,?)")),
      meta_(db.prepare("SELECT value FROM meta WHERE name=?")),
      all_meta_(db.prepare("SELECT name, value FROM meta WHERE typeof(value)='integer'")) {}

void duty_table::put(const late_write& duty) {
    put_late_
        .run_with(duty.hash, duty.change.id(), base::to_unix_ms(duty.quiet_at), duty.opt_out ? 1 : 0,
                  duty.rejected ? 1 : 0, duty.confirmed ? 1 : 0)
        .execute();
}

void duty_table::remove(consent::key_hash hash, consent::place change) {
    remove_late_.run_with(hash, change.id()).execute();
}

std::vector<late_write> duty_table::late_writes() { return read_late_writes(late_.run_with()); }

std::vector<late_write> duty_table::late_writes_of(consent::key_hash hash) {
    return read_late_writes(late_of_.run_with(hash));
}

void duty_table::put(const stored_pause& pause) {
    put_pause_.run_with(pause.reason, base::to_unix_ms(pause.since), base::to_unix_ms(pause.until), pause.words)
        .execute();
}

void duty_table::remove_pause(const std::string& reason) { remove_pause_.run_with(reason).execute(); }

std::vector<stored_pause> duty_table::pauses() {
    std::vector<stored_pause> all;
    pauses_.run_with();
    while (pauses_.step())
        all.push_back({pauses_.text(0), base::from_unix_ms(pauses_.integer(1)), base::from_unix_ms(pauses_.integer(2)),
                       pauses_.text(3)});
    pauses_.restart();
    return all;
}

void duty_table::put_meta(const std::string& name, std::int64_t value) { put_meta_.run_with(name, value).execute(); }

std::int64_t duty_table::meta(const std::string& name, std::int64_t otherwise) {
    meta_.run_with(name);
    const std::int64_t value = meta_.step() ? meta_.integer(0) : otherwise;
    meta_.restart();
    return value;
}

void duty_table::put_meta_text(const std::string& name, const std::string& value) {
    put_meta_.run_with(name, value).execute();
}

std::string duty_table::meta_text(const std::string& name) {
    meta_.run_with(name);
    std::string value = meta_.step() ? meta_.text(0) : std::string();
    meta_.restart();
    return value;
}

std::vector<std::pair<std::string, std::int64_t>> duty_table::all_meta() {
    std::vector<std::pair<std::string, std::int64_t>> all;
    all_meta_.run_with();
    while (all_meta_.step()) all.emplace_back(all_meta_.text(0), all_meta_.integer(1));
    all_meta_.restart();
    return all;
}

}  // namespace consent_sync::ledger
