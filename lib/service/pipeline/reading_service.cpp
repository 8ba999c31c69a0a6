#include "service/pipeline/reading_service.hpp"

#include <utility>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "async/wait.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "intake/arrival/claim.hpp"

namespace consent_sync::service {
namespace {

using outcome = read_step::outcome;

constexpr std::size_t queue_max = 100'000;             // files that wait to be read
constexpr std::uint64_t small_bytes_max = 256 * 1024;  // larger ones are read in pieces
constexpr std::size_t piece_rows = 4'096;
constexpr std::size_t small_files_max = 256;             // in one transaction
constexpr std::size_t small_rows_max = 16'384;           // in one transaction, a piece more
constexpr std::uint64_t small_content_max = 4ULL << 20;  // a small file that holds more is read as a large one
constexpr auto retry_reading_after = std::chrono::seconds(1);
constexpr std::size_t doubted_most = 1'000;  // subscriptions that are warned of
constexpr auto known_look_every = std::chrono::milliseconds(50);
constexpr const char* trouble_name = "reading";

bool is_trouble(const base::error& e) { return e.code == base::errc::io || e.code == base::errc::no_space; }

void log_read(const ledger::file_record& file, const import_piece& piece) {
    const std::string id = consent::format_file_id(file.arrival);
    const auto rows = static_cast<std::int64_t>(piece.position.rows);
    if (!piece.ignored_columns.empty())
        base::log_event(base::level::info, "file.columns_ignored", {{"file", id}, {"columns", piece.ignored_columns}});
    if (!piece.suspicious_columns.empty())
        base::log_event(
            base::level::warn, "file.columns_suspicious",
            {{"file", id},
             {"columns", piece.suspicious_columns},
             {"words",
              "these columns are unknown, and their names suggest that they say who may be mailed: rows that "
              "ask for more than an opt-out are invalid where such a column is not empty; name those that "
              "say nothing about consent in rules.ignore_columns"}});
    if (!piece.notes.empty()) base::log_event(base::level::warn, "file.noted", {{"file", id}, {"words", piece.notes}});
    if (file.duplicate_of)
        base::log_event(
            base::level::warn, "file.duplicate",
            {{"file", id},
             {"of", consent::format_file_id(*file.duplicate_of)},
             {"words",
              "the same content came before: only its opt-outs are sent; consent-sync release sends the rest"}});
    if (piece.contradictions > 0)
        base::log_event(base::level::warn, "file.contradictions",
                        {{"file", id},
                         {"rows", piece.contradictions},
                         {"words",
                          "opposite states of one person arrived together, and nothing says which came last: the "
                          "opt-out stands, these other rows are superseded; see rules.contradictions"}});
    if (piece.fault.empty()) return base::log_event(base::level::info, "file.read", {{"file", id}, {"rows", rows}});
    base::log_event(base::level::warn, "file.broke_off", {{"file", id}, {"rows", rows}, {"words", piece.fault}});
}

// What the scan found that opened a file's gate.
struct gate_scan {
    std::size_t superseded = 0;
    std::uint64_t rows = 0;
    std::string held;  // why the file waits for an operator; empty: it does not
};

void begin_file(ledger::store& s, const ledger::file_record& file, bool count) {
    s.files().begin_reading(file.arrival, file.sha256, file.duplicate_of);
    if (count && file.gate == ledger::file_gate::open) s.files().set_gate(file.arrival, ledger::file_gate::counting);
}

}  // namespace

reading_service::reading_service(const environment& env, const intake::work_folders& folders, disk_trouble& trouble,
                                 subscriptions_service& subscriptions, delivery_service& delivery,
                                 report_service& reports, observe::counters& counts)
    : env_(env),
      paths_(config::derive_folders(env.settings)),
      folders_(folders),
      trouble_(trouble),
      subscriptions_(subscriptions),
      delivery_(delivery),
      reports_(reports),
      counts_(counts),
      tasks_(env.home, async::log_task_failed),
      small_(env.home, queue_max),
      large_(env.home, queue_max) {}

void reading_service::start(const std::vector<ledger::file_record>& open_files) {
    for (const ledger::file_record& file : open_files) {
        if (file.gate == ledger::file_gate::check) gates_.close(file.arrival, consent::place(file.arrival, 1));
        if (file.state == ledger::file_state::read) continue;
        gates_.begin(file.arrival);
        tasks_.spawn("reading.take", take(file));
    }
    tasks_.spawn("reading.gates", open_gates());
    tasks_.spawn("reading.small", run_small());
    tasks_.spawn("reading.large", run_large());
}

void reading_service::stop() {
    stopping_ = true;
    stop_reading_ = true;
    small_.close();
    large_.close();
    tasks_.cancel();
}

boost::asio::awaitable<void> reading_service::take(ledger::file_record file) {
    gates_.begin(file.arrival);
    auto& queue = file.size <= small_bytes_max && file.rows == 0 ? small_ : large_;
    co_await queue.push(std::move(file));
}

std::string reading_service::path_of(const ledger::file_record& file) const {
    return base::path_in(folders_.processing.get(), paths_.processing, file.stored_name);
}

bool reading_service::counts_rows() const {
    return env_.settings.rules.hold_above_rows || env_.settings.rules.hold_above_share;
}

// A copy: a reload changes the settings while another thread reads.
intake::read_settings reading_service::how_to_read(std::uint64_t content_max) const {
    return {env_.settings.defaults, env_.settings.rules, env_.settings.inbox.max_bytes, {&stop_reading_, content_max}};
}

// Lets HubSpot name the account's subscriptions before the first row of a file is judged. This wait is short.
boost::asio::awaitable<void> reading_service::wait_for_known() {
    while (!stopping_ && !subscriptions_.is_fresh()) co_await async::wait(env_.home, known_look_every);
}

boost::asio::awaitable<void> reading_service::run_small() {
    while (true) {
        std::optional<ledger::file_record> first = co_await small_.pop();
        if (!first || stopping_) co_return;
        auto all = std::make_shared<small_group>();
        all->emplace_back(path_of(*first), std::move(*first));
        while (all->size() < small_files_max && small_.size() > 0) {
            std::optional<ledger::file_record> next = co_await small_.pop();
            if (!next) break;
            all->emplace_back(path_of(*next), std::move(*next));
        }
        co_await wait_for_known();
        if (stopping_) co_return;
        co_await begin_small(all);
        if (!stopping_) co_await read_small(std::move(all));
    }
}

boost::asio::awaitable<void> reading_service::run_large() {
    while (true) {
        std::optional<ledger::file_record> next = co_await large_.pop();
        if (!next || stopping_) co_return;
        co_await wait_for_known();
        if (stopping_) co_return;
        co_await read_large(std::move(*next));
    }
}

// A file that cannot be hashed at once is left to the large ones, which wait for the disk.
boost::asio::awaitable<void> reading_service::begin_small(std::shared_ptr<small_group> all) {
    auto hash_all = [all, &stop = stop_reading_] {
        for (small_file& each : *all) {
            const auto hash = each.reading.hash(stop);
            each.left = !hash;
            if (hash) each.reading.file.sha256 = *hash;
        }
    };
    co_await async::run_blocking(env_.blocking, std::move(hash_all));
    const base::wall_time since = env_.clock.now().wall - env_.settings.rules.duplicate_window;
    const bool count = counts_rows();
    auto begin = [all, since, count](ledger::store& s) {
        for (small_file& each : *all) {
            ledger::file_record& file = each.reading.file;
            if (each.left) continue;
            file.duplicate_of = s.files().find_same_content(file.sha256, file.arrival, since);
            begin_file(s, file, count);
        }
    };
    co_await env_.ledger.run(std::move(begin));
    for (small_file& each : *all)
        if (!each.left) each.reading.file.state = ledger::file_state::reading;
}

// One piece of each file. Whatever needs more, or has trouble, is left to the large ones.
boost::asio::awaitable<void> reading_service::read_small(std::shared_ptr<small_group> all) {
    for (std::size_t from = 0; from < all->size() && !stopping_;) {
        auto to = std::make_shared<std::size_t>(from);
        auto read_some = [all, to, known = subscriptions_.known(), how = how_to_read(small_content_max)] {
            std::size_t rows = 0;
            for (; *to < all->size() && rows < small_rows_max; ++*to) {
                small_file& each = (*all)[*to];
                if (each.left) continue;
                each.step = each.reading.next(how, piece_rows, known);
                rows += each.step.piece.rows.size();
            }
        };
        co_await async::run_blocking(env_.blocking, std::move(read_some));
        const base::wall_time now = env_.clock.now().wall;
        auto store_some = [all, from, to, now, rules = env_.settings.rules](ledger::store& s) {
            for (std::size_t i = from; i < *to; ++i) {
                small_file& each = (*all)[i];
                if (!each.left && each.keeps()) each.reading.gated = import(s, each.step.piece, rules, now);
            }
        };
        co_await env_.ledger.run(std::move(store_some));
        for (; from < *to; ++from) co_await end_small((*all)[from]);
    }
}

boost::asio::awaitable<void> reading_service::end_small(small_file& each) {
    if (!each.left) announce(each.reading, each.step.piece);
    if (!each.left && each.step.what == outcome::ended) {
        co_await ended(each.reading.file, each.step.piece);
    } else if (!each.left && each.step.what == outcome::refused) {
        co_await refuse(each.reading.file, each.step.why);
    } else {
        ledger::file_record file = each.reading.stored();
        co_await large_.push(std::move(file));
    }
    each.step = {};  // its rows are in the ledger
}

// False: a stop was asked for, or the file is gone.
boost::asio::awaitable<bool> reading_service::begin_large(std::shared_ptr<file_reading> reading) {
    if (reading->file.state == ledger::file_state::reading) co_return true;
    while (true) {
        auto hash_one = [reading, &stop = stop_reading_] { return reading->hash(stop); };
        const base::result<std::string> hash = co_await async::run_blocking(env_.blocking, std::move(hash_one));
        if (stopping_) co_return false;
        if (hash) {
            reading->file.sha256 = *hash;
            break;
        }
        if (!is_trouble(hash.error())) {
            co_await record_refused(reading->file, hash.error());
            co_return false;
        }
        base::error why = hash.error();
        why.message = reading->path() + ": " + why.message;
        co_await wait_for_disk(std::move(why));
    }
    const base::wall_time since = env_.clock.now().wall - env_.settings.rules.duplicate_window;
    const bool count = counts_rows();
    auto begin = [reading, since, count](ledger::store& s) {
        ledger::file_record& file = reading->file;
        file.duplicate_of = s.files().find_same_content(file.sha256, file.arrival, since);
        begin_file(s, file, count);
    };
    co_await env_.ledger.run(std::move(begin));
    reading->file.state = ledger::file_state::reading;
    co_return true;
}

boost::asio::awaitable<void> reading_service::read_large(ledger::file_record file) {
    std::string path = path_of(file);
    auto reading = std::make_shared<file_reading>(std::move(path), std::move(file));
    const bool begun = co_await begin_large(reading);
    trouble_.end(trouble_name);
    auto step = std::make_shared<read_step>();
    while (begun && !stopping_) {  // goes on from the last transaction at the next start
        auto read = [reading, step, known = subscriptions_.known(), how = how_to_read()] {
            *step = reading->next(how, piece_rows, known, std::move(step->piece.rows));
        };
        co_await async::run_blocking(env_.blocking, std::move(read));
        if (!step->piece.rows.empty() || step->piece.ended) {
            const base::wall_time now = env_.clock.now().wall;
            auto store_piece = [reading, step, now, rules = env_.settings.rules](ledger::store& s) {
                reading->gated = import(s, step->piece, rules, now);
            };
            co_await env_.ledger.run(std::move(store_piece));
            announce(*reading, step->piece);
        }
        if (step->what == outcome::trouble) {
            base::error why = step->why;
            co_await wait_for_disk(std::move(why));
            continue;
        }
        trouble_.end(trouble_name);
        if (step->what == outcome::changing) co_await async::wait(env_.home, env_.settings.inbox.settle);
        if (step->what == outcome::ended) co_return co_await ended(reading->file, step->piece);
        if (step->what == outcome::refused) co_return co_await refuse(reading->file, step->why);
        if (step->what == outcome::gone) co_return co_await record_refused(reading->file, step->why);
    }
}

boost::asio::awaitable<void> reading_service::wait_for_disk(base::error why) {
    trouble_.begin(trouble_name, why);
    co_await async::wait(env_.home, retry_reading_after);
}

// Once for each subscription, and only for a limited number of them.
void reading_service::warn_of_doubted(const import_piece& piece) {
    for (const auto& [subscription, words] : piece.doubted)
        if (doubted_.size() < doubted_most && doubted_.insert(subscription).second)
            base::log_event(base::level::warn, "subscriptions.doubted",
                            {{"file", consent::format_file_id(piece.arrival)},
                             {"subscription", subscription},
                             {"words", words + ". Opt-outs of it are sent all the same, and HubSpot decides; if it "
                                               "rejects them, mend the subscription ids in what writes the files"}});
}

// Rows of a gated file are announced when its gate opens.
void reading_service::announce(file_reading& reading, const import_piece& piece) {
    if (piece.rows.empty()) return;
    warn_of_doubted(piece);
    if (piece.invalid > 0) counts_.ended(consent::verdict::invalid, piece.invalid);
    if (piece.contradicted > 0) counts_.ended(consent::verdict::superseded, piece.contradicted);
    const consent::place first(piece.arrival, reading.first_row);
    reading.first_row = piece.position.rows + 1;
    if (reading.gated || gates_.is_closed(piece.arrival)) {
        gates_.close(piece.arrival, first);
        return;
    }
    delivery_.add_rows(first, consent::place(piece.arrival, piece.position.rows), piece.opt_outs);
}

boost::asio::awaitable<void> reading_service::ended(const ledger::file_record& file, const import_piece& piece) {
    const auto arrival = file.arrival;
    gates_.end(arrival);
    log_read(file, piece);
    if (!piece.held.empty()) tell_held(arrival, piece.held);
    delivery_.open_bulk();
    counts_.file_read();
    reports_.files_settled();
    co_await open_gates();
}

// The reason is on disk in refused/ before the ledger records the refusal.
boost::asio::awaitable<void> reading_service::refuse(ledger::file_record file, base::error why) {
    intake::refusal refusal;
    refusal.name = file.name;
    refusal.file = file.arrival;
    refusal.reason = why.message;
    refusal.how_to_fix = "mend the file as the reason says and drop it again";
    refusal.refused_at = env_.clock.now().wall;
    while (true) {
        auto move = [refusal, processing = folders_.processing.get(), refused = folders_.refused.get()] {
            auto done = intake::refuse_file(processing, refusal, refused);
            const int touched[] = {processing, refused};
            if (const auto synced = intake::sync_moves(touched); done && !synced) done = synced.error();
            return done;
        };
        const base::result<std::string> moved = co_await async::run_blocking(env_.blocking, std::move(move));
        if (moved || !is_trouble(moved.error())) {
            if (!moved) base::log_event(base::level::error, "file.not_moved", {{"words", moved.error().message}});
            break;
        }
        base::error trouble = moved.error();
        co_await wait_for_disk(std::move(trouble));
    }
    trouble_.end(trouble_name);
    co_await record_refused(std::move(file), std::move(why));
}

boost::asio::awaitable<void> reading_service::record_refused(ledger::file_record file, base::error why) {
    const auto arrival = file.arrival;
    const base::wall_time now = env_.clock.now().wall;
    auto record = [arrival, now, words = why.message](ledger::store& s) {
        if (const auto known = s.files().find(arrival)) s.standing().forget(*known);
        s.files().refused(arrival, now, words);
    };
    co_await env_.ledger.run(std::move(record));
    gates_.end(arrival);
    counts_.file_refused();
    base::log_event(base::level::error, "file.refused",
                    {{"file", consent::format_file_id(arrival)}, {"reason", why.message}});
    delivery_.open_bulk();
    co_await open_gates();
}

// For each gate that may open, checks the file's rows against newer changes and the rules.
boost::asio::awaitable<void> reading_service::open_gates() {
    while (const std::optional<gates::opened> next = gates_.open_next()) {
        const consent::arrival_number file = next->file;
        auto scan = [file, rules = env_.settings.rules](ledger::store& s) {
            gate_scan found;
            found.superseded = s.newer().supersede_returning(file);
            found.held = settle_gate(s, file, rules);
            found.rows = s.files().find(file)->rows;
            return found;
        };
        const gate_scan found = co_await env_.ledger.run(std::move(scan));
        base::log_event(base::level::info, "file.checked",
                        {{"file", consent::format_file_id(file)}, {"superseded", found.superseded}});
        if (!found.held.empty()) tell_held(file, found.held);
        if (found.rows > 0) delivery_.add_rows(next->first, consent::place(file, found.rows), true);
        delivery_.open_bulk();
        counts_.file_read();
        reports_.files_settled();
    }
}

}  // namespace consent_sync::service
