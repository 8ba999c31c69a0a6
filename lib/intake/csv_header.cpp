#include "intake/csv_header.hpp"

#include <algorithm>
#include <utility>

#include "intake/limits.hpp"

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

}  // namespace consent_sync::intake
