#include "ledger/file_table.hpp"

namespace consent_sync::ledger {
namespace {

constexpr const char* file_columns =
    "arrival, name, stored_name, state, gate, size, modified_ns, inode, sha256, duplicate_of, claimed_at, read_at, "
    "done_at, rows, read_offset, fault, ignored_columns, confirmed, rejected, invalid, superseded, unconfirmed, "
    "completeness, together, continues, open_row";
constexpr int column_after_verdicts = 17 + consent::verdict_count;

constexpr const char* select_settled =
    "SELECT arrival FROM files INDEXED BY files_settled WHERE state<5 AND state=4 AND "
    "rows=confirmed+rejected+invalid+superseded+unconfirmed";

std::optional<base::wall_time> optional_time(const statement& row, int column) {
    const auto ms = row.optional_integer(column);
    if (!ms) return std::nullopt;
    return base::from_unix_ms(*ms);
}

file_record read_file(const statement& row) {
    file_record file;
    file.arrival = static_cast<consent::arrival_number>(row.integer(0));
    file.name = row.text(1);
    file.stored_name = row.text(2);
    file.state = static_cast<file_state>(row.integer(3));
    file.gate = static_cast<file_gate>(row.integer(4));
    file.size = static_cast<std::uint64_t>(row.integer(5));
    file.modified_ns = row.integer(6);
    file.inode = static_cast<std::uint64_t>(row.integer(7));
    file.sha256 = row.text(8);
    if (const auto earlier = row.optional_integer(9))
        file.duplicate_of = static_cast<consent::arrival_number>(*earlier);
    file.claimed_at = base::from_unix_ms(row.integer(10));
    file.read_at = optional_time(row, 11);
    file.done_at = optional_time(row, 12);
    file.rows = static_cast<std::uint64_t>(row.integer(13));
    file.read_offset = static_cast<std::uint64_t>(row.integer(14));
    file.fault = row.text(15);
    file.ignored_columns = row.text(16);
    for (int v = 1; v <= consent::verdict_count; ++v)
        file.counts[static_cast<std::size_t>(v)] = static_cast<std::uint64_t>(row.integer(16 + v));
    file.completeness = static_cast<unsigned>(row.integer(column_after_verdicts));
    file.together = static_cast<consent::arrival_number>(row.integer(column_after_verdicts + 1));
    file.continues = static_cast<consent::arrival_number>(row.integer(column_after_verdicts + 2));
    file.open_row = static_cast<std::uint64_t>(row.integer(column_after_verdicts + 3));
    return file;
}

std::vector<consent::arrival_number> read_arrivals(statement& query) {
    std::vector<consent::arrival_number> arrivals;
    while (query.step()) arrivals.push_back(static_cast<consent::arrival_number>(query.integer(0)));
    query.restart();
    return arrivals;
}

constexpr int number(file_gate g) { return static_cast<int>(g); }

std::optional<std::string> or_null(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

}  // namespace

file_table::file_table(database& db)
    : add_(db.prepare("INSERT INTO files(arrival, name, stored_name, state, claimed_at, completeness, "
                      "continues, read_offset) VALUES(?,?,?,1,?,?,?,?)")),
      arrived_with_(db.prepare("UPDATE files SET together=? WHERE arrival=?")),
      claimed_(db.prepare("UPDATE files SET state=2, size=?, modified_ns=?, inode=? WHERE arrival=? AND state=1")),
      forget_(db.prepare("DELETE FROM files WHERE arrival=? AND state=1")),
      begin_reading_(db.prepare("UPDATE files SET state=3, sha256=?, duplicate_of=? WHERE arrival=? AND state=2")),
      same_content_(db.prepare("SELECT min(arrival) FROM files WHERE sha256=? AND arrival<? AND claimed_at>=? "
                               "AND NOT (state=6 AND rows=0)")),
      progress_(db.prepare("UPDATE files SET rows=?, read_offset=?, invalid=invalid+? WHERE arrival=?")),
      set_gate_(db.prepare("UPDATE files SET gate=? WHERE arrival=?")),
      end_reading_(db.prepare("UPDATE files SET state=4, read_at=?, fault=?, ignored_columns=?, size=?, modified_ns=?, "
                              "sha256=coalesce(?, sha256), open_row=? WHERE arrival=? AND state=3")),
      add_verdicts_(db.prepare("UPDATE files SET confirmed=confirmed+?, rejected=rejected+?, superseded=superseded+?, "
                               "unconfirmed=unconfirmed+?, invalid=invalid+? WHERE arrival=?")),
      refused_(db.prepare("UPDATE files SET state=6, done_at=?, fault=? WHERE arrival=?")),
      done_(db.prepare("UPDATE files SET state=5, done_at=? WHERE arrival=? AND state=4")),
      find_(db.prepare(std::string("SELECT ") + file_columns + " FROM files WHERE arrival=?")),
      open_(db.prepare(std::string("SELECT ") + file_columns + " FROM files WHERE state<5 ORDER BY arrival")),
      settled_(db.prepare(std::string(select_settled) + " ORDER BY arrival LIMIT ?")),
      is_settled_(db.prepare(std::string(select_settled) + " AND arrival=?")),
      oldest_unread_(db.prepare(
          "SELECT arrival, rows, gate FROM files INDEXED BY files_unread WHERE state<5 AND (state<4 OR gate=1) "
          "ORDER BY arrival LIMIT 1")),
      gated_(db.prepare("SELECT arrival FROM files WHERE state<5 AND gate=? ORDER BY arrival")),
      passed_(db.prepare(
          "SELECT arrival FROM files INDEXED BY files_passed WHERE state<5 AND gate IN (2,3) ORDER BY arrival")),
      together_(db.prepare("SELECT arrival FROM files WHERE together=?1 UNION SELECT arrival FROM files WHERE "
                           "arrival=?1 ORDER BY arrival")),
      watched_(
          db.prepare(std::string("SELECT ") + file_columns +
                     " FROM files f WHERE arrival>(SELECT max(arrival) FROM files)-?2 AND (state=4 OR (state>=5 AND "
                     "done_at>=?1)) AND NOT EXISTS (SELECT 1 FROM files c WHERE c.continues>0 AND "
                     "c.continues=f.arrival) ORDER BY arrival DESC")),
      newest_(db.prepare("SELECT max(coalesce((SELECT max(arrival) FROM files), 0), "
                         "coalesce((SELECT value FROM meta WHERE name='arrival_floor'), 0))")),
      number_after_(db.prepare("INSERT INTO meta(name, value) VALUES('arrival_floor', ?1) "
                               "ON CONFLICT(name) DO UPDATE SET value=max(value, ?1)")) {}

consent::arrival_number file_table::newest() {
    newest_.run_with();
    newest_.step();
    const auto arrival = static_cast<consent::arrival_number>(newest_.integer(0));
    newest_.restart();
    return arrival;
}

void file_table::adopt(const file_record& file) {
    add_.run_with(file.arrival, file.name, file.stored_name, base::to_unix_ms(file.claimed_at), file.completeness,
                  file.continues, file.read_offset)
        .execute();
    set_gate(file.arrival, file_gate::held);
}

void file_table::add(std::span<file_record> files) {
    consent::arrival_number next = newest() + 1;
    for (file_record& file : files) {
        file.arrival = next++;
        file.state = file_state::claiming;
        if (file.stored_name.empty() || file.stored_name.front() == '.')  // only an extension was given
            file.stored_name = consent::format_file_id(file.arrival) + file.stored_name;
        add_.run_with(file.arrival, file.name, file.stored_name, base::to_unix_ms(file.claimed_at), file.completeness,
                      file.continues, file.read_offset)
            .execute();
    }
}

void file_table::arrived_with(file_record& file, consent::arrival_number first) {
    file.together = first;
    arrived_with_.run_with(first, file.arrival).execute();
}

void file_table::number_after(consent::arrival_number arrival) { number_after_.run_with(arrival).execute(); }

void file_table::claimed(const file_record& file) {
    claimed_.run_with(file.size, file.modified_ns, file.inode, file.arrival).execute();
}

void file_table::forget(consent::arrival_number arrival) { forget_.run_with(arrival).execute(); }

void file_table::begin_reading(consent::arrival_number arrival, const std::string& sha256,
                               std::optional<consent::arrival_number> duplicate_of) {
    begin_reading_.run_with(sha256, duplicate_of, arrival).execute();
}

std::optional<consent::arrival_number> file_table::find_same_content(const std::string& sha256,
                                                                     consent::arrival_number arrival,
                                                                     base::wall_time since) {
    same_content_.run_with(sha256, arrival, base::to_unix_ms(since));
    same_content_.step();
    const auto found = same_content_.optional_integer(0);
    same_content_.restart();
    if (!found) return std::nullopt;
    return static_cast<consent::arrival_number>(*found);
}

void file_table::progress(consent::arrival_number arrival, std::uint64_t rows, std::uint64_t offset,
                          std::uint64_t invalid) {
    progress_.run_with(rows, offset, invalid, arrival).execute();
}

void file_table::set_gate(consent::arrival_number arrival, file_gate gate) {
    set_gate_.run_with(number(gate), arrival).execute();
}

void file_table::end_reading(const file_end& end) {
    end_reading_
        .run_with(base::to_unix_ms(end.at), or_null(end.fault), or_null(end.ignored_columns), end.size, end.modified_ns,
                  or_null(end.sha256), end.open_row, end.arrival)
        .execute();
}

void file_table::add_verdicts(consent::arrival_number arrival, const verdict_counts& added) {
    using consent::verdict;
    const auto of = [&added](verdict v) { return added[static_cast<std::size_t>(v)]; };
    add_verdicts_
        .run_with(of(verdict::confirmed), of(verdict::rejected), of(verdict::superseded), of(verdict::unconfirmed),
                  of(verdict::invalid), arrival)
        .execute();
}

void file_table::refused(consent::arrival_number arrival, base::wall_time at, const std::string& why) {
    refused_.run_with(base::to_unix_ms(at), why, arrival).execute();
}

void file_table::done(consent::arrival_number arrival, base::wall_time at) {
    done_.run_with(base::to_unix_ms(at), arrival).execute();
}

std::optional<file_record> file_table::find(consent::arrival_number arrival) {
    find_.run_with(arrival);
    std::optional<file_record> found;
    if (find_.step()) found = read_file(find_);
    find_.restart();
    return found;
}

std::vector<file_record> file_table::open_files() {
    std::vector<file_record> files;
    open_.run_with();
    while (open_.step()) files.push_back(read_file(open_));
    open_.restart();
    return files;
}

std::vector<consent::arrival_number> file_table::settled_files(std::size_t most) {
    return read_arrivals(settled_.run_with(most));
}

bool file_table::is_settled(consent::arrival_number arrival) {
    const bool found = is_settled_.run_with(arrival).step();
    is_settled_.restart();
    return found;
}

consent::place file_table::bulk_bound() {
    oldest_unread_.run_with();
    consent::place bound;
    if (oldest_unread_.step()) {
        const auto arrival = static_cast<consent::arrival_number>(oldest_unread_.integer(0));
        const auto gate = oldest_unread_.integer(2);
        const bool gated = gate == number(file_gate::check) || gate == number(file_gate::counting);
        bound = consent::place(arrival, gated ? 0 : static_cast<std::uint64_t>(oldest_unread_.integer(1)));
    }
    oldest_unread_.restart();
    if (bound) return bound;
    return consent::place(newest(), consent::place::row_max);
}

std::vector<consent::arrival_number> file_table::gated(file_gate gate) {
    return read_arrivals(gated_.run_with(number(gate)));
}

std::vector<consent::arrival_number> file_table::together(consent::arrival_number first) {
    return read_arrivals(together_.run_with(first));
}

std::vector<file_record> file_table::watched(base::wall_time since, std::size_t most) {
    std::vector<file_record> files;
    watched_.run_with(base::to_unix_ms(since), most);
    while (watched_.step()) files.push_back(read_file(watched_));
    watched_.restart();
    return files;
}

std::vector<consent::arrival_number> file_table::held_or_released() { return read_arrivals(passed_.run_with()); }

}  // namespace consent_sync::ledger
