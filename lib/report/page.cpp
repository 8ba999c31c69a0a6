#include "report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/redact.hpp"
#include "base/time_text.hpp"
#include "ledger/ranges.hpp"
#include "report/advice.hpp"
#include "report/page_style.hpp"

namespace consent_sync::report {
namespace {

std::uint64_t rows_of(std::string_view ranges, consent::arrival_number arrival) {
    std::uint64_t rows = 0;
    for (const ledger::row_range& r : ledger::parse_ranges(ranges))
        if (r.arrival == arrival) rows += r.last - r.first + 1;
    return rows;
}

using consent::verdict;

constexpr std::size_t drawn_pieces_min = 5;

std::uint64_t count_of(const file_summary& s, verdict v) { return s.totals.verdicts[static_cast<std::size_t>(v)]; }

std::string number(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string time_text(base::wall_time t) {
    std::string text = base::format_time(t).substr(0, 19);
    text[10] = ' ';
    return text + " UTC";
}

std::string duration_text(base::wall_time from, base::wall_time to) {
    const auto s = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(to - from).count());
    if (s < 1) return "less than a second";
    if (s < 60) return fmt::format("{} s", s);
    if (s < 3'600) return fmt::format("{} min {} s", s / 60, s % 60);
    return fmt::format("{} h {} min", s / 3'600, s % 3'600 / 60);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "–";
    const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    if (part > 0 && share < 0.1) return "&lt; 0.1 %";
    if (part < whole && share > 99.9) return "&gt; 99.9 %";
    return fmt::format("{:.1f} %", share);
}

// A cell that repeats the title of its column on narrow screens. `html` is already escaped.
std::string cell(const char* title, std::string_view html, const char* kind = "") {
    return fmt::format("<td class=\"{}\" data-th=\"{}\"><span class=\"cell\">{}</span></td>", kind, title, html);
}

std::string dotted(verdict of, std::string_view html) {
    return fmt::format("<span class=\"dot {}\"></span>{}", consent::name(of), html);
}

std::string head(const file_summary& s) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; base-uri 'none'; "
        "form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>{} · consent changes</title>\n<style>{}</style>\n</head>\n",
        page_style_hash(), html_text(s.file.name), page_style);
}

std::string verdict_of_the_whole(const file_summary& s) {
    const std::uint64_t failed = s.failed_rows();
    if (failed == 0 && s.file.fault.empty())
        return "<p class=\"whole good\">Every change of this file is settled, and none failed.</p>\n";
    std::string text = "<p class=\"whole bad\">";
    if (failed > 0)
        text += fmt::format("{} of {} changes failed. What to do about each kind is below.", number(failed),
                            number(s.file.rows));
    if (!s.file.fault.empty())
        text += " Reading broke off: " + html_text(s.file.fault) + ". What came after that is not in this report.";
    return text + "</p>\n";
}

std::string header(const file_summary& s, const page_facts& facts) {
    const ledger::file_record& f = s.file;
    std::string text = fmt::format(
        "<header>\n<p class=\"account\">{}</p>\n<h1>{}</h1>\n<p class=\"facts\">File {} · {} changes · arrived {} · "
        "done {} · took {}</p>\n",
        html_text(facts.account), html_text(f.name), consent::format_file_id(f.arrival), number(f.rows),
        time_text(f.claimed_at), time_text(facts.done_at), duration_text(f.claimed_at, facts.done_at));
    if (f.duplicate_of)
        text += fmt::format(
            "<p class=\"whole bad\">The same content was dropped before, as file {}: only its opt-outs were "
            "sent again.</p>\n",
            consent::format_file_id(*f.duplicate_of));
    return text + verdict_of_the_whole(s) + "</header>\n";
}

// One bar over the full width, with a segment for each verdict.
std::string bar(const file_summary& s) {
    std::string svg =
        "<svg class=\"bar\" viewBox=\"0 0 1000 28\" preserveAspectRatio=\"none\" role=\"img\" "
        "aria-label=\"Share of each verdict\">";
    double at = 0;
    for (int v = 1; v <= consent::verdict_count; ++v) {
        const auto of = static_cast<verdict>(v);
        if (count_of(s, of) == 0) continue;
        const double width = 1000.0 * static_cast<double>(count_of(s, of)) / static_cast<double>(s.file.rows);
        svg += fmt::format("<rect class=\"{}\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"28\"></rect>",
                           consent::name(of), at, std::max(width, 2.0));
        at += width;
    }
    return svg + "</svg>\n";
}

std::string verdicts(const file_summary& s) {
    std::string text =
        "<section>\n<h2>Verdicts</h2>\n" + bar(s) +
        "<div class=\"wide\"><table class=\"verdicts\">\n<thead><tr><th>Verdict</th><th class=\"n\">Changes</th>"
        "<th class=\"n\">Share</th><th>Meaning</th></tr></thead>\n<tbody>\n";
    for (int v = 1; v <= consent::verdict_count; ++v) {
        const auto of = static_cast<verdict>(v);
        text += fmt::format(
            "<tr><td class=\"w\"><span class=\"dot {0}\"></span>{0}</td><td class=\"n\">{1}</td><td class=\"n\">{2}</td>"
            "<td class=\"m\">{3}</td></tr>\n",
            consent::name(of), number(count_of(s, of)), percent(count_of(s, of), s.file.rows), meaning(of));
    }
    text += fmt::format(
        "<tr class=\"sum\"><td>all</td><td class=\"n\">{}</td><td class=\"n\"></td><td class=\"m\">every row that was "
        "read has exactly one verdict</td></tr>\n</tbody></table></div>\n",
        number(s.file.rows));
    const auto resubscribed =
        s.totals.successes[static_cast<std::size_t>(consent::success_reason::resubscribe_occurred)];
    const auto same = s.totals.successes[static_cast<std::size_t>(consent::success_reason::no_status_change)];
    if (resubscribed + same > 0)
        text += fmt::format(
            "<p class=\"note\">Of the confirmed changes, {} changed nothing, because the person had that status "
            "already, and {} subscribed a person again who had opted out before.</p>\n",
            number(same), number(resubscribed));
    return text + "</section>\n";
}

std::string reasons(const file_summary& s, const page_facts& facts) {
    if (s.failed_rows() == 0) return {};
    std::string text =
        "<section>\n<h2>Why changes failed, and what to do</h2>\n<div class=\"wide\"><table class=\"cards\">\n<thead><tr>"
        "<th class=\"n\">Changes</th><th>Reason</th><th>In the words of the first</th><th>What to do</th>"
        "</tr></thead>\n<tbody>\n";
    std::size_t shown = 0;
    for (const ledger::reason_count& r : s.reasons) {
        if (r.verdict == verdict::superseded || ++shown > shown_reasons_max) continue;
        const auto example = std::find_if(facts.examples.begin(), facts.examples.end(), [&r](const auto& e) {
            return e.reason.category == r.category && e.verdict == r.verdict;
        });
        const bool has = example != facts.examples.end();
        text += "<tr>" + cell("Changes", number(r.rows), "n") +
                cell("Reason", dotted(r.verdict, html_text(r.category)), "w") +
                cell("First words", has ? html_text(example->reason.message) : std::string()) +
                cell("What to do", html_text(advice(r.verdict, r.category))) + "</tr>\n";
    }
    text += "</tbody></table></div>\n";
    if (shown > shown_reasons_max)
        text +=
            fmt::format("<p class=\"note\">… and {} more reasons, in summary.json.</p>\n", shown - shown_reasons_max);
    return text + "</section>\n";
}

// The request of a row that could not be fully read is not guessed.
std::string_view asked(const ledger::ended_row& row) {
    const std::string& why = row.reason.category;
    const bool unread = row.verdict == verdict::invalid &&
                        (why == malformed_category || why == "missing_status" || why == "invalid_status");
    return unread ? "–" : consent::name(row.change.state);
}

std::string failures(const file_summary& s, const failed_file& failed, const page_facts& facts) {
    if (facts.failures.empty()) return {};
    // HubSpot has no id for rows that were never sent.
    const bool ids = std::any_of(facts.failures.begin(), facts.failures.end(),
                                 [](const auto& row) { return !row.reason.correlation_id.empty(); });
    std::string text =
        "<section>\n<h2>The first failed changes</h2>\n<div class=\"wide\"><table class=\"cards\">\n<thead><tr><th class=\"n\">"
        "Row</th><th>Address</th><th class=\"n\">Subscription</th><th>Asked</th><th>Why</th>" +
        std::string(ids ? "<th>Correlation id</th>" : "") + "</tr></thead>\n<tbody>\n";
    for (const ledger::ended_row& row : facts.failures)
        text += "<tr>" + cell("Row", std::to_string(row.change.id.row()), "n") +
                cell("Address", html_text(row.change.subscriber), "a") +
                cell("Subscription", row.change.subscription > 0 ? std::to_string(row.change.subscription) : "–", "n") +
                cell("Asked", asked(row), "w") +
                cell("Why", dotted(row.verdict, html_text(row.reason.category + ": " + row.reason.message))) +
                (ids ? cell("Correlation id", html_text(row.reason.correlation_id), "id") : "") + "</tr>\n";
    text += "</tbody></table></div>\n";
    if (!failed.name.empty())
        text += fmt::format(
            "<p><a class=\"file\" href=\"{0}\">{0}</a> holds all {1} of them. Mend what is wrong and drop it into "
            "the inbox as it is; rows that a newer change has overtaken meanwhile are left out by "
            "themselves. Open it as text: a spreadsheet may change what it shows.</p>\n",
            html_text(failed.name), number(failed.rows));
    if (s.malformed_rows > 0)
        text += fmt::format(
            "<p class=\"note\">{} rows whose structure is broken are named by line and bytes in summary.json "
            "instead.</p>\n",
            number(s.malformed_rows));
    return text + "</section>\n";
}

std::string pace_words(const timeline& t) {
    std::string text =
        fmt::format("At most {} changes a second. ", number(static_cast<std::uint64_t>(t.most_per_second() + 0.5)));
    if (t.failed() == 0) return text + "No request failed.";
    return text + number(t.failed()) + " requests failed or settled nothing; what they carried was sent again.";
}

// For a few seconds the text says more than a chart.
std::string pace(const page_facts& facts) {
    const timeline& t = facts.pace;
    if (t.pieces.empty()) return {};
    if (t.pieces.size() < drawn_pieces_min)
        return "<section>\n<h2>Pace</h2>\n<p class=\"note\">" + pace_words(t) + "</p>\n</section>\n";
    std::uint64_t most = 1;
    for (const auto& m : t.pieces) most = std::max(most, m.settled);
    std::string svg = fmt::format(
        "<svg class=\"pace\" viewBox=\"0 0 {} 120\" preserveAspectRatio=\"none\" role=\"img\" "
        "aria-label=\"Changes settled over time; failed requests below\">",
        t.pieces.size() * 10);
    for (std::size_t i = 0; i < t.pieces.size(); ++i) {
        const double height = 96.0 * static_cast<double>(t.pieces[i].settled) / static_cast<double>(most);
        svg += fmt::format("<rect class=\"confirmed\" x=\"{}\" y=\"{:.1f}\" width=\"9\" height=\"{:.1f}\"></rect>",
                           i * 10, 100 - height, height);
        if (t.pieces[i].failed > 0)
            svg += fmt::format("<rect class=\"rejected\" x=\"{}\" y=\"106\" width=\"9\" height=\"14\"></rect>", i * 10);
    }
    const auto end = t.begun + t.piece * static_cast<std::int64_t>(t.pieces.size());
    return fmt::format(
        "<section>\n<h2>Pace</h2>\n{}</svg>\n<p class=\"axis\"><span>{}</span><span>{}</span></p>\n"
        "<p class=\"note\">Green: changes that got their verdict{}. {}</p>\n</section>\n",
        svg, time_text(t.begun), time_text(end), t.failed() > 0 ? "; red below: failed requests" : "", pace_words(t));
}

std::string footer(const file_summary& s) {
    std::string text = "<footer>\n";
    if (!s.file.ignored_columns.empty())
        text += "<p>Unknown columns that were ignored: " + html_text(s.file.ignored_columns) + "</p>\n";
    text += fmt::format(
        "<p>The same facts for programs: <a class=\"file\" href=\"summary.json\">summary.json</a>. SHA-256 of the "
        "file as it was dropped: <span class=\"id\">{}</span></p>\n<p>This page holds personal data. It shows "
        "what was known when the file was done.</p>\n</footer>\n",
        html_text(s.file.sha256));
    return text;
}

}  // namespace

