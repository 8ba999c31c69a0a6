#include "intake/csv_header.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "intake/columns.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

base::error header_refused(std::string why) { return base::error{base::errc::invalid_input, std::move(why)}; }

std::size_t count_known(const csv_scanner& scanner) {
    std::size_t known = 0;
    for (std::size_t i = 0; i < scanner.field_count(); ++i)
        if (find_field(scanner.field(i)) != field::unknown) ++known;
    return known;
}

// The delimiter under which the first line has most columns that we know, then most columns at all.
base::result<csv_row> choose_delimiter(csv_scanner& scanner) {
    char best = ',';
    std::pair<std::size_t, std::size_t> best_score{0, 0};
    for (const char delimiter : {',', ';', '\t'}) {
        scanner.set_delimiter(delimiter);
        const base::result<csv_row> row = scanner.scan();
        if (!row || row->found == csv_row::kind::end) return row;
        if (row->found == csv_row::kind::malformed) continue;
        const std::pair score{count_known(scanner), scanner.field_count()};
        if (score > best_score) {
            best = delimiter;
            best_score = score;
        }
    }
    scanner.set_delimiter(best);
    return scanner.scan();
}

// The names that are words of ours. Others may be the cells of a first row, and so about a person: the reason is
// logged.
std::string list_known(const std::vector<std::string>& names) {
    std::string list;
    std::size_t others = 0;
    for (const std::string& column : names) {
        if (find_field(column) >= field::report)
            ++others;
        else
            list.append(list.empty() ? "" : ", ").append(shown_column(column));
    }
    return list.empty() ? "none of its " + std::to_string(others) + " columns has a name that is known"
                        : "known are: " + list + "; unknown: " + std::to_string(others);
}

bool holds_address(std::string_view cell) { return cell.find('@') != std::string_view::npos; }

base::result<void> check_columns(csv_header& header) {
    if (!header.column(field::subscriber)) {
        if (std::any_of(header.names.begin(), header.names.end(), holds_address))
            return header_refused(
                "the first line holds an address, so the file has no header; put a line with the names of "
                "the columns above it, such as subscriberIdString,subscriptionId,statusState");
        return header_refused(
            "no column of the first line names the address (subscriberIdString or email): rename the one that holds "
            "it, or put a line with the names of the columns above the first row; " +
            list_known(header.names));
    }
    const bool state = header.column(field::state) || header.column(field::state_or_place);
    if (!header.inverted.empty() && !state)
        return header_refused(
            "the column \"" + shown_column(header.names[header.inverted.front()]) +
            "\" says yes where statusState says UNSUBSCRIBED, so it is not read; name it statusState, "
            "with the values SUBSCRIBED and UNSUBSCRIBED");
    for (const std::size_t i : header.inverted) header.others.add(header.names[i], field::inverted_state);
    if (header.column(field::state) && header.column(field::state_or_place))
        header.others.add(header.names[*header.column(field::state_or_place)], field::unknown);
    return {};
}

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
    // Unknown names. Behind them only rows of as many cells as this header has can be misread.
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

base::result<csv_names> read_csv_names(csv_scanner& scanner) {
    csv_names read;
    const base::result<csv_row> row = choose_delimiter(scanner);
    if (!row) return row.error();
    read.empty_file = row->found == csv_row::kind::end;
    if (read.empty_file) return read;
    if (row->found == csv_row::kind::malformed)
        return header_refused("the header is not CSV: " + std::string(row->why));
    if (scanner.field_count() > columns_max)
        return header_refused("the header has " + std::to_string(scanner.field_count()) + " columns; at most " +
                              std::to_string(columns_max) + " are read");
    for (std::size_t i = 0; i < scanner.field_count(); ++i) read.names.emplace_back(scanner.field(i));
    if (const auto passed = scanner.pass(*row); !passed) return passed.error();
    return read;
}

base::result<csv_header> assign_columns(csv_names names, const column_rules& rules) {
    csv_header header{std::move(names), {}, {}, {}, {}, {}, {}};
    if (header.empty_file) return header;
    for (std::size_t i = 0; i < header.names.size(); ++i) {
        const std::string& name = header.names[i];
        const std::string unnamed = "column " + std::to_string(i + 1);
        const field meaning = rules.find(name.empty() ? unnamed : name);
        if (meaning > field::report) header.others.add(name.empty() ? unnamed : name, meaning);
        if (meaning == field::suspicious)
            header.suspicious.push_back(i);
        else if (meaning >= field::report && meaning != field::ignored)
            header.unread.push_back(i);
        if (meaning == field::labels) header.labels.push_back(i);
        if (meaning == field::inverted_state) header.inverted.push_back(i);
        if (meaning >= field::report) continue;
        auto& place = header.column_of[static_cast<std::size_t>(meaning)];
        if (place && meaning != field::inverted_state)
            return header_refused("the columns \"" + shown_column(header.names[*place]) + "\" and \"" +
                                  shown_column(name) + "\" both mean " + std::string(intake::name(meaning)) +
                                  "; keep one of them, rename the other, or add it to the configuration: " +
                                  ignore_line({shown_column(name)}));
        place = i;
    }
    // What a report adds is known in a failed file only, which has change_ids: elsewhere a verdict is anybody's.
    if (!header.column(field::change_id))
        for (const std::size_t i : header.unread)
            if (rules.find(header.names[i]) == field::report) header.others.add(header.names[i], field::unknown);
    if (const auto checked = check_columns(header); !checked) return checked.error();
    return header;
}

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
    // Unknown names, as of another language: what stands in place of the address or the status speaks of
    // consent, and is neither an address nor a status.
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
