#include "ledger/changes_view.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "ledger/block_sum.hpp"
#include "ledger/database.hpp"
#include "ledger/row_block.hpp"
#include "ledger/verdict_block.hpp"

namespace consent_sync::ledger {
namespace {

constexpr const char* declaration =
    "CREATE TABLE changes(id INTEGER, subscriber TEXT, subscription INTEGER, channel INTEGER, state INTEGER, "
    "basis INTEGER, explanation TEXT, original INTEGER, offset INTEGER, verdict INTEGER, reason INTEGER, "
    "attempt INTEGER, hubspot_at INTEGER)";
namespace column {
enum : int {
    id,
    subscriber,
    subscription,
    channel,
    state,
    basis,
    explanation,
    original,
    offset,
    verdict,
    reason,
    attempt,
    hubspot_at
};
}

// What the planner found about the id, as bits of idxNum; arguments come in this order.
constexpr int lower_bound = 1;
constexpr int upper_bound = 2;

// SQLite owns the object through its base; its C code must see no exception.
struct statements {
    struct finalizer {
        void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
    };
    std::unique_ptr<sqlite3_stmt, finalizer> blocks, rows;
};

struct view : sqlite3_vtab {
    explicit view(sqlite3* c) : sqlite3_vtab{}, connection(c) {}
    sqlite3* connection;
    std::vector<statements> free;  // of closed cursors: preparing them costs more than most queries
};

struct cursor : sqlite3_vtab_cursor {
    cursor() : sqlite3_vtab_cursor{} {}

    view& of() { return static_cast<view&>(*pVtab); }
    consent::place place() const { return place_in_block(block, index); }

    statements use;
    consent::place first, last;
    bool at_end = true;
    block_id block = 0;
    verdict_block verdicts;
    unsigned index = 0;
    bool loaded = false;  // `reader` is at the block's rows
    row_block_reader reader;
    row_view row;
    bool decoded = false;  // `row` is the row at `index`
};

cursor& self(sqlite3_vtab_cursor* c) { return static_cast<cursor&>(*c); }

int prepare(view& v, const char* sql, std::unique_ptr<sqlite3_stmt, statements::finalizer>& into) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(v.connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    into.reset(raw);
    return code;
}

std::string_view blob_column(sqlite3_stmt* s, int at) {
    const void* bytes = sqlite3_column_blob(s, at);
    const int size = sqlite3_column_bytes(s, at);
    return bytes ? std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size))
                 : std::string_view();
}

int connect(sqlite3* connection, void*, int, const char* const*, sqlite3_vtab** out, char**) {
    const int code = sqlite3_declare_vtab(connection, declaration);
    if (code == SQLITE_OK) *out = std::make_unique<view>(connection).release();
    return code;
}

int disconnect(sqlite3_vtab* v) {
    const std::unique_ptr<view> owned(static_cast<view*>(v));
    return SQLITE_OK;
}

int open_cursor(sqlite3_vtab* v, sqlite3_vtab_cursor** out) {
    auto made = std::make_unique<cursor>();
    view& of = static_cast<view&>(*v);
    if (!of.free.empty()) {
        made->use = std::move(of.free.back());
        of.free.pop_back();
    }
    *out = made.release();
    return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* c) {
    const std::unique_ptr<cursor> owned(&self(c));
    if (owned->use.blocks) sqlite3_reset(owned->use.blocks.get());
    if (owned->use.rows) sqlite3_reset(owned->use.rows.get());
    owned->of().free.push_back(std::move(owned->use));
    return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
    int lower = -1;
    int upper = -1;
    bool equal = false;
    for (int i = 0; i < info->nConstraint; ++i) {
        const auto& c = info->aConstraint[i];
        if (!c.usable || c.iColumn > column::id) continue;  // -1: the row id, which is the same
        const bool is_equal = c.op == SQLITE_INDEX_CONSTRAINT_EQ;
        if (is_equal) {
            lower = upper = i;
            equal = true;
        } else if (!equal && (c.op == SQLITE_INDEX_CONSTRAINT_GT || c.op == SQLITE_INDEX_CONSTRAINT_GE)) {
            lower = i;
        } else if (!equal && (c.op == SQLITE_INDEX_CONSTRAINT_LT || c.op == SQLITE_INDEX_CONSTRAINT_LE)) {
            upper = i;
        }
    }
    // SQLite compares again (omit is 0), so that a bound may be taken for an inclusive one. One argument serves both
    // bounds of an equality.
    int argument = 0;
    info->idxNum = 0;
    if (lower >= 0) {
        info->aConstraintUsage[lower].argvIndex = ++argument;
        info->idxNum |= lower_bound;
    }
    if (upper >= 0) {
        if (!equal) info->aConstraintUsage[upper].argvIndex = ++argument;
        info->idxNum |= upper_bound;
    }
    info->orderByConsumed =
        info->nOrderBy == 1 && info->aOrderBy[0].iColumn <= column::id && info->aOrderBy[0].desc == 0;
    info->estimatedRows = equal ? 1 : lower >= 0 && upper >= 0 ? 100'000 : 10'000'000;
    info->estimatedCost = static_cast<double>(info->estimatedRows) * (equal ? 5 : 1);
    if (equal) info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    return SQLITE_OK;
}

