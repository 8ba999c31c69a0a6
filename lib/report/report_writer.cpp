#include "report/report_writer.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "report/batch_line.hpp"
#include "report/output_file.hpp"
#include "report/page.hpp"
#include "report/text.hpp"

namespace consent_sync::report {

void ledger_marks::put(ledger::store& store) const {
    if (!value.empty()) store.duties().put_meta_text(name, value);
    for (const consent::arrival_number arrival : done) store.files().done(arrival, done_at);
}

base::result<std::unique_ptr<report_writer>> report_writer::open(report_settings settings) {
    auto ledger = ledger::report_reader::open(settings.ledger_path);
    if (!ledger) return ledger.error();
    return std::unique_ptr<report_writer>(new report_writer(std::move(settings), std::move(*ledger)));
}

report_writer::report_writer(report_settings settings, std::unique_ptr<ledger::report_reader> ledger)
    : settings_(std::move(settings)), ledger_(std::move(ledger)) {}

// Cuts the day files of a kind to what the ledger has on record, and returns that.
base::result<watermark> report_writer::begin(series& of) {
    const auto read = ledger_->run([&](ledger::report_queries& q) { of.recorded = q.meta_text(of.meta); });
    if (!read) return read.error();
    watermark mark = parse_watermark(of.recorded);
    const bool as_left = of.clean && mark == of.written;
    of.clean = false;  // until this call has come to its end
    if (as_left) return mark;
    if (const auto cut = cut_to(of, mark); !cut) return cut.error();
    if (&of != &files_) return mark;
    if (const auto removed = remove_leftovers(mark); !removed) return removed.error();
    return mark;
}

// A day whose file is gone is forgotten: somebody removed it on purpose. It is created again when it is needed.
base::result<void> report_writer::cut_to(series& of, watermark& mark) {
    watermark found{mark.end_number, {}};
    for (const auto& [day, length] : mark.days) {
        const auto now = folder_of(day).cut(of.file, length);
        if (!now && now.error().code != base::errc::not_found) return now.error();
        if (!now && !folder_of(day).exists()) continue;  // the whole day is gone: it was old
        const std::uint64_t left = now ? *now : 0;
        if (left < length)
            base::log_event(base::level::warn, "report.shortened",
                            {{"day", day},
                             {"file", of.file},
                             {"bytes", left},
                             {"expected", length},
                             {"words",
                              "lines were removed from this report; they are not written again, but the "
                              "ledger has them (consent-sync history)"}});
        if (now) found.set(day, left);
    }
    mark = std::move(found);
    return {};
}

// Removes folders of files that are not done: their lines are cut off too, and they may be done on another day.
base::result<void> report_writer::remove_leftovers(const watermark& mark) {
    for (const auto& [day, length] : mark.days) {
        base::result<void> asked;
        const auto removed = folder_of(day).remove_leftovers([&](consent::arrival_number arrival) {
            bool unfinished = false;
            const auto ran = ledger_->run([&](ledger::report_queries& q) {
                const auto file = q.file(arrival);
                unfinished = file && file->state == ledger::file_state::read;
            });
            if (!ran) asked = ran;
            return ran && unfinished;
        });
        if (!asked) return asked.error();
        if (!removed) return removed.error();
    }
    return {};
}

base::result<void> report_writer::prepare_day(series& of, watermark& mark, const std::string& day) {
    const auto length = folder_of(day).prepare(of.file);
    if (!length) return length.error();
    mark.set(day, *length);
    return {};
}

ledger_marks report_writer::finish(series& of, const watermark& mark) {
    of.written = mark;
    of.clean = true;
    const bool news = mark != parse_watermark(of.recorded);
    return ledger_marks{of.meta, news ? format(mark) : std::string(), {}, {}};
}

base::result<batches_written> report_writer::write_batches(std::size_t most) {
    auto mark = begin(batches_);
    if (!mark) return mark.error();
    batches_written out;
    std::map<std::string, std::string> lines;  // by day
    std::string new_day;
    const auto read = ledger_->run([&](ledger::report_queries& q) {
        for (const auto& attempt : q.attempts_ended_after(mark->end_number, most)) {
            const std::string day = base::format_date(attempt.ended_at);
            if (!mark->find(day)) {  // the ledger must know the day before anything is written to its file
                new_day = day;
                break;
            }
            lines[day] += make_batch_line(settings_.account, attempt, q);
            mark->end_number = attempt.end_number;
            ++out.lines;
        }
    });
    if (!read) return read.error();
    out.more = out.lines == most || !new_day.empty();
    for (const auto& [day, text] : lines) {
        const auto length = folder_of(day).append(batches_.file, text);
        if (!length) return length.error();
        mark->set(day, *length);
    }
    if (!new_day.empty())
        if (const auto prepared = prepare_day(batches_, *mark, new_day); !prepared) return prepared.error();
    out.marks = finish(batches_, *mark);
    return out;
}

base::result<std::vector<consent::arrival_number>> report_writer::choose_files(std::size_t most, bool& waiting) {
    std::vector<consent::arrival_number> chosen;
    const auto read = ledger_->run([&](ledger::report_queries& q) {
        chosen = q.files_to_finish(most + broken_.size());
        waiting = q.any_unready_file();
    });
    if (!read) return read.error();
    std::erase_if(chosen, [this](consent::arrival_number arrival) { return broken_.contains(arrival); });
    if (chosen.size() > most) chosen.resize(most);
    return chosen;
}

// Writes the content of the file's hidden folder and returns the file's line. Empty: its rows do not add up.
base::result<std::string> report_writer::report_file(consent::arrival_number arrival, const std::string& day,
                                                     base::wall_time now, const open_input& input, files_written& out) {
    base::result<file_summary> summary = file_summary{};
    page_facts facts;
    const auto read = ledger_->run([&](ledger::report_queries& q) {
        summary = summarize(arrival, q);
        if (summary && summary->has_folder()) facts = read_page_facts(*summary, q);
    });
    if (!read) return read.error();
    if (!summary) {
        broken_.insert(arrival);
        out.failed.push_back({arrival, summary.error()});
        return std::string();
    }
    finished_file done{summary->file, {}, summary->failed_rows(), {}};
    if (!summary->has_folder()) {
        out.finished.push_back(std::move(done));
        return json_line(describe(settings_.account, *summary, now, {}, {}));
    }
    const auto hidden = folder_of(day).make_hidden(arrival);
    if (!hidden) return hidden.error();
    failed_file failed;
    if (done.failed_rows > summary->malformed_rows) {
        auto written = write_failed_file(*ledger_, summary->file, input, *hidden);
        if (!written) return written.error();
        failed = std::move(*written);
        done.input_fault = failed.input_fault;
    }
    const std::string name = folder_name(arrival, summary->file.name);
    const boost::json::value object = describe(settings_.account, *summary, now, name, failed);
    auto file = output_file::create(base::join_path(*hidden, summary_file));
    if (!file) return file.error();
    file->text() = json_indented(object);
    if (const auto closed = file->close(); !closed) return closed.error();
    facts.account = settings_.account;
    facts.done_at = now;
    auto page = output_file::create(base::join_path(*hidden, page_file));
    if (!page) return page.error();
    page->text() = format_page(*summary, failed, facts);
    if (const auto closed = page->close(); !closed) return closed.error();
    done.folder = day + '/' + name;
    out.finished.push_back(std::move(done));
    return json_line(object);
}

// All folders of a call share one sync of their content and one of their names.
base::result<void> report_writer::publish(const std::string& day, const std::vector<finished_file>& files) {
    const bool any = std::any_of(files.begin(), files.end(), [](const auto& f) { return !f.folder.empty(); });
    if (!any) return {};
    const day_folder folder = folder_of(day);
    if (const auto synced = folder.sync_content(); !synced) return synced.error();
    for (const finished_file& f : files) {
        if (f.folder.empty()) continue;
        const auto published = folder.publish(f.file.arrival, f.folder.substr(day.size() + 1));
        if (!published) return published.error();
    }
    return folder.sync();
}

base::result<files_written> report_writer::write_files(base::wall_time now, std::size_t most, const open_input& input) {
    auto mark = begin(files_);
    if (!mark) return mark.error();
    files_written out;
    const auto chosen = choose_files(most, out.waiting);
    if (!chosen) return chosen.error();
    if (chosen->empty()) {
        out.marks = finish(files_, *mark);
        return out;
    }
    const std::string day = base::format_date(now);
    out.more = true;
    if (!mark->find(day)) {  // the ledger must know the day before anything is written into its folder
        if (const auto prepared = prepare_day(files_, *mark, day); !prepared) return prepared.error();
        out.marks = finish(files_, *mark);
        return out;
    }
    std::string lines;
    for (const consent::arrival_number arrival : *chosen) {
        const auto line = report_file(arrival, day, now, input, out);
        if (!line) return line.error();
        lines += *line;
    }
    if (const auto published = publish(day, out.finished); !published) return published.error();
    const auto length = folder_of(day).append(files_.file, lines);
    if (!length) return length.error();
    mark->set(day, *length);
    out.marks = finish(files_, *mark);
    for (const finished_file& f : out.finished) out.marks.done.push_back(f.file.arrival);
    out.marks.done_at = now;
    out.more = chosen->size() == most;
    return out;
}

}  // namespace consent_sync::report
