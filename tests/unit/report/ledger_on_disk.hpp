// A ledger and dropped files in a folder of their own, brought to any state by the ledger's own means.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "intake/file_reader.hpp"
#include "ledger/store.hpp"
#include "report/report_writer.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::report {

inline const base::wall_time noon = base::from_unix_ms(1'795'435'200'000);  // 2026-11-23T12:00:00Z
constexpr std::uint64_t bytes_max = 1 << 30;

class ledger_on_disk {
  public:
    ledger_on_disk() {
        std::filesystem::create_directory(folder / "reports");
        std::filesystem::create_directory(folder / "processing");
        auto opened = ledger::store::open(folder / "ledger.db");
        if (!opened) throw std::runtime_error(opened.error().message);
        store = std::move(*opened);
    }

    void transact(const std::function<void(ledger::store&)>& work) const {
        const auto done = store->transact(work);
        if (!done) throw std::runtime_error(done.error().message);
    }

    // Drops a file and reads it into the ledger to its end.
    consent::arrival_number drop(const std::string& name, const std::string& content,
                                 const config::rule_settings& rules = {}) {
        std::vector<ledger::file_record> files(1);
        files[0].name = name;
        files[0].stored_name = ".x";
        files[0].claimed_at = noon - std::chrono::seconds(60);
        transact([&](ledger::store& s) { s.files().add(files); });
        ledger::file_record& file = files[0];
        file.size = content.size();
        const std::string stored = "processing/" + file.stored_name;
        folder.write(stored, content);
        std::vector<intake::row> rows;
        std::vector<intake::row> all;
        auto reader = intake::file_reader::open(folder / stored, name, {{}, rules, bytes_max});
        if (!reader) throw std::runtime_error(reader.error().message);
        for (;;) {
            const auto state = reader->next(rows, 1000);
            all.insert(all.end(), rows.begin(), rows.end());
            if (state.at != intake::read_result::state::more) break;
        }
        transact([&](ledger::store& s) { append(s, file, all); });
        last_read = all;
        return file.arrival;
    }

    // As the engine writes it down: one attempt for these rows, ended.
    ledger::attempt_id attempt(const std::vector<consent::place>& changes,
                               const std::vector<ledger::settled_change>& settled,
                               const std::vector<consent::place>& unsettled = {},
                               const ledger::attempt_end& words = judged()) {
        const ledger::attempt_id id = ++attempts_;
        ledger::ledger_change begin;
        begin.begins.push_back({id, id, 1, false, changes, words.ended_at - std::chrono::milliseconds(250), {}});
        ledger::ledger_change end;
        end.ends.push_back(words);
        end.ends[0].id = id;
        end.ends[0].unsettled = unsettled;
        end.settled = settled;
        for (auto& change : end.settled)
            if (change.verdict != consent::verdict::superseded) change.attempt = id;
        transact([&](ledger::store& s) { s.apply(begin); });
        transact([&](ledger::store& s) { s.apply(end); });
        return id;
    }

    static ledger::attempt_end judged() {
        ledger::attempt_end end;
        end.ended_at = noon;
        end.outcome = "judged";
        end.status = 207;
        end.duration = base::milliseconds(250);
        end.correlation_id = "corr-1";
        return end;
    }
    static ledger::settled_change confirmed(consent::place id) {
        ledger::settled_change end;
        end.id = id;
        end.success = consent::success_reason::requested_change_occurred;
        return end;
    }
    static ledger::settled_change failed(consent::place id, consent::verdict verdict, ledger::reason why) {
        ledger::settled_change end;
        end.id = id;
        end.verdict = verdict;
        end.reason = std::make_shared<const ledger::reason>(std::move(why));
        return end;
    }

    // Every row of the file that has no verdict yet, by one attempt a hundred rows.
    void confirm_rest(consent::arrival_number arrival) {
        for (;;) {
            std::vector<consent::place> places;
            std::vector<ledger::settled_change> settled;
            transact([&](ledger::store& s) {
                const consent::place first(arrival, 0);
                const consent::place last(arrival, consent::place::row_max);
                for (const auto& c : s.changes().fetch_opt_outs(first, last, 50).changes) places.push_back(c.change.id);
                for (const auto& c : s.changes().fetch_bulk(first, last, 50).changes) places.push_back(c.change.id);
            });
            if (places.empty()) return;
            for (const consent::place p : places) settled.push_back(confirmed(p));
            attempt(places, settled);
        }
    }

    std::unique_ptr<report_writer> make_writer() const {
        auto writer = report_writer::open({"acme", folder / "reports", folder / "ledger.db"});
        if (!writer) throw std::runtime_error(writer.error().message);
        return std::move(*writer);
    }

    open_input input() const {
        return [this](const ledger::file_record& file) {
            return intake::raw_row_reader::open(folder / ("processing/" + file.stored_name), file.name, bytes_max);
        };
    }

    // The service's loops.
    void write_batches(report_writer& writer, std::size_t most = 1000) const {
        for (bool more = true; more;) {
            const auto step = writer.write_batches(most);
            if (!step) throw std::runtime_error(step.error().message);
            transact([&](ledger::store& s) { step->marks.put(s); });
            more = step->more;
        }
    }
    files_written write_files(report_writer& writer, base::wall_time now = noon, std::size_t most = 1000) const {
        files_written all;
        for (bool more = true; more;) {
            auto step = writer.write_files(now, most, input());
            if (!step) throw std::runtime_error(step.error().message);
            transact([&](ledger::store& s) { step->marks.put(s); });
            more = step->more;
            all.finished.insert(all.finished.end(), step->finished.begin(), step->finished.end());
            all.failed.insert(all.failed.end(), step->failed.begin(), step->failed.end());
        }
        return all;
    }

    std::vector<boost::json::value> lines(const std::string& name) const {
        std::vector<boost::json::value> all;
        const std::string text = folder.read(name);
        EXPECT_TRUE(text.empty() || text.back() == '\n');
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            all.push_back(boost::json::parse(text.substr(at, end - at)));
            at = end + 1;
        }
        return all;
    }

    base::temp_folder folder;
    std::unique_ptr<ledger::store> store;
    std::vector<intake::row> last_read;

  private:
    static void append(ledger::store& s, const ledger::file_record& file, const std::vector<intake::row>& rows) {
        s.files().claimed(file);
        s.files().begin_reading(file.arrival, std::string(64, '1'), std::nullopt);
        std::vector<ledger::new_row> stored;
        std::uint64_t invalid = 0;
        for (const intake::row& row : rows) {
            ledger::new_row next;
            next.change = row.change;
            next.change.id = consent::place(file.arrival, row.number);
            next.offset = row.offset;
            if (row.fault) {
                next.invalid = ledger::reason{row.fault->category, row.fault->message, "", {}};
                ++invalid;
            }
            stored.push_back(std::move(next));
        }
        s.changes().append(stored);
        s.files().progress(file.arrival, rows.size(), file.size, invalid);
        s.files().end_reading(
            {file.arrival, noon - std::chrono::seconds(30), "", "note, crm id", file.size, file.modified_ns});
    }

    ledger::attempt_id attempts_ = 0;
};

}  // namespace consent_sync::report