std::string html_text(std::string_view text) {
    std::string out;
    for (const char c : base::escape_controls(text)) switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    return out;
}

page_facts read_page_facts(const file_summary& summary, ledger::report_queries& ledger) {
    page_facts facts;
    const consent::arrival_number arrival = summary.file.arrival;
    std::size_t shown = 0;
    for (const ledger::reason_count& r : summary.reasons) {
        if (r.verdict == verdict::superseded || ++shown > shown_reasons_max) continue;
        for (ledger::ended_row& row : ledger.rows_with_category(arrival, r.category, 1))
            facts.examples.push_back(std::move(row));
    }
    if (summary.failed_rows() > 0) facts.failures = ledger.failed_rows(arrival, 0, "", shown_failures_max);
    std::vector<timeline_attempt> attempts;
    ledger.each_attempt_of_file(summary.file, [&](const ledger::attempt_record& attempt) {
        if (const auto a = to_timeline(attempt, arrival)) attempts.push_back(*a);
        return attempts.size() < timeline_attempts_max;
    });
    facts.pace = make_timeline(attempts);
    return facts;
}

std::string format_page(const file_summary& summary, const failed_file& failed, const page_facts& facts) {
    return head(summary) + "<body>\n<main>\n" + header(summary, facts) + verdicts(summary) + reasons(summary, facts) +
           failures(summary, failed, facts) + pace(facts) + footer(summary) + "</main>\n</body>\n</html>\n";
}

