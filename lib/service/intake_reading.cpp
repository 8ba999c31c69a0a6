// The reading side of intake_service: many small files at once, large ones in pieces.
#include <boost/asio/use_awaitable.hpp>

#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "intake/claim_refuse.hpp"
#include "intake/content_hash.hpp"
#include "service/intake_service.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t piece_rows = 4'096;
constexpr std::size_t small_files_max = 256;  // in one transaction

std::string join(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
}

base::result<std::string> hash_path(const std::string& path) {
    auto file = intake::open_for_reading(path);
    if (!file) return file.error();
    return intake::hash_file(file->get());
}

// One piece of a file that is open. Blocking.
import_piece read_piece(intake::file_reader& reader, std::vector<intake::row>& rows, const ledger::file_record& file) {
    const intake::read_result got = reader.next(rows, piece_rows);
    import_piece piece = make_piece(file.arrival, rows, file.duplicate_of.has_value(), reader.position());
    if (got.at != intake::read_result::state::more) {
        piece.ended = true;
        piece.ignored_columns = join(reader.unknown_columns());
    }
    if (got.at == intake::read_result::state::broke_off) piece.fault = got.reason.message;
    return piece;
}

}  // namespace

boost::asio::awaitable<void> intake_service::run_small() {
    while (true) {
        std::optional<ledger::file_record> first = co_await small_.pop();
        if (!first || stopping_) co_return;
        std::vector<ledger::file_record> files;
        files.push_back(std::move(*first));
        while (files.size() < small_files_max && small_.size() > 0) {
            std::optional<ledger::file_record> next = co_await small_.pop();
            if (!next) break;
            files.push_back(std::move(*next));
        }
        co_await read_small(std::move(files));
    }
}

boost::asio::awaitable<void> intake_service::run_large() {
    while (true) {
        std::optional<ledger::file_record> next = co_await large_.pop();
        if (!next || stopping_) co_return;
        co_await read_large(std::move(*next));
    }
}

boost::asio::awaitable<void> intake_service::read_small(std::vector<ledger::file_record> files) {
    struct work {
        ledger::file_record file;
        std::string path;
        std::string hash;
        std::optional<base::error> refused;
        std::vector<import_piece> pieces;
        bool gated = false;
    };
    auto all = std::make_shared<std::vector<work>>();
    for (ledger::file_record& file : files) {
        work w;
        w.path = path_of(file);
        w.file = std::move(file);
        all->push_back(std::move(w));
    }
    auto hash_all = [all] {
        for (work& w : *all) {
            auto hash = hash_path(w.path);
            if (hash)
                w.hash = *hash;
            else
                w.refused = hash.error();
        }
    };
    co_await async::run_blocking(blocking_, std::move(hash_all));
    const base::wall_time since = clock_.now().wall - settings_.rules.duplicate_window;
    ledger_thread::job begin = [all, since](ledger::store& s) {
        for (work& w : *all) {
            if (w.refused) continue;
            w.file.duplicate_of = s.files().find_same_content(w.hash, w.file.arrival, since);
            s.files().begin_reading(w.file.arrival, w.hash, w.file.duplicate_of);
        }
    };
    co_await ledger_.run(std::move(begin));
    const intake::read_settings how{settings_.defaults, settings_.rules, settings_.inbox.max_bytes};
    auto read_all = [all, how] {
        std::vector<intake::row> rows;
        for (work& w : *all) {
            if (w.refused) continue;
            auto reader = intake::file_reader::open(w.path, w.file.name, how);
            if (!reader) {
                w.refused = reader.error();
                continue;
            }
            do {
                w.pieces.push_back(read_piece(*reader, rows, w.file));
            } while (!w.pieces.back().ended);
        }
    };
    co_await async::run_blocking(blocking_, std::move(read_all));
    const base::wall_time now = clock_.now().wall;
    ledger_thread::job store_all = [all, now](ledger::store& s) {
        for (work& w : *all) {
            w.gated = false;
            for (import_piece& piece : w.pieces) w.gated = import(s, piece, now) || w.gated;
        }
    };
    co_await ledger_.run(std::move(store_all));
    for (work& w : *all) {
        if (w.refused) {
            co_await refuse_claimed(std::move(w.file), *w.refused);
            continue;
        }
        std::uint64_t first = 1;
        for (const import_piece& piece : w.pieces) {
            announce(piece, first, w.gated);
            first = piece.position.rows + 1;
        }
        co_await ended(w.file.arrival);
    }
}

