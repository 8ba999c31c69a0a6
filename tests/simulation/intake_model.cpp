#include "simulation/intake_model.hpp"

#include <algorithm>

namespace consent_sync::simulation {
namespace {

constexpr std::size_t redropped_most = 20;

}  // namespace

intake_model::intake_model(agenda& time, dice& luck, daemon_model& daemon, witness& watch,
                           std::vector<planned_file> plan, intake_profile profile, bool opt_out_stands)
    : time_(time),
      luck_(luck),
      daemon_(daemon),
      watch_(watch),
      plan_(std::move(plan)),
      files_(plan_.size()),
      profile_(profile),
      opt_out_stands_(opt_out_stands) {
    daemon_.on_settled_files = [this] { finish_files(); };
}

void intake_model::begin() {
    for (std::size_t i = 0; i < plan_.size(); ++i) {
        by_name_["file" + std::to_string(i)] = i;
        time_.after(plan_[i].arrives, [this, i] {
            if (plan_[i].redrop) choose_redropped(plan_[i]);
            files_[i].dropped = true;
            inbox_.push_back(i);
            claim();
        });
    }
}

void intake_model::drop(planned_file file) {
    plan_.push_back(std::move(file));
    files_.emplace_back();
    const std::size_t i = plan_.size() - 1;
    by_name_["file" + std::to_string(i)] = i;
    files_[i].dropped = true;
    inbox_.push_back(i);
    claim();
}

// Failed rows and some others, all with their change_id.
void intake_model::choose_redropped(planned_file& file) {
    std::vector<consent::place> failed;
    for (const auto& [id, state] : watch_.rows()) {
        const bool has_failed =
            state.verdict == consent::verdict::rejected || state.verdict == consent::verdict::unconfirmed;
        if (!state.row.invalid && (has_failed || luck_.chance(0.05))) failed.emplace_back(id);
    }
    while (failed.size() > redropped_most)
        failed.erase(failed.begin() + luck_.between(0, static_cast<std::int64_t>(failed.size()) - 1));
    for (const consent::place place : failed) {
        planned_row again = watch_.row(place).row;
        again.what = luck_.chance(0.7) ? nature::good : again.what;
        again.original = place;
        file.rows.insert(file.rows.begin() + luck_.between(0, static_cast<std::int64_t>(file.rows.size())),
                         std::move(again));
    }
}

void intake_model::claim() {
    if (claiming_ || inbox_.empty() || !daemon_.running()) return;
    claiming_ = true;
    auto records = std::make_shared<std::vector<ledger::file_record>>();
    const std::vector<std::size_t> taken = inbox_;
    daemon_.ledger_thread().add(
        {[this, records, taken, wall = time_.now().wall](ledger::store& s) {
             records->clear();
             for (const std::size_t i : taken) {
                 ledger::file_record record;
                 record.name = "file" + std::to_string(i);
                 record.stored_name = ".csv";
                 record.claimed_at = wall;
                 records->push_back(record);
             }
             s.files().add(*records);
             std::map<std::size_t, consent::arrival_number> firsts;
             for (std::size_t k = 0; k < taken.size(); ++k) {
                 ledger::file_record& record = (*records)[k];
                 const std::size_t i = taken[k];
                 if (plan_[i].with_previous) {
                     const auto of_this_claim = firsts.find(i - 1);
                     const auto first = of_this_claim != firsts.end() ? of_this_claim->second : files_[i - 1].first;
                     if (first != 0) s.files().arrived_with(record, first);
                 }
                 firsts[i] = record.together != 0 ? record.together : record.arrival;
                 s.standing().expect(record);
                 s.files().claimed(record);
                 s.files().begin_reading(record.arrival, "content of " + record.name, std::nullopt);
             }
         },
         [this, records, taken] {
             for (std::size_t i = 0; i < taken.size(); ++i) {
                 const ledger::file_record& record = (*records)[i];
                 file_state& f = files_[taken[i]];
                 f.arrival = record.arrival;
                 f.first = record.together != 0 ? record.together : record.arrival;
                 if (opt_out_stands_) watch_.arrived_together(f.arrival, f.first);
             }
             inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(taken.size()));
         },
         [this] {
             claiming_ = false;
             claim();
             read_next();
         }});
}