// ---- The timeline.

double timeline::most_per_second() const {
    std::uint64_t most = 0;
    for (const moment& m : pieces) most = std::max(most, m.settled);
    return piece.count() > 0 ? static_cast<double>(most) * 1000.0 / static_cast<double>(piece.count()) : 0;
}

std::uint64_t timeline::failed() const {
    std::uint64_t all = 0;
    for (const moment& m : pieces) all += m.failed;
    return all;
}

std::optional<timeline_attempt> to_timeline(const ledger::attempt_record& attempt, consent::arrival_number arrival) {
    if (attempt.end_number == 0) return std::nullopt;
    const std::uint64_t carried = rows_of(attempt.changes, arrival);
    const std::uint64_t left = std::min(carried, rows_of(attempt.unsettled, arrival));
    timeline_attempt a;
    a.begun = attempt.begun_at;
    a.ended = attempt.ended_at;
    if (!attempt.assertion) a.settled = static_cast<std::uint32_t>(carried - left);
    a.failed = carried > 0 && left == carried;
    return a;
}

timeline make_timeline(std::span<const timeline_attempt> attempts) {
    timeline t;
    if (attempts.empty()) return t;
    t.begun = attempts.front().begun;
    base::wall_time last{};
    for (const timeline_attempt& a : attempts) {
        t.begun = std::min(t.begun, a.begun);
        last = std::max(last, a.ended);
    }
    const auto length = std::max(std::chrono::ceil<base::milliseconds>(last - t.begun), base::milliseconds(1'000));
    // At least a whole second: a few requests within milliseconds do not show a pace.
    const std::int64_t seconds = (length.count() + 999) / 1'000;
    const std::int64_t piece =
        (seconds + static_cast<std::int64_t>(timeline_pieces) - 1) / static_cast<std::int64_t>(timeline_pieces);
    t.piece = base::milliseconds(piece * 1'000);
    t.pieces.resize(static_cast<std::size_t>((seconds + piece - 1) / piece));
    for (const timeline_attempt& a : attempts) {
        const auto at = std::chrono::duration_cast<base::milliseconds>(a.ended - t.begun) / t.piece;
        timeline::moment& m = t.pieces[std::clamp<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(0, at)),
                                                               0, t.pieces.size() - 1)];
        m.settled += a.settled;
        m.failed += a.failed;
    }
    return t;
}

}  // namespace consent_sync::report
