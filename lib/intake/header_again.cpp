#include "intake/header_again.hpp"

#include <algorithm>
#include <array>

#include "intake/column_words.hpp"
#include "intake/limits.hpp"
#include "intake/text.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

using line_cells = std::span<const std::string_view>;

bool holds_at_sign(std::string_view cell) { return cell.find('@') != std::string_view::npos; }
bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_all_digits(std::string_view cell) { return std::all_of(cell.begin(), cell.end(), is_ascii_digit); }

// Without a byte order mark, which stands before the header of a file and so in the middle of joined ones.
std::string_view bare(std::string_view cell) {
    if (cell.starts_with("\xEF\xBB\xBF")) cell.remove_prefix(3);
    return without_marks(cell);
}

// The field that a name means, also in brackets, behind '#' or as a formula: "[email]", "#email", ="email".
field find_decorated(std::string_view cell) {
    const field plain = find_field(bare(cell));
    if (plain != field::unknown || cell.size() > column_name_bytes_max) return plain;
    std::string letters;
    for (const std::string& word : split_words(cell)) letters += word;
    return find_field(letters);
}

bool is_same_name(std::string_view a, std::string_view b) {
    std::array<char, 4 * column_name_bytes_max> of_a;
    std::array<char, 4 * column_name_bytes_max> of_b;
    a = bare(a);
    b = bare(b);
    return a == b || (!a.empty() && !b.empty() && !simplify(a, of_a.data(), of_a.size()).empty() &&
                      simplify(a, of_a.data(), of_a.size()) == simplify(b, of_b.data(), of_b.size()));
}

bool names_something_known(std::string_view cell) {
    return find_decorated(cell) != field::unknown || smells_of_consent(cell);
}

// What people write where they have no address.
bool says_no_address(const std::vector<std::string>& words) {
    constexpr std::array first_words = std::to_array<std::string_view>(
        {"no",    "not",  "none",    "na",   "n",     "nan", "null", "nil",   "unknown", "invalid", "bad",   "broken",
         "wrong", "test", "missing", "kein", "keine", "sin", "pas",  "aucun", "nobody",  "garbage", "error", "empty"});
    return words.empty() || std::find(first_words.begin(), first_words.end(), words.front()) != first_words.end();
}

// Whether a cell without an @ looks like an address all the same: ann.example.com, ann(at)example, ann2.
bool is_mistyped_address(std::string_view cell, const std::vector<std::string>& words) {
    if (std::find(words.begin(), words.end(), "at") != words.end()) return true;
    if (std::any_of(cell.begin(), cell.end(), is_ascii_digit)) return true;
    const std::size_t dot = cell.rfind('.');
    return dot != std::string_view::npos && !names_something_known(cell.substr(dot + 1));
}

bool is_broken_address(std::string_view cell) {
    const std::vector<std::string> words = split_words(cell);
    return says_no_address(words) || is_mistyped_address(cell, words);
}

// pandas numbers columns without names: 0,1,2.
bool counts_columns(line_cells cells) {
    for (std::size_t i = 0; i < cells.size(); ++i)
        if (bare(cells[i]) != std::to_string(i)) return false;
    return cells.size() > 1;
}

// Words for a status in full, in whatever position: they mean the same under every header.
bool says_status_in_full(std::string_view cell) { return is_full_state_word(bare(cell)); }

// Whether a name seems to follow the value of a cell without a delimiter: "UlmUser", "1flag", "subscribed#mail".
bool shows_a_seam(std::string_view cell, bool is_status) {
    constexpr std::string_view decorations = "#[=\"*";
    for (std::size_t size = 1; size + 2 < cell.size(); ++size) {
        const auto before = static_cast<unsigned char>(cell[size - 1]);
        const auto behind = static_cast<unsigned char>(cell[size]);
        const bool lower_then_upper = before >= 'a' && before <= 'z' && behind >= 'A' && behind <= 'Z';
        const bool digit_then_letter =
            is_ascii_digit(cell[size - 1]) && (behind | 0x20U) >= 'a' && (behind | 0x20U) <= 'z';
        const bool another_script = before < 0x80 && before > ' ' && behind >= 0xCA;  // behind those of Latin
        if (lower_then_upper || digit_then_letter || another_script ||
            decorations.find(cell[size]) != std::string_view::npos ||
            (is_status && read_status_state(cell.substr(0, size))))
            return true;
    }
    return false;
}

