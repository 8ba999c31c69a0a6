// report.html: a finished file for people without a terminal. It is self-contained: it loads no script, image or font,
// and its Content-Security-Policy allows nothing but its own style. All text from outside is escaped. Like every report
// it contains addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ledger/attempt_table.hpp"
#include "ledger/report_queries.hpp"
#include "report/failed_file.hpp"
#include "report/summary.hpp"

namespace consent_sync::report {

inline constexpr std::size_t shown_failures_max = 20;
inline constexpr std::size_t shown_reasons_max = 20;
inline constexpr std::size_t timeline_attempts_max = 100'000;

// ---- The progress of a file over time: settled changes and failed attempts, in intervals of the same length.

struct timeline {
    base::wall_time begun{};
    base::milliseconds piece{0};  // how long each is; 0: there is nothing to show
    struct moment {
        std::uint64_t settled = 0;  // changes of the file
        std::uint64_t failed = 0;   // attempts without an answer, or with one that settled nothing
    };
    std::vector<moment> pieces;

    double most_per_second() const;
    std::uint64_t failed() const;
};

inline constexpr std::size_t timeline_pieces = 60;

// The part of an attempt that the timeline needs. A file of ten million changes has a hundred thousand attempts.
struct timeline_attempt {
    base::wall_time begun{};
    base::wall_time ended{};
    std::uint32_t settled = 0;  // changes of the file
    bool failed = false;
};
// Nothing: the attempt is still open.
std::optional<timeline_attempt> to_timeline(const ledger::attempt_record& attempt, consent::arrival_number arrival);

// From the first attempt to the end of the last.
timeline make_timeline(std::span<const timeline_attempt> attempts);

// ---- The page.

// What the page shows in addition to the summary.
struct page_facts {
    std::string account;
    base::wall_time done_at{};
    std::vector<ledger::ended_row> examples;  // one for each of the first reasons of the summary
    std::vector<ledger::ended_row> failures;  // the first failed rows
    timeline pace;
};

// Throws ledger::database_error; runs inside report_reader::run().
page_facts read_page_facts(const file_summary& summary, ledger::report_queries& ledger);

std::string format_page(const file_summary& summary, const failed_file& failed, const page_facts& facts);

// Escapes text for use between tags and in quoted attributes.
std::string html_text(std::string_view text);

}  // namespace consent_sync::report
