#include "service/run/lost_commits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "intake/arrival/claim.hpp"

namespace consent_sync::service {
namespace {

constexpr std::int64_t recent_generations = 2;        // a start counts twice, each hour of running once
constexpr std::int64_t ids_lost_max = 1'000'000'000;  // attempts that the lost part of a ledger may have numbered

void add_part(std::string& words, std::string part) {
    if (!words.empty()) words += "; ";
    words += std::move(part);
}

// The lost part reported, and these lines stay: the ledger takes up the days anew.
void keep_reports(ledger::store& s) {
    for (const char* const series : {"reports.batches", "reports.files"}) {
        const std::string mark = s.duties().meta_text(series);
        s.duties().put_meta_text(series, mark.substr(0, mark.find(' ')));
    }
}

std::size_t adopt(ledger::store& s, const std::vector<trace>& files, consent::arrival_number known,
                  base::wall_time now) {
    std::size_t adopted = 0;
    for (const trace& each : files) {
        if (each.arrival <= known || s.files().find(each.arrival)) continue;
        ledger::file_record file;
        file.arrival = each.arrival;
        file.name = each.name;
        file.stored_name = intake::processing_name(each.arrival, each.name);
        file.claimed_at = now;
        s.files().adopt(file);
        ++adopted;
    }
    return adopted;
}

// What was done after them may have been undone by files that are not read again: their opt-ins wait for a person.
std::size_t hold_open_files(ledger::store& s) {
    std::size_t held = 0;
    for (const ledger::file_record& file : s.files().open_files()) {
        if (file.gate == ledger::file_gate::held || file.gate == ledger::file_gate::check) continue;
        s.files().set_gate(file.arrival, ledger::file_gate::held);
        ++held;
    }
    return held;
}

}  // namespace

std::string describe_lost(const ledger_progress& in, const progress_on_disk& seen) {
    std::string words;
    if (seen.commit && in.commit < *seen.commit)
        add_part(words, fmt::format("newest commit {} of {}", in.commit, *seen.commit));
    if (seen.generation && in.generation < *seen.generation)
        add_part(words, fmt::format("generation {} of {}", in.generation, *seen.generation));
    if (in.arrival < seen.arrival)
        add_part(words, fmt::format("files up to {} of {}", consent::format_file_id(in.arrival),
                                    consent::format_file_id(seen.arrival)));
    if (in.attempt < seen.attempt) add_part(words, fmt::format("attempts up to {} of {}", in.attempt, seen.attempt));
    if (in.odd_files > 0) add_part(words, fmt::format("open files whose rows do not add up: {}", in.odd_files));
    return words;
}

bool is_recent_loss(const ledger_progress& in, const progress_on_disk& seen) {
    return seen.generation && in.generation + recent_generations >= *seen.generation;
}

std::string accept_loss(ledger::store& s, const traces& found, const ledger_progress& in, const progress_on_disk& seen,
                        base::wall_time now) {
    const bool recent = is_recent_loss(in, seen);
    const std::size_t open = recent ? 0 : hold_open_files(s);
    const std::size_t from_processing = adopt(s, found.processing, in.arrival, now);
    const std::size_t from_done = recent ? adopt(s, found.done, in.arrival, now) : 0;
    s.files().number_after(std::max(in.arrival, seen.arrival));
    s.duties().put_meta(ledger::attempt_floor, std::max(in.attempt, seen.attempt) + ids_lost_max);
    s.duties().put_meta(ledger::batch_floor,
                        std::max(s.attempts().newest_batch(), s.duties().meta(ledger::batch_floor, 0)) + ids_lost_max);
    s.duties().put_meta(odd_files_known, static_cast<std::int64_t>(in.odd_files) + s.duties().meta(odd_files_known, 0));
    keep_reports(s);
    return fmt::format(
        "{} ({}): its log was damaged, or it is an older one. What was done and sent since is not in it. Files that it "
        "does not know: {} of processing/ and {} of done/ are read again and held, {} of done/ are left there; {} open "
        "ones are held. Nothing is sent until an operator resumes: see /usr/share/doc/consent-sync/recovery.md",
        lost_words, describe_lost(in, seen), from_processing, from_done, found.done.size() - from_done, open);
}

}  // namespace consent_sync::service