// Whether the line is the last row of a file without a last line end, and behind it the header of the next one.
bool has_header_glued_on(const csv_header& header, line_cells cells, bool opt_in_by_default) {
    const std::size_t expected = header.names.size();
    if (cells.size() < expected) return false;
    const std::string_view last = cells[expected - 1];
    if (cells.size() == expected) {  // one column: its name follows the domain of the address
        const std::string_view domain = last.substr(last.rfind('.') + 1);
        const std::string& name = header.names.front();
        return expected == 1 && domain.size() > name.size() && domain.ends_with(name) && domain != "email";
    }
    const line_cells added = cells.subspan(expected);
    bool all_known = true, any_consent = false;
    for (const std::string_view cell : added) {
        if (holds_at_sign(cell) || (!bare(cell).empty() && is_all_digits(bare(cell)))) return false;
        all_known = all_known && find_decorated(cell) != field::unknown;
        any_consent = any_consent || smells_of_consent(cell) || find_decorated(cell) == field::inverted_state;
    }
    const std::size_t name_bytes_max = std::min<std::size_t>(last.size(), 40);
    if (all_known)
        for (std::size_t size = 4; size < name_bytes_max; ++size)
            if (find_decorated(last.substr(last.size() - size)) != field::unknown) return true;
    // Names that nobody knows. Behind them only rows of as many cells as this header has can be misread.
    if (cells.size() != 2 * expected - 1) return false;
    const bool status_is_last = header.column(field::state) == expected - 1;
    if (status_is_last && read_status_state(bare(last))) return false;
    const bool short_names = std::all_of(added.begin(), added.end(), [](std::string_view c) { return c.size() <= 40; });
    if (any_consent && short_names) return true;
    if (expected > 2 && opt_in_by_default) return short_names;
    if (expected == 2 && !status_is_last && !opt_in_by_default) return false;
    return short_names && shows_a_seam(last, status_is_last);
}

}  // namespace

header_again find_header_again(const csv_header& header, line_cells cells, line_cells next, bool opt_in_by_default) {
    const std::size_t count = cells.size();
    const bool whole = count == header.names.size();
    bool same = whole;
    for (std::size_t i = 0; same && i < count; ++i) same = is_same_name(cells[i], header.names[i]);
    if (same) return header_again::same;
    if (std::any_of(cells.begin(), cells.end(), holds_at_sign))
        return has_header_glued_on(header, cells, opt_in_by_default) ? header_again::other : header_again::none;

    const std::size_t address_at = *header.column(field::subscriber);
    const std::string_view address = address_at < count ? bare(cells[address_at]) : std::string_view();
    if (whole && counts_columns(cells)) return header_again::other;
    bool names_address = false, all_names = true;
    std::size_t known = 0, filled = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view cell = bare(cells[i]);
        if (cell.empty()) continue;
        if (is_all_digits(cell)) return header_again::none;
        const field meaning = find_decorated(cells[i]);
        // EMAIL is what a channel is called.
        const bool channel = whole && header.column(field::channel) == i;
        names_address = names_address || (!channel && meaning == field::subscriber);
        ++filled;
        known += meaning != field::unknown && meaning != field::channel && !read_status_state(cell);
        all_names =
            all_names && (meaning != field::unknown || smells_of_consent(cell) || is_about_something_else(cell));
    }
    if (filled > 1 && known > 0 && all_names && !address.empty()) return header_again::other;
    if (names_address && (!whole || !address.empty())) return header_again::other;
    // Names that nobody knows, as of another language: what stands in place of the address or the status speaks of
    // consent, and is neither.
    if (smells_of_consent(address)) return header_again::other;
    if (!whole || address.empty() || next.empty()) return header_again::none;  // behind it nothing can be misread
    if (const auto state_at = header.column(field::state)) {
        const std::string_view state = bare(cells[*state_at]);
        if (state.empty() || is_other_number(state)) return header_again::none;
        if (!read_status_state(state))  // neither an address nor a status: nothing says that it is a row
            return smells_of_consent(state) || !is_broken_address(address) ? header_again::other : header_again::none;
        // "Contact,opt_out" may be a row, or a header behind which 1 means the opposite.
        const bool next_is_short = *state_at < next.size() && read_status_state(bare(next[*state_at])) &&
                                   !says_status_in_full(next[*state_at]);
        return says_status_in_full(state) && next_is_short && !is_broken_address(address) ? header_again::other
                                                                                          : header_again::none;
    }
    if (!opt_in_by_default || count == 1) return header_again::none;
    const std::vector<std::string> words = split_words(address);
    const bool any_consent = std::any_of(cells.begin(), cells.end(), smells_of_consent);
    return !says_no_address(words) && (any_consent || !is_mistyped_address(address, words)) ? header_again::other
                                                                                            : header_again::none;
}

std::vector<std::string_view> split_roughly(std::string_view line, char delimiter) {
    std::vector<std::string_view> cells;
    for (std::size_t end = line.find(delimiter);; end = line.find(delimiter)) {
        cells.push_back(without_marks(line.substr(0, end)));
        if (end == std::string_view::npos) return cells;
        line.remove_prefix(end + 1);
    }
}

}  // namespace consent_sync::intake
