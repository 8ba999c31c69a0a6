#include "observe/status_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/time_text.hpp"
#include "base/utf8.hpp"

namespace consent_sync::observe {
namespace {

constexpr const char* bold = "\x1b[1m";
constexpr const char* red = "\x1b[31m";
constexpr const char* yellow = "\x1b[33m";
constexpr const char* plain = "\x1b[0m";
constexpr std::size_t title_width = 12;
constexpr std::size_t name_width = 24;
constexpr std::size_t one_line_width = 120;  // from here on a file's counts stand beside its bar

std::string clock_text(base::wall_time t) { return base::format_time(t).substr(0, 19) + "Z"; }

double since(base::wall_time t, base::wall_time now) {
    return std::max(0.0, std::chrono::duration<double>(now - t).count());
}

std::string counts_text(const ledger::verdict_counts& counts) {
    std::string text;
    for (int v = 1; v <= consent::verdict_count; ++v) {
        const std::uint64_t n = counts[static_cast<std::size_t>(v)];
        if (n > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", format_count(n),
                                consent::name(static_cast<consent::verdict>(v)));
    }
    return text;
}

class page {
  public:
    explicit page(const text_style& style) : style_(style) {}
    // Long text is wrapped and continues `indent` columns in.
    void line(const std::string& text, std::size_t indent = 2, const char* colour = nullptr) {
        for (const std::string& each : wrap_columns(text, style_.width, indent))
            lines_.push_back(style_.colour && colour ? colour + each + plain : each);
    }
    void row(const char* title, const std::string& text, const char* colour = nullptr) {
        line(fmt::format("{:<12}{}", title, text), title_width, colour);
    }
    void append(page&& other) {
        lines_.insert(lines_.end(), std::make_move_iterator(other.lines_.begin()),
                      std::make_move_iterator(other.lines_.end()));
    }
    std::size_t size() const { return lines_.size(); }
    std::string take(std::size_t most) const {
        std::string text;
        for (std::size_t i = 0; i < lines_.size() && i < most; ++i) text += lines_[i] + "\n";
        return text;
    }

  private:
    const text_style& style_;
    std::vector<std::string> lines_;
};

void put_state(page& out, const snapshot& s) {
    std::string head = fmt::format("consent-sync {} · {}", s.account, state_of(s));
    if (s.started) head += fmt::format(" · runs for {}", format_seconds(since(*s.started, s.at)));
    out.line(head + " · " + clock_text(s.at), 2, bold);
    if (!s.running) out.line("The daemon is down. What follows is from its ledger.", 2, yellow);
    for (const pause_view& p : s.pauses) {
        out.line(fmt::format("PAUSED ({}) since {}, for {}", p.reason, clock_text(p.since),
                             format_seconds(since(p.since, s.at))),
                 2, red);
        if (!p.words.empty()) out.line("  " + p.words);
        if (p.reason == "operator")
            out.line("  to continue: consent-sync resume");
        else if (p.reason == "disk")
            out.line("  continues automatically when the ledger can be written again");
        else if (p.goes_on && *p.goes_on > s.at)
            out.line(fmt::format("  looks again at {}, in {}", clock_text(*p.goes_on),
                                 format_seconds(-std::chrono::duration<double>(s.at - *p.goes_on).count())));
        else if (s.running)
            out.line("  looks again now");
    }
}

// How wide the parts of a file's line are in this terminal.
struct file_layout {
    std::size_t name = name_width;
    std::size_t bar = 20;
    bool one_line = true;

