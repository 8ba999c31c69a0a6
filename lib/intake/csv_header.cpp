#include "intake/csv_header.hpp"

#include <algorithm>
#include <utility>

#include "intake/column_words.hpp"
#include "intake/limits.hpp"
#include "intake/text.hpp"
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

// A byte order mark stands before the header of a file, and so in the middle of joined ones.
std::string_view bare(std::string_view cell) {
    if (cell.starts_with("\xEF\xBB\xBF")) cell.remove_prefix(3);
    return without_marks(cell);
}

bool is_same_name(std::string_view a, std::string_view b) {
    std::array<char, 4 * column_name_bytes_max> of_a;
    std::array<char, 4 * column_name_bytes_max> of_b;
    a = bare(a);
    b = bare(b);
    return a == b || (!a.empty() && !b.empty() && !simplify(a, of_a.data(), of_a.size()).empty() &&
                      simplify(a, of_a.data(), of_a.size()) == simplify(b, of_b.data(), of_b.size()));
}

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

}  // namespace

base::result<csv_names> read_csv_names(csv_scanner& scanner) {
    csv_names read;
    const base::result<csv_row> row = choose_delimiter(scanner);
    if (!row) return row.error();
    read.empty_file = row->found == csv_row::kind::end;
    if (read.empty_file) return read;
    if (row->found == csv_row::kind::malformed) return header_refused("the header is no CSV: " + std::string(row->why));
    if (scanner.field_count() > columns_max)
        return header_refused("the header has " + std::to_string(scanner.field_count()) + " columns; at most " +
                              std::to_string(columns_max) + " are read");
    for (std::size_t i = 0; i < scanner.field_count(); ++i) read.names.emplace_back(scanner.field(i));
    if (const auto passed = scanner.pass(*row); !passed) return passed.error();
    return read;
}

base::result<csv_header> assign_columns(csv_names names, const column_rules& rules) {
    csv_header header{std::move(names), {}, {}, {}, {}, {}};
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

bool has_header_glued_on(const csv_header& header, const csv_scanner& line) {
    const std::size_t expected = header.names.size();
    const std::size_t count = line.field_count();
    if (count < expected) return false;
    const std::string_view last = line.field(expected - 1);
    const std::size_t name_bytes_max = std::min<std::size_t>(last.size(), 40);
    if (count == expected) {  // one column: its name follows the domain of the address
        const std::string_view domain = last.substr(last.rfind('.') + 1);
        const std::string& name = header.names.front();
        return expected == 1 && domain.size() > name.size() && domain.ends_with(name) && domain != "email";
    }
    for (std::size_t i = expected; i < count; ++i)
        if (find_field(bare(line.field(i))) == field::unknown) return false;
    for (std::size_t size = 4; size < name_bytes_max; ++size)
        if (find_field(bare(last.substr(last.size() - size))) != field::unknown) return true;
    return false;
}

header_again find_header_again(const csv_header& header, const csv_scanner& line) {
    const std::size_t count = line.field_count();
    bool same = count == header.names.size();
    for (std::size_t i = 0; same && i < count; ++i) same = is_same_name(line.field(i), header.names[i]);
    if (same) return header_again::same;

    const std::size_t address_at = *header.column(field::subscriber);
    const std::string_view address = address_at < count ? bare(line.field(address_at)) : std::string_view();
    bool names_address = false;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view cell = bare(line.field(i));
        if (holds_address(cell)) return header_again::none;
        if (!cell.empty() && std::all_of(cell.begin(), cell.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return header_again::none;
        // EMAIL is what a channel is called.
        const bool channel = count == header.names.size() && header.column(field::channel) == i;
        names_address = names_address || (!channel && find_field(cell) == field::subscriber);
    }
    // Nothing but names of fields and of other matters, and no address where one should stand.
    std::size_t known = 0, filled = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view cell = bare(line.field(i));
        if (cell.empty()) continue;
        ++filled;
        known += find_field(cell) != field::unknown && find_field(cell) != field::channel && !read_status_state(cell);
    }
    const bool all_names = filled > 1 && known > 0 && [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const std::string_view cell = bare(line.field(i));
            if (!cell.empty() && find_field(cell) == field::unknown && !smells_of_consent(cell) &&
                !is_about_something_else(cell))
                return false;
        }
        return true;
    }();
    if (all_names && !address.empty()) return header_again::other;
    if (names_address && (count != header.names.size() || !address.empty())) return header_again::other;
    // Names that nobody knows, as of another language: what stands in place of the address or the status speaks of
    // consent, and is neither.
    if (smells_of_consent(address)) return header_again::other;
    const auto state = header.column(field::state);
    if (address.empty() || count != header.names.size() || !state) return header_again::none;
    const std::string_view status = bare(line.field(*state));
    return smells_of_consent(status) && !read_status_state(status) ? header_again::other : header_again::none;
}

}  // namespace consent_sync::intake