boost::asio::awaitable<bool> intake_service::begin_reading(ledger::file_record& file) {
    auto path = path_of(file);
    auto hash_one = [path] { return hash_path(path); };
    const base::result<std::string> hash = co_await async::run_blocking(blocking_, std::move(hash_one));
    if (!hash) {
        co_await refuse_claimed(file, hash.error());
        co_return false;
    }
    auto shared = std::make_shared<ledger::file_record>(file);
    shared->sha256 = *hash;
    const base::wall_time since = clock_.now().wall - settings_.rules.duplicate_window;
    ledger_thread::job begin = [shared, since](ledger::store& s) {
        shared->duplicate_of = s.files().find_same_content(shared->sha256, shared->arrival, since);
        s.files().begin_reading(shared->arrival, shared->sha256, shared->duplicate_of);
    };
    co_await ledger_.run(std::move(begin));
    file = *shared;
    co_return true;
}

boost::asio::awaitable<void> intake_service::read_large(ledger::file_record file) {
    if (file.state != ledger::file_state::reading) {
        const bool begun = co_await begin_reading(file);
        if (!begun) co_return;
    }
    struct work {
        std::optional<intake::file_reader> reader;
        std::vector<intake::row> rows;
        import_piece piece;
        bool gated = false;
    };
    auto w = std::make_shared<work>();
    const intake::read_settings how{settings_.defaults, settings_.rules, settings_.inbox.max_bytes};
    const intake::read_position from{file.rows, file.read_offset};
    auto path = path_of(file);
    auto open = [w, path, how, from, name = file.name]() -> std::optional<base::error> {
        auto reader = intake::file_reader::open(path, name, how, from);
        if (!reader) return reader.error();
        w->reader.emplace(std::move(*reader));
        return std::nullopt;
    };
    const std::optional<base::error> refused = co_await async::run_blocking(blocking_, std::move(open));
    if (refused) {
        co_await refuse_claimed(std::move(file), *refused);
        co_return;
    }
    std::uint64_t first = file.rows + 1;
    do {
        if (stopping_) co_return;  // goes on from the last transaction at the next start
        auto read = [w, file] { w->piece = read_piece(*w->reader, w->rows, file); };
        co_await async::run_blocking(blocking_, std::move(read));
        const base::wall_time now = clock_.now().wall;
        ledger_thread::job store_piece = [w, now](ledger::store& s) { w->gated = import(s, w->piece, now); };
        co_await ledger_.run(std::move(store_piece));
        announce(w->piece, first, w->gated);
        first = w->piece.position.rows + 1;
    } while (!w->piece.ended);
    co_await ended(file.arrival);
}

// Rows of a gated file are announced when its gate opens.
void intake_service::announce(const import_piece& piece, std::uint64_t first_row, bool gated) {
    if (piece.rows.empty()) return;
    const consent::place first(piece.arrival, first_row);
    if (gated || gated_.contains(piece.arrival)) {
        gated_.try_emplace(piece.arrival, first);
        return;
    }
    listener_.rows(first, consent::place(piece.arrival, piece.position.rows), piece.opt_outs);
}

boost::asio::awaitable<void> intake_service::ended(consent::arrival_number arrival) {
    unread_.erase(arrival);
    base::log_event(base::level::info, "file.read", {{"file", consent::format_file_id(arrival)}});
    listener_.bulk_open();
    listener_.read(arrival);
    co_await open_gates();
}

boost::asio::awaitable<void> intake_service::refuse_claimed(ledger::file_record file, base::error why) {
    intake::refusal refusal;
    refusal.name = file.name;
    refusal.file = file.arrival;
    refusal.reason = why.message;
    refusal.how_to_fix = "mend the file as the reason says and drop it again";
    refusal.refused_at = clock_.now().wall;
    const int processing = folders_.processing.get();
    const int refused_folder = folders_.refused.get();
    auto move = [refusal, processing, refused_folder] {
        return intake::refuse_file(processing, refusal, refused_folder);
    };
    const base::result<std::string> moved = co_await async::run_blocking(blocking_, std::move(move));
    if (!moved) base::log_event(base::level::error, "file.not_moved", {{"words", moved.error().message}});
    const auto arrival = file.arrival;
    const base::wall_time now = clock_.now().wall;
    ledger_thread::job record = [arrival, now, words = why.message](ledger::store& s) {
        s.files().refused(arrival, now, words);
    };
    co_await ledger_.run(std::move(record));
    unread_.erase(arrival);
    base::log_event(base::level::error, "file.refused",
                    {{"file", consent::format_file_id(arrival)}, {"reason", why.message}});
    listener_.bulk_open();
    co_await open_gates();
}

}  // namespace consent_sync::service