// To the next row that is there, at `index` or behind it, in this block or a later one.
int settle_on_row(cursor& c) {
    while (true) {
        while (c.index < c.verdicts.size() && !c.verdicts.has(c.index)) ++c.index;
        if (c.index < c.verdicts.size() && c.place() <= c.last) return SQLITE_OK;
        const int code = sqlite3_step(c.use.blocks.get());
        if (code == SQLITE_DONE) {
            c.at_end = true;
            return SQLITE_OK;
        }
        if (code != SQLITE_ROW) return code;
        c.block = sqlite3_column_int64(c.use.blocks.get(), 0);
        c.verdicts = verdict_block(unseal(blob_column(c.use.blocks.get(), 1), block_kind::verdicts, c.block));
        c.index = c.block == block_of(c.first) ? index_in_block(c.first) : 0;
        c.loaded = c.decoded = false;
    }
}

template <class Work>
int guarded(sqlite3_vtab_cursor* c, Work work) {
    try {
        return work(self(c));
    } catch (const database_error& e) {
        sqlite3_free(c->pVtab->zErrMsg);
        c->pVtab->zErrMsg = sqlite3_mprintf("%s", e.what());
        return SQLITE_CORRUPT_VTAB;
    } catch (const std::bad_alloc&) {
        return SQLITE_NOMEM;
    }
}

int filter(sqlite3_vtab_cursor* c, int bounds, const char*, int count, sqlite3_value** values) {
    return guarded(c, [&](cursor& at) -> int {
        at.first = consent::place();
        at.last = consent::place(INT64_MAX);
        // NULL compares with nothing: the range is empty.
        for (int i = 0; i < count; ++i)
            if (sqlite3_value_type(values[i]) == SQLITE_NULL) at.last = consent::place();
        const bool none = !at.last;
        if ((bounds & lower_bound) != 0)
            at.first = consent::place(std::max<std::int64_t>(0, sqlite3_value_int64(values[0])));
        if ((bounds & upper_bound) != 0 && !none) at.last = consent::place(sqlite3_value_int64(values[count - 1]));
        at.at_end = none;
        at.verdicts = {};
        at.index = 0;
        at.loaded = at.decoded = false;
        if (none) return SQLITE_OK;
        if (!at.use.blocks) {
            const int code =
                prepare(at.of(), "SELECT id, data FROM main.verdict_blocks WHERE id BETWEEN ? AND ? ORDER BY id",
                        at.use.blocks);
            if (code != SQLITE_OK) return code;
        }
        sqlite3_stmt* const blocks = at.use.blocks.get();
        sqlite3_reset(blocks);
        sqlite3_bind_int64(blocks, 1, block_of(at.first));
        sqlite3_bind_int64(blocks, 2, block_of(at.last));
        return settle_on_row(at);
    });
}

int next(sqlite3_vtab_cursor* c) {
    return guarded(c, [](cursor& at) {
        ++at.index;
        at.decoded = false;
        return settle_on_row(at);
    });
}

