#include "intake/csv_reader.hpp"

#include <utility>

namespace consent_sync::intake {

base::result<void> csv_reader::start() {
    base::result<csv_header> header = read_csv_header(scanner_);
    if (!header) return header.error();
    header_ = std::move(*header);
    return {};
}

base::result<found> csv_reader::read(record& values, row& into) {
    for (;;) {
        const base::result<csv_row> row = scanner_.scan();
        if (!row) return row.error();
        if (row->found == csv_row::kind::end) return found::end;
        into.offset = row->offset;
        into.length = row->length;
        into.unterminated = !row->terminated;
        const bool blank = row->found == csv_row::kind::row && scanner_.text().empty();
        const bool whole = scanner_.field_count() == header_.names.size();
        found result = found::record;
        if (row->found == csv_row::kind::malformed) {
            result = fail(into, *row, row->why);
        } else if (!whole && !blank) {
            result = fail(into, *row,
                          "the row has " + std::to_string(scanner_.field_count()) + " fields, the header has " +
                              std::to_string(header_.names.size()));
        }
        if (const auto passed = scanner_.pass(*row); !passed) return passed.error();
        if (blank) continue;
        if (result == found::record) take_values(values);
        return result;
    }
}

found csv_reader::fail(row& into, const csv_row& row, const std::string& why) {
    into.fault = malformed(bytes_.line_at(row.offset), row.offset, row.length, why);
    return found::malformed;
}

void csv_reader::take_values(record& values) {
    values.clear();
    for (std::size_t f = 0; f < record_fields; ++f) {
        const auto column = header_.column_of[f];
        if (!column) continue;
        values.values[f] = value{value_kind::text, scanner_.field_begin(*column), scanner_.field(*column).size(), 0};
    }
    values.bytes.swap(scanner_.text());
}

}  // namespace consent_sync::intake