void intake_model::crash() {
    claiming_ = busy_[0] = busy_[1] = finishing_ = false;
    opening_.clear();
    for (file_state& f : files_) f.reading = f.releasing = false;
}

void intake_model::daemon_starts(ledger::store& store) {
    const auto ok = store.transact([this](ledger::store& s) {
        for (std::size_t i = 0; i < files_.size(); ++i) {
            file_state& f = files_[i];
            if (f.arrival == 0) continue;
            const auto record = s.files().find(f.arrival);
            if (record->rows != f.rows)
                throw broken_promise("promise 1: file " + std::to_string(f.arrival) + " was read to another row");
            f.read = record->state >= ledger::file_state::read;
            f.gated_from = record->gate == ledger::file_gate::check ? 1 : 0;
        }
    });
    if (ok.has_error()) throw broken_promise("ledger: " + ok.error().message);
    time_.after(milliseconds(0), [this, epoch = daemon_.epoch()] {
        if (epoch != daemon_.epoch()) return;
        claim();
        read_next();
        open_gates();
        finish_files();
        for (std::size_t i = 0; i < files_.size(); ++i)
            if (plan_[i].held && files_[i].read && !files_[i].released)
                time_.after(plan_[i].released_after, [this, i] { release(i); });
    });
}

void intake_model::read_next() {
    if (!daemon_.running()) return;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
        file_state& f = files_[i];
        if (f.arrival == 0 || f.read || f.reading) continue;
        const bool small = plan_[i].rows.size() <= profile_.small_rows;
        if (busy_[small]) continue;
        read_file(i, small);
    }
}

void intake_model::read_file(std::size_t index, bool small) {
    busy_[small] = true;
    files_[index].reading = true;
    read_chunk(index, small);
}

void intake_model::read_chunk(std::size_t index, bool small) {
    file_state& f = files_[index];
    const std::uint64_t left = plan_[index].rows.size() - f.rows;
    if (left == 0) return end_reading(index, small);
    const std::uint64_t first = f.rows + 1;
    const std::uint64_t count = std::min<std::uint64_t>(
        left, static_cast<std::uint64_t>(luck_.between(profile_.chunk_least, profile_.chunk_most)));
    const std::uint64_t last = first + count - 1;
    auto rows = std::make_shared<std::vector<ledger::new_row>>();
    std::uint64_t invalid = 0;
    bool outs = false;
    bool gated = f.gated_from != 0;
    for (std::uint64_t n = first; n <= last; ++n) {
        const planned_row& r = row(index, n);
        ledger::new_row added;
        added.change = r.change;
        added.change.id = consent::place(f.arrival, n);
        added.original = r.original;
        added.offset = n * 50;
        if (r.invalid) added.invalid = ledger::reason{"invalid_address", "no", "", {}};
        invalid += r.invalid;
        outs = outs || (r.change.is_opt_out() && !r.invalid);
        gated = gated || r.original;
        rows->push_back(std::move(added));
    }
    const bool first_gated = gated && f.gated_from == 0;
    const bool hold = plan_[index].held && first == 1;
    daemon_.ledger_thread().add(
        {[rows, arrival = f.arrival, last, invalid, first_gated, hold, stands = opt_out_stands_](ledger::store& s) {
             if (stands) s.standing().mark(*s.files().find(arrival), *rows);
             s.changes().append(*rows);
             s.files().progress(arrival, last, last * 50, invalid);
             if (first_gated) s.files().set_gate(arrival, ledger::file_gate::check);
             if (hold) s.files().set_gate(arrival, ledger::file_gate::held);
         },
         [this, rows, index, first, last] {
             for (std::uint64_t n = first; n <= last; ++n)
                 watch_.appended(consent::place(files_[index].arrival, n), row(index, n),
                                 (*rows)[n - first].contradicted_by);
             files_[index].rows = last;
         },
         [this, index, small, first, last, outs, gated] {
             file_state& file = files_[index];
             if (gated && file.gated_from == 0) file.gated_from = first;
             if (!gated)
                 daemon_.engine().on_rows(consent::place(file.arrival, first), consent::place(file.arrival, last),
                                          outs);
             daemon_.drive();
             time_.after(luck_.between(milliseconds(0), profile_.chunk_gap_most),
                         [this, index, small, epoch = daemon_.epoch()] {
                             if (epoch == daemon_.epoch()) read_chunk(index, small);
                         });
         }});
}