    explicit file_layout(std::size_t width) {
        one_line = width >= one_line_width;
        if (width < 72) bar = width < 56 ? 0 : 10;
        const std::size_t others = 2 + 8 + 1 + 1 + (bar > 0 ? bar + 3 : 0) + 6 + 2 + 9;  // all but the name
        if (!one_line) name = std::clamp<std::size_t>(width > others ? width - others : 0, 6, 40);
    }
};

page file_lines(const file_view& f, const text_style& style) {
    page out(style);
    const file_layout layout(style.width);
    const double share = f.progress();
    std::string text = fmt::format("  {} {} ", consent::format_file_id(f.arrival), pad_columns(f.name, layout.name));
    if (layout.bar > 0) text += format_bar(share, layout.bar, style.blocks) + " ";
    text += fmt::format("{:>4.0f} %  ", std::floor(share * 100));
    const std::string activity(name(f.activity));
    std::string counts =
        fmt::format("{} of {}{}", format_count(f.settled), f.activity == file_activity::reading ? "about " : "",
                    format_count(f.rows_expected));
    if (const std::string by_verdict = counts_text(f.counts); !by_verdict.empty()) counts += ": " + by_verdict;
    if (layout.one_line) {
        out.line(text + pad_columns(activity, 10) + counts, 11);
    } else {
        out.line(text + activity, 11);
        out.line("           " + counts, 11);
    }
    if (f.activity == file_activity::held)
        out.line(fmt::format("           decide with: consent-sync release {0}, or: consent-sync refuse {0}",
                             consent::format_file_id(f.arrival)),
                 11, yellow);
    return out;
}

// `room`: lines at most; 0: no limit.
void put_files(page& out, const snapshot& s, const text_style& style, std::size_t room) {
    out.row("files", s.open_files == 0 ? "none open"
                                       : fmt::format("{} open{}", format_count(s.open_files),
                                                     s.held_files > 0 ? fmt::format(", {} held", s.held_files) : ""));
    std::size_t shown = 0;
    std::size_t used = 1;
    for (const file_view& f : s.files) {
        page lines = file_lines(f, style);
        const std::size_t last = shown + 1 < s.open_files ? 1 : 0;  // for "and N more"
        if (room > 0 && used + lines.size() + last > room) break;
        used += lines.size();
        ++shown;
        out.append(std::move(lines));
    }
    if (s.open_files > shown && (room == 0 || used < room))
        out.line(fmt::format("  … and {} more", format_count(s.open_files - shown)));
}

void put_changes(page& out, const snapshot& s) {
    out.row("changes", format_count(s.waiting) + " waiting" +
                           (s.held > 0 ? ", " + format_count(s.held) + " held" : std::string()));
    if (s.settled_since_start) {
        const std::string counts = counts_text(*s.settled_since_start);
        out.row("since start", counts.empty() ? "no verdict yet" : counts);
    }
    if (s.pace) {
        std::string text = fmt::format("{:.1f} changes/s", *s.pace);
        if (const auto left = s.seconds_left()) text += fmt::format(" · {} left at this pace", format_seconds(*left));
        if (const auto left = s.seconds_left_at_limit())
            text += fmt::format(" · {} at the limit", format_seconds(*left));
        out.row("pace", text);
    }
    out.row("opt-outs", s.oldest_opt_out_seconds
                            ? "the oldest unsent one waits for " + format_seconds(*s.oldest_opt_out_seconds)
                            : "none waiting");
}

void put_limits(page& out, const snapshot& s) {
    if (s.limit)
        out.row("limit", fmt::format("{} of {} requests in {} used{} · {} in flight of at most {}", s.limit->used,
                                     s.limit->requests, base::format_duration(s.limit->interval),
                                     s.limit->others > 0 ? fmt::format(", {} left to others", s.limit->others) : "",
                                     s.in_flight, s.window));
    if (s.daily) {
        const std::int64_t used = s.daily->limit - s.daily->remaining;
        std::string text = fmt::format("{} of {} requests used",
                                       format_count(static_cast<std::uint64_t>(std::max<std::int64_t>(0, used))),
                                       format_count(static_cast<std::uint64_t>(s.daily->limit)));
        if (s.daily->ends != base::wall_time{}) text += ", ends at " + clock_text(s.daily->ends);
        if (s.daily->at_reserve) text += " · only opt-outs go until then";
        out.row("day", text, s.daily->at_reserve ? yellow : nullptr);
    }
    out.row("late writes", s.late_write_keys == 0 ? "none open" : format_count(s.late_write_keys) + " keys");
    if (s.verdicts_refused > 0)
        out.row("bug",
                fmt::format("second verdicts that were not written: {}; see ledger.verdict_refused in the log",
                            format_count(s.verdicts_refused)),
                red);
    std::string text = format_bytes(s.ledger_bytes);
    if (s.disk_free_bytes) text += " · " + format_bytes(*s.disk_free_bytes) + " free on its disk";
    out.row("ledger", text);
    if (s.inbox_files)
        out.row("inbox", format_count(*s.inbox_files) + (*s.inbox_files == 1 ? " file" : " files"));
    else
        out.row("inbox", "not there, or not readable", yellow);
    if (!s.kept.empty()) out.row("old data", s.kept, yellow);
    if (!s.trouble.empty()) out.row("trouble", s.trouble, yellow);
}

}  // namespace

std::string format_status(const snapshot& s, const text_style& style) {
    page out(style);
    put_state(out, s);
    page below(style);
    put_changes(below, s);
    put_limits(below, s);
    std::size_t room = 0;
    if (style.rows > 0) room = std::max<std::size_t>(1, style.rows - std::min(style.rows, out.size() + below.size()));
    put_files(out, s, style, room);
    out.append(std::move(below));
    return out.take(style.rows > 0 ? style.rows : out.size());
}

std::string format_count(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string format_bytes(std::uint64_t n) {
    constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(n);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", n) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string format_seconds(double seconds) {
    if (seconds < 10) return fmt::format("{:.1f} s", std::max(0.0, seconds));
    if (seconds >= 1e9) return "years";
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3'600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    if (whole < 86'400) return fmt::format("{} h {} min", whole / 3'600, whole % 3'600 / 60);
    return fmt::format("{} d {} h", whole / 86'400, whole % 86'400 / 3'600);
}

std::string format_bar(double share, std::size_t width, bool blocks) {
    const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
    std::string bar = "[";
    for (std::size_t i = 0; i < width; ++i) bar += i < full ? (blocks ? "█" : "#") : (blocks ? "░" : ".");
    return bar + "]";
}

// ---- Columns of a terminal.

namespace {

struct range {
    std::uint32_t first, last;
};

constexpr std::array<range, 12> wide{{{0x1100, 0x115f},
                                      {0x2e80, 0x303e},
                                      {0x3041, 0xa4cf},
                                      {0xa960, 0xa97c},
                                      {0xac00, 0xd7a3},
                                      {0xf900, 0xfaff},
                                      {0xfe30, 0xfe6f},
                                      {0xff01, 0xff60},
                                      {0xffe0, 0xffe6},
                                      {0x1f300, 0x1f64f},
                                      {0x1f680, 0x1faff},
                                      {0x20000, 0x3fffd}}};
constexpr std::array<range, 5> combining{
    {{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}}};

template <class Ranges>
bool holds(const Ranges& ranges, std::uint32_t code) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [code](const range& r) { return r.first <= code && code <= r.last; });
}

// The character at `at`: its bytes and its columns. An invalid byte counts as one column.
struct character {
    std::size_t bytes = 1, columns = 1;
};

character character_at(std::string_view text, std::size_t at) {
    const std::size_t length = base::utf8_length(text, at);
    if (length <= 1) return {};
    std::uint32_t code = static_cast<unsigned char>(text[at]) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
    return {length, holds(combining, code) ? 0U : holds(wide, code) ? 2U : 1U};
}

}  // namespace

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const character c = character_at(text, at);
        columns += c.columns;
        at += c.bytes;
    }
    return columns;
}