int is_at_end(sqlite3_vtab_cursor* c) { return self(c).at_end ? 1 : 0; }

int load_rows(cursor& at) {
    if (!at.use.rows) {
        const int code = prepare(at.of(), "SELECT data FROM main.row_blocks WHERE id=?", at.use.rows);
        if (code != SQLITE_OK) return code;
    }
    sqlite3_stmt* const rows = at.use.rows.get();
    sqlite3_reset(rows);
    sqlite3_bind_int64(rows, 1, at.block);
    const int code = sqlite3_step(rows);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return code;
    if (code == SQLITE_DONE) fail_damaged(at.block);
    at.reader = row_block_reader(unseal(blob_column(rows, 0), block_kind::rows, at.block));
    at.loaded = true;
    return SQLITE_OK;
}

void put_text(sqlite3_context* out, std::string_view text) {
    sqlite3_result_text64(out, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void put_row_column(sqlite3_context* out, const row_view& row, int wanted) {
    switch (wanted) {
        case column::subscriber: return put_text(out, row.subscriber);
        case column::subscription: return sqlite3_result_int64(out, row.subscription);
        case column::channel: return sqlite3_result_int(out, static_cast<int>(row.channel));
        case column::state: return sqlite3_result_int(out, static_cast<int>(row.state));
        case column::offset: return sqlite3_result_int64(out, static_cast<sqlite3_int64>(row.offset));
        case column::basis:
            if (row.basis) sqlite3_result_int(out, static_cast<int>(*row.basis));
            return;
        case column::explanation:
            if (row.explanation) put_text(out, *row.explanation);
            return;
        case column::original:
            if (row.original) sqlite3_result_int64(out, row.original.id());
            return;
        default: return;
    }
}

void put_end_column(sqlite3_context* out, const row_end* end, int wanted) {
    switch (wanted) {
        case column::verdict: return sqlite3_result_int(out, end ? static_cast<int>(end->verdict) : 0);
        case column::reason: return sqlite3_result_int(out, end ? static_cast<int>(end->success) : 0);
        case column::attempt:
            if (end && end->attempt != 0) sqlite3_result_int64(out, end->attempt);
            return;
        case column::hubspot_at:
            if (end && end->hubspot_time_ms != 0) sqlite3_result_int64(out, end->hubspot_time_ms);
            return;
        default: return;
    }
}

int put_column(sqlite3_vtab_cursor* c, sqlite3_context* out, int wanted) {
    return guarded(c, [&](cursor& at) -> int {
        if (wanted == column::id) {
            sqlite3_result_int64(out, at.place().id());
            return SQLITE_OK;
        }
        if (wanted >= column::verdict) {
            put_end_column(out, at.verdicts.end(at.index), wanted);
            return SQLITE_OK;
        }
        if (!at.loaded)
            if (const int code = load_rows(at); code != SQLITE_OK) return code;
        if (!at.decoded) at.decoded = at.reader.find(at.index, at.row);
        if (!at.decoded) fail_damaged(at.block);
        put_row_column(out, at.row, wanted);
        return SQLITE_OK;
    });
}

int row_id(sqlite3_vtab_cursor* c, sqlite3_int64* out) {
    *out = self(c).place().id();
    return SQLITE_OK;
}

// Without xCreate the table is there for every connection that registers it, and for nobody else.
constexpr sqlite3_module make_module() {
    sqlite3_module m{};
    m.xConnect = connect;
    m.xBestIndex = best_index;
    m.xDisconnect = disconnect;
    m.xOpen = open_cursor;
    m.xClose = close_cursor;
    m.xFilter = filter;
    m.xNext = next;
    m.xEof = is_at_end;
    m.xColumn = put_column;
    m.xRowid = row_id;
    return m;
}
constexpr sqlite3_module view_module = make_module();

}  // namespace

int add_changes_view(sqlite3* connection) {
    return sqlite3_create_module_v2(connection, "changes", &view_module, nullptr, nullptr);
}

}  // namespace consent_sync::ledger
