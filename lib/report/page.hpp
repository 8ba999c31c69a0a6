// report.html: a finished file for people without a terminal. One file that needs nothing else: no script, no picture,
// no font from elsewhere, and a Content-Security-Policy that lets nothing in but its own style. All text from outside
// is escaped. It holds addresses, like every report.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ledger/report_queries.hpp"
#include "report/failed_file.hpp"
#include "report/summary.hpp"
#include "report/timeline.hpp"

namespace consent_sync::report {

inline constexpr std::size_t shown_failures_max = 20;
inline constexpr std::size_t shown_reasons_max = 20;
inline constexpr std::size_t timeline_attempts_max = 100'000;

// What the page shows beside the summary.
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

// Text as it may stand between tags and in a quoted attribute.
std::string html_text(std::string_view text);

}  // namespace consent_sync::report