void intake_model::end_reading(std::size_t index, bool small) {
    auto superseded = std::make_shared<std::size_t>(0);
    daemon_.ledger_thread().add({[superseded, arrival = files_[index].arrival, wall = time_.now().wall,
                                  stands = opt_out_stands_](ledger::store& s) {
                                     const auto file = s.files().find(arrival);
                                     s.files().end_reading({arrival, wall, "", "", 0, 0});
                                     *superseded = stands ? s.standing().end_file(*file) : 0;
                                 },
                                 [this, superseded, index] {
                                     files_[index].read = true;
                                     watch_.returning_superseded(*superseded);
                                 },
                                 [this, index, small] {
                                     files_[index].reading = false;
                                     busy_[small] = false;
                                     daemon_.engine().on_bulk_open();
                                     open_gates();
                                     read_next();
                                     finish_files();
                                     daemon_.drive();
                                     if (plan_[index].held)
                                         time_.after(plan_[index].released_after, [this, index] { release(index); });
                                 }});
}

// A file with change_ids is released for sending when it and all older files are read, and its rows were compared with
// newer ones.
void intake_model::open_gates() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
        file_state& f = files_[i];
        if (f.gated_from == 0 || !f.read || opening_.contains(i)) continue;
        const bool older_unread = std::any_of(files_.begin(), files_.end(), [&f](const file_state& other) {
            return other.arrival != 0 && other.arrival < f.arrival && (!other.read || other.gated_from != 0);
        });
        if (older_unread) continue;
        opening_.insert(i);
        auto superseded = std::make_shared<std::size_t>(0);
        daemon_.ledger_thread().add({[superseded, arrival = f.arrival](ledger::store& s) {
                                         *superseded = s.newer().supersede_returning(arrival);
                                         s.files().set_gate(arrival, ledger::file_gate::open);
                                     },
                                     [this, superseded] { watch_.returning_superseded(*superseded); },
                                     [this, i] {
                                         file_state& file = files_[i];
                                         opening_.erase(i);
                                         daemon_.engine().on_rows(consent::place(file.arrival, file.gated_from),
                                                                  consent::place(file.arrival, file.rows), true);
                                         daemon_.engine().on_bulk_open();
                                         file.gated_from = 0;
                                         daemon_.drive();
                                         open_gates();
                                         finish_files();
                                     }});
    }
}

void intake_model::release(std::size_t index) {
    if (!daemon_.running()) return;  // the operator asks again after the start
    file_state& f = files_[index];
    if (f.released || f.releasing || !f.read) return;
    f.releasing = true;
    auto superseded = std::make_shared<std::size_t>(0);
    daemon_.ledger_thread().add({[superseded, arrival = f.arrival, stands = opt_out_stands_](ledger::store& s) {
                                     *superseded = s.newer().supersede_released(arrival);
                                     if (stands) *superseded += s.standing().supersede(*s.files().find(arrival));
                                     s.files().set_gate(arrival, ledger::file_gate::released);
                                 },
                                 [this, index, superseded] {
                                     watch_.returning_superseded(*superseded);
                                     files_[index].released = true;
                                 },
                                 [this, index] {
                                     const file_state& file = files_[index];
                                     daemon_.engine().on_released(consent::place(file.arrival, 1),
                                                                  consent::place(file.arrival, file.rows));
                                     daemon_.drive();
                                     finish_files();
                                 }});
}

void intake_model::finish_files() {
    if (finishing_ || !daemon_.running()) return;
    finishing_ = true;
    auto done = std::make_shared<std::vector<consent::arrival_number>>();
    daemon_.ledger_thread().add({[done, wall = time_.now().wall](ledger::store& s) {
                                     *done = s.files().settled_files(100);
                                     for (const auto arrival : *done) s.files().done(arrival, wall);
                                 },
                                 [this, done] {
                                     for (file_state& f : files_)
                                         if (!f.done && f.arrival != 0 &&
                                             std::count(done->begin(), done->end(), f.arrival) > 0) {
                                             f.done = true;
                                             ++done_;
                                         }
                                 },
                                 [this, done] {
                                     finishing_ = false;
                                     if (!done->empty()) finish_files();
                                 }});
}

}  // namespace consent_sync::simulation