std::string cut_columns(std::string_view text, std::size_t width) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const character c = character_at(text, at);
        columns += c.columns;
        if (columns > width) return std::string(text.substr(0, at));
        at += c.bytes;
    }
    return std::string(text);
}

std::string pad_columns(std::string_view text, std::size_t width) {
    std::string out = cut_columns(text, width);
    out.append(width - columns_of(out), ' ');
    return out;
}

std::vector<std::string> wrap_columns(std::string_view text, std::size_t width, std::size_t indent) {
    std::vector<std::string> lines;
    const std::string margin(std::min(indent, width / 2), ' ');
    std::string line;
    while (!text.empty()) {
        std::string piece = cut_columns(text, std::max<std::size_t>(1, width - columns_of(line)));
        if (piece.size() < text.size()) {
            const std::size_t space = text[piece.size()] == ' ' ? piece.size() : piece.rfind(' ');
            const std::size_t words = piece.find_first_not_of(' ');
            if (space != std::string::npos && words != std::string::npos && space > words) piece.resize(space);
            if (piece.empty()) piece = std::string(text.substr(0, character_at(text, 0).bytes));
        }
        text.remove_prefix(piece.size());
        if (!text.empty()) text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        lines.push_back(line + piece);
        line = margin;
    }
    if (lines.empty()) lines.emplace_back();
    return lines;
}

}  // namespace consent_sync::observe
