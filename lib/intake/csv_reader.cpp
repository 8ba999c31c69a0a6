#include "intake/csv_reader.hpp"

#include <charconv>
#include <utility>

#include "intake/columns.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {

base::result<void> csv_reader::start() {
    base::result<csv_names> names = read_csv_names(scanner_);
    if (!names) return names.error();
    base::result<csv_header> header = assign_columns(std::move(*names), rules_);
    if (!header) return header.error();
    header_ = std::move(*header);
    address_ = header_.column(field::subscriber).value_or(0);
    return {};
}

bool csv_reader::may_lack_state() const {
    return !header_.empty_file && !header_.column(field::state) && !header_.column(field::state_or_place);
}

// Whether the row's last cell is a status in full: nothing that could follow it would be another status.
bool csv_reader::ends_in_status() const {
    const std::size_t last = header_.names.size() - 1;
    return scanner_.field_count() == header_.names.size() && header_.column(field::state) == last &&
           is_full_state_word(without_marks(scanner_.field(last)));
}

// A first column without a name is the number that a program gave each row, if it begins with 0 or 1 and ascends: a
// flag, or a code for a status, does not.
void csv_reader::count_number(std::string_view cell) {
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    const bool whole = fault == std::errc{} && end == cell.data() + cell.size();
    const bool ascends = last_number_ ? number > *last_number_ : number == 0 || number == 1;
    numbered_ = whole && ascends && numbered_ >= 0 ? numbered_ + 1 : -1;
    last_number_ = number;
}

// Whether the row's address has an @: then the row cannot be a line of column names.
bool csv_reader::holds_address() const {
    return address_ < scanner_.field_count() && scanner_.field(address_).find('@') != std::string_view::npos;
}

base::result<header_again> csv_reader::find_header(const csv_row& row) {
    const base::result<std::string_view> behind = scanner_.line_behind(row);  // first: it may move the window's bytes
    if (!behind && behind.error().code != base::errc::invalid_input) return behind.error();
    std::vector<std::string_view> next;
    if (behind && !behind->empty()) next = split_roughly(*behind, scanner_.delimiter());
    std::vector<std::string_view> cells;
    if (row.found == csv_row::kind::malformed)
        cells = split_roughly(scanner_.line_of(row), scanner_.delimiter());
    else
        for (std::size_t i = 0; i < scanner_.field_count(); ++i) cells.push_back(scanner_.field(i));
    return find_header_again(header_, cells, next, default_opt_in_ && may_lack_state());
}

// true: the row is the file's own header again, which is passed. Error: it is another one.
base::result<bool> csv_reader::pass_header_again(const csv_row& row) {
    const base::result<header_again> again = find_header(row);
    if (!again) return again.error();
    if (*again == header_again::none) return false;
    const std::uint64_t line = bytes_.line_at(row.offset);
    const std::string where =
        (line == 0 ? std::string() : "line " + std::to_string(line) + ", ") + "byte " + std::to_string(row.offset);
    if (*again == header_again::other)
        return base::error{
            base::errc::invalid_input,
            where +
                ": here stands another line of column names, or one that cannot be told from it, as where files were "
                "joined; what follows was not read, because its columns may mean something else: drop what follows as "
                "a file of its own, or, if the line is a row, mend its address"};
    if (notes_.size() < notes_max) notes_.push_back(where + ": the header stands there again and was passed over");
    return true;
}

base::result<found> csv_reader::read(record& values, row& into) {
    for (;;) {
        const base::result<csv_row> row = scanner_.scan();
        if (!row) return row.error();
        if (row->found == csv_row::kind::end) return found::end;
        into.offset = row->offset;
        into.length = row->length;
        into.unterminated = !row->terminated;
        into.may_be_half = into.unterminated && !ends_in_status();
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
        const bool may_be_header = !holds_address() || !whole || header_.names.size() == 1;
        if (row->found == csv_row::kind::malformed ? row->length <= row_bytes_max : !blank && may_be_header) {
            const base::result<bool> again = pass_header_again(*row);
            if (!again) return again.error();
            if (*again) {
                into.fault.reset();
                if (const auto passed = scanner_.pass(*row); !passed) return passed.error();
                continue;
            }
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
    const auto cell = [&](std::size_t column) {
        return value{value_kind::text, scanner_.field_begin(column), scanner_.field(column).size(), 0};
    };
    for (std::size_t f = 0; f < record_fields; ++f)
        if (const auto column = header_.column_of[f]) values.values[f] = cell(*column);
    if (header_.names.front().empty()) count_number(scanner_.field(0));
    for (const std::size_t column : header_.suspicious) {
        if (!values.suspicious.empty()) break;
        if (!without_marks(scanner_.field(column)).empty()) values.suspicious = shown_column(header_.names[column]);
    }
    for (const std::size_t column : header_.unread)
        if (values.suspicious.empty() && reads_as_opt_out(scanner_.field(column)))
            values.suspicious = shown_column(header_.names[column]);
    for (const std::size_t column : header_.labels)
        if (values.suspicious.empty() && names_opt_outs(scanner_.field(column)))
            values.suspicious = shown_column(header_.names[column]);
    for (const std::size_t column : header_.inverted)  // of several the one that contradicts
        if (!is_plain_no(scanner_.field(column))) values[field::inverted_state] = cell(column);
    values.bytes.swap(scanner_.text());
}

}  // namespace consent_sync::intake
