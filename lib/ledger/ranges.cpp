#include "ledger/ranges.hpp"

#include <algorithm>
#include <charconv>

namespace consent_sync::ledger {
namespace {

void append_number(std::string& out, std::uint64_t n) {
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), n).ptr;
    out.append(digits, end);
}

// Reads a number at the front of `text` and removes it.
bool take_number(std::string_view& text, std::uint64_t& n) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (code != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::string format_ranges(std::vector<consent::place> places) {
    std::sort(places.begin(), places.end());
    std::string out;
    for (std::size_t i = 0; i < places.size();) {
        std::size_t last = i;
        while (last + 1 < places.size() && places[last + 1].id() == places[last].id() + 1) ++last;
        const bool same_file = i > 0 && places[i - 1].arrival() == places[i].arrival();
        if (i > 0) out += same_file ? ',' : ';';
        if (!same_file) {
            append_number(out, places[i].arrival());
            out += ':';
        }
        append_number(out, places[i].row());
        if (last > i) {
            out += '-';
            append_number(out, places[last].row());
        }
        i = last + 1;
    }
    return out;
}

std::vector<row_range> parse_ranges(std::string_view text) {
    std::vector<row_range> ranges;
    while (!text.empty()) {
        std::uint64_t arrival = 0;
        if (!take_number(text, arrival) || !take(text, ':')) break;
        do {
            row_range range{static_cast<consent::arrival_number>(arrival), 0, 0};
            if (!take_number(text, range.first)) return ranges;
            range.last = range.first;
            if (take(text, '-') && !take_number(text, range.last)) return ranges;
            ranges.push_back(range);
        } while (take(text, ','));
        if (!take(text, ';')) break;
    }
    return ranges;
}

std::vector<file_rows> split_files(std::string_view text) {
    std::vector<file_rows> files;
    while (!text.empty()) {
        std::uint64_t arrival = 0;
        if (!take_number(text, arrival) || !take(text, ':')) break;
        const std::string_view rows = text.substr(0, text.find(';'));
        files.push_back({static_cast<consent::arrival_number>(arrival), rows});
        text.remove_prefix(rows.size());
        if (!take(text, ';')) break;
    }
    return files;
}

std::vector<consent::place> expand_ranges(std::span<const row_range> ranges) {
    std::vector<consent::place> places;
    for (const row_range& range : ranges)
        for (std::uint64_t row = range.first; row <= range.last; ++row) places.emplace_back(range.arrival, row);
    return places;
}

}  // namespace consent_sync::ledger
