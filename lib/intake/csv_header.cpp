#include "intake/csv_header.hpp"

#include <algorithm>

#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

base::error refused(std::string why) { return base::error{base::errc::invalid_input, std::move(why)}; }

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

std::string list_columns(const csv_header& header) {
    std::string list;
    for (const std::string& column : header.names) {
        if (list.size() > 500) return list + ", …";
        list.append(list.empty() ? "" : ", ").append(shown_column(column));
    }
    return list;
}

base::result<void> assign_columns(csv_header& header) {
    for (std::size_t i = 0; i < header.names.size(); ++i) {
        const field meaning = find_field(header.names[i]);
        if (meaning == field::unknown)
            header.unknown.add(header.names[i].empty() ? "column " + std::to_string(i + 1) : header.names[i]);
        if (meaning >= field::report) continue;
        auto& place = header.column_of[static_cast<std::size_t>(meaning)];
        if (place && meaning != field::inverted_state)
            return refused("the columns \"" + shown_column(header.names[*place]) + "\" and \"" +
                           shown_column(header.names[i]) + "\" both mean " + std::string(name(meaning)) +
                           "; keep one of them or rename the other");
        place = i;
    }
    return {};
}

base::result<void> check_columns(csv_header& header) {
    const auto column = [&](field f) { return header.column_of[static_cast<std::size_t>(f)]; };
    if (!column(field::subscriber)) {
        if (std::any_of(header.names.begin(), header.names.end(),
                        [](const std::string& n) { return n.find('@') != std::string::npos; }))
            return refused(
                "the first line holds an address, so the file has no header; put a line with the names of "
                "the columns above it, such as subscriberIdString,subscriptionId,statusState");
        return refused(
            "no column of the header names the address (subscriberIdString or email); rename the one that holds it; "
            "the columns are: " +
            list_columns(header));
    }
    if (const auto inverted = column(field::inverted_state)) {
        if (!column(field::state))
            return refused("the column \"" + shown_column(header.names[*inverted]) +
                           "\" says yes where statusState says UNSUBSCRIBED, so it is not read; name it statusState, "
                           "with the values SUBSCRIBED and UNSUBSCRIBED");
        header.unknown.add(header.names[*inverted]);
    }
    return {};
}

}  // namespace

base::result<csv_header> read_csv_header(csv_scanner& scanner) {
    csv_header header;
    const base::result<csv_row> row = choose_delimiter(scanner);
    if (!row) return row.error();
    header.empty_file = row->found == csv_row::kind::end;
    if (header.empty_file) return header;
    if (row->found == csv_row::kind::malformed) return refused("the header is no CSV: " + std::string(row->why));
    if (scanner.field_count() > columns_max)
        return refused("the header has " + std::to_string(scanner.field_count()) + " columns; at most " +
                       std::to_string(columns_max) + " are read");
    for (std::size_t i = 0; i < scanner.field_count(); ++i) header.names.emplace_back(scanner.field(i));
    if (const auto assigned = assign_columns(header); !assigned) return assigned.error();
    if (const auto checked = check_columns(header); !checked) return checked.error();
    if (const auto passed = scanner.pass(*row); !passed) return passed.error();
    return header;
}

}  // namespace consent_sync::intake
