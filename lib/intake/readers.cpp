#include "intake/readers.hpp"

#include <utility>

#include "intake/csv_reader.hpp"
#include "intake/json_reader.hpp"
#include "intake/values.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {
namespace {

bool has_other_number(const record& values) {
    const value& v = values[field::state];
    switch (v.kind) {
        case value_kind::text: return is_other_number(without_marks(values.text(v)));
        case value_kind::whole: return v.number != 0 && v.number != 1;
        case value_kind::other: return v.number != 0;
        case value_kind::absent:
        case value_kind::boolean: break;
    }
    return false;
}

bool is_of_the_disk(const base::error& why) {
    return why.code == base::errc::io || why.code == base::errc::busy || why.code == base::errc::no_space;
}

}  // namespace

std::unique_ptr<record_reader> make_record_reader(layout rows, window& bytes, const column_rules& rules,
                                                  bool default_opt_in) {
    switch (rows) {
        case layout::csv: return std::make_unique<csv_reader>(bytes, rules, default_opt_in);
        case layout::ndjson: return std::make_unique<ndjson_reader>(bytes, rules);
        case layout::json: return std::make_unique<json_reader>(bytes, rules);
    }
    return nullptr;
}

base::result<survey> look_through(std::unique_ptr<byte_source> source, layout rows, const column_rules& rules) {
    survey seen;
    window bytes(std::move(source));
    const std::unique_ptr<record_reader> reader = make_record_reader(rows, bytes, rules, false);
    base::result<void> started = check_text(bytes);
    if (started) started = reader->start();
    if (!started) return started.error();
    record values;
    row unused;
    for (;;) {
        const base::result<found> got = reader->read(values, unused);
        if (!got && is_of_the_disk(got.error())) return got.error();
        if (!got || *got == found::end) break;
        if (*got != found::record) continue;
        seen.lacks_state = seen.lacks_state || (values[field::state].kind == value_kind::absent &&
                                                values[field::state_or_place].kind == value_kind::absent);
        seen.other_numbers = seen.other_numbers || has_other_number(values);
    }
    seen.numbers_rows = reader->numbers_rows();
    seen.others = reader->others();
    return seen;
}

}  // namespace consent_sync::intake
