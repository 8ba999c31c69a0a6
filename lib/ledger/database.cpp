#include "ledger/database.hpp"

#include <sqlite3.h>

#include <string>
#include <utility>

namespace consent_sync::ledger {
namespace {

constexpr int lookaside_bytes = 1'200;  // of a slot
constexpr int lookaside_slots = 500;
constexpr int steps_between_progress = 100'000;  // of SQLite's machine: some milliseconds

base::errc code_of(int sqlite_code) {
    switch (sqlite_code & 0xff) {
        case SQLITE_FULL: return base::errc::no_space;
        case SQLITE_CONSTRAINT:  // the ledger contradicts what is to be written: trying again cannot help
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return base::errc::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return base::errc::busy;
        default: return base::errc::io;
    }
}

// What an operator can do about it.
const char* remedy(int sqlite_code) {
    switch (sqlite_code & 0xff) {
        case SQLITE_FULL: return "; make room on its disk or quota: nothing is lost, and it goes on by itself";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "; another program holds it (an sqlite3 shell, a backup?): end that program";
        case SQLITE_CANTOPEN:
        case SQLITE_PERM: return "; see that its folder is there, and that this user may read and write it";
        case SQLITE_READONLY: return "; the file, its folder or its file system is read-only for this user";
        case SQLITE_IOERR: return "; the disk refuses: see the kernel's log (dmesg) and df";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return "; stop, keep a copy of the state folder, and look at the disk before anything else";
        default: return "";
    }
}

[[noreturn]] void throw_error(sqlite3* connection, const char* doing, const std::string& where = {}) {
    const int code = connection ? sqlite3_extended_errcode(connection) : SQLITE_NOMEM;
    const char* name = connection && where.empty() ? sqlite3_db_filename(connection, "main") : nullptr;
    const std::string path = name ? name : where;
    std::string message = "ledger" + (path.empty() ? std::string() : " " + path) + ": " + doing + ": " +
                          (connection ? sqlite3_errmsg(connection) : "out of memory") + " (SQLite code " +
                          std::to_string(code) + ")" + remedy(code);
    throw database_error(code_of(code), message);
}

// SQLite's count of its memory costs a lock at every allocation, and it is not used.
void count_no_memory() { [[maybe_unused]] static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

}  // namespace

void statement::finalizer::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }

statement::statement(sqlite3* connection, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &raw, nullptr);
    if (code != SQLITE_OK) throw_error(connection, "preparing a statement");
    handle_.reset(raw);
}

bool statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail();
}

void statement::execute() {
    while (step()) {
    }
    restart();
}

void statement::restart() {
    sqlite3_reset(handle_.get());  // its code repeats the failure of the last step, which was thrown already
}

void statement::fail() const { throw_error(sqlite3_db_handle(handle_.get()), "running a statement"); }

std::int64_t statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

std::optional<std::int64_t> statement::optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

std::string_view statement::view(int column) const {
    const void* bytes = sqlite3_column_blob(handle_.get(), column);
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return bytes ? std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size))
                 : std::string_view();
}

std::string statement::text(int column) const { return std::string(view(column)); }

bool statement::is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

void statement::bind(int index, std::int64_t value) {
    if (sqlite3_bind_int64(handle_.get(), index, value) != SQLITE_OK) fail();
}

void statement::bind(int index, std::string_view value) {
    const char* bytes = value.data() ? value.data() : "";
    if (sqlite3_bind_text64(handle_.get(), index, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK) fail();
}

void statement::bind(int index, blob value) {
    const char* bytes = value.bytes.data() ? value.bytes.data() : "";
    if (sqlite3_bind_blob64(handle_.get(), index, bytes, value.bytes.size(), SQLITE_STATIC) != SQLITE_OK) fail();
}

void statement::bind(int index, std::nullopt_t) {
    if (sqlite3_bind_null(handle_.get(), index) != SQLITE_OK) fail();
}

void database::closer::operator()(sqlite3* c) const { sqlite3_close_v2(c); }

database::database(const std::string& path, access how) {
    count_no_memory();
    sqlite3* raw = nullptr;
    const int flags = how == access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) throw_error(raw, "opening the database", path);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, 5'000);
    // Memory for running statements, allocated once: otherwise each statement calls the allocator several times.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_LOOKASIDE, nullptr, lookaside_bytes, lookaside_slots);
    // The log and its index stay, emptied, when the last connection closes: making them needs two free inodes, and a
    // start must not depend on free inodes.
    int keep_log = 1;
    if (how == access::read_write) sqlite3_file_control(raw, nullptr, SQLITE_FCNTL_PERSIST_WAL, &keep_log);
}

std::string database::path() const {
    const char* const path = sqlite3_db_filename(handle_.get(), "main");
    return path ? path : "";
}

void database::execute(const char* sql) {
    if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        throw_error(handle_.get(), "running a statement");
}

void database::end_statements() {
    for (sqlite3_stmt* s = sqlite3_next_stmt(handle_.get(), nullptr); s; s = sqlite3_next_stmt(handle_.get(), s))
        if (sqlite3_stmt_busy(s)) sqlite3_reset(s);
}

void database::on_progress(std::function<void()> working) {
    if (!working) {
        sqlite3_progress_handler(handle_.get(), 0, nullptr, nullptr);
        working_.reset();
        return;
    }
    working_ = std::make_unique<std::function<void()>>(std::move(working));
    const auto call = [](void* context) {
        (*static_cast<std::function<void()>*>(context))();
        return 0;  // go on
    };
    sqlite3_progress_handler(handle_.get(), steps_between_progress, call, working_.get());
}

std::int64_t database::changed_rows_ever() const { return sqlite3_total_changes64(handle_.get()); }

int database::changed_rows() const { return sqlite3_changes(handle_.get()); }

}  // namespace consent_sync::ledger
