#include "intake/file_reader.hpp"

#include <optional>
#include <utility>

#include "consent/place.hpp"
#include "intake/columns.hpp"
#include "intake/csv_header.hpp"
#include "intake/format.hpp"
#include "intake/limits.hpp"
#include "intake/record.hpp"
#include "intake/row_rules.hpp"
#include "intake/readers.hpp"

namespace consent_sync::intake {
struct file_reader::implementation {
    implementation(std::unique_ptr<byte_source> source, layout rows, std::string_view file_name,
                   const read_settings& settings)
        : kind(rows),
          name(file_name),
          default_state(settings.defaults.state),
          columns(settings.rules.ignore_columns),
          bytes(std::move(source)),
          reader(make_record_reader(rows, bytes, columns, opts_in_by_default())),
          rules(settings.defaults, settings.rules) {}

    base::result<void> start(read_position from) {
        if (const auto text = check_text(bytes); !text) return text.error();
        if (const auto started = reader->start(); !started) return started.error();
        rules.know_beside(reader->opt_out_beside());
        if (const auto checked = check_default(); !checked) return checked.error();
        if (from.offset > 0)  // of a file that continues another one, before its first row
            if (const auto resumed = reader->resume(from.offset); !resumed) return resumed.error();
        at = read_position{from.rows, reader->offset()};
        return {};
    }

    bool opts_in_by_default() const { return default_state && *default_state != consent::status_state::unsubscribed; }

    // A default opt-in stands only where nothing in the file, its name included, may say otherwise.
    base::result<void> check_default() {
        if (!opts_in_by_default() || !reader->may_lack_state()) return {};
        const other_names* others = &reader->others();
        if (kind != layout::csv) {  // a member may come late
            const base::result<const survey*> whole = look();
            if (!whole) return whole.error();
            if (!(*whole)->lacks_state) return {};
            others = &(*whole)->others;
        }
        const std::string_view state = consent::name(*default_state);
        if (kind == layout::csv &&
            others->unsettled() == std::vector<std::string>{std::string(nameless_first_column)}) {
            const base::result<const survey*> whole = look();
            if (!whole) return whole.error();
            if ((*whole)->numbers_rows) return check_name(state);
        }
        if (!others->unsettled().empty())
            return base::error{base::errc::invalid_input, why_no_default(others->unsettled(), state)};
        return check_name(state);
    }

    base::result<void> check_name(std::string_view state) const {
        if (lists_opt_outs(name))
            return base::error{
                base::errc::invalid_input,
                "the name of the file says that it lists people who must not be mailed, so "
                "defaults.statusState (" +
                    std::string(state) +
                    ") does not stand for the status that it does not have; add a column statusState with "
                    "SUBSCRIBED or UNSUBSCRIBED, or give the file another name"};
        return {};
    }

    base::result<const survey*> look() {
        if (!seen) {
            base::result<std::unique_ptr<byte_source>> again = bytes.again();
            if (!again) return again.error();
            base::result<survey> found = look_through(std::move(*again), kind, columns);
            if (!found) return found.error();
            seen = std::move(*found);
        }
        return &*seen;
    }

    // One row of the file as out[used]… and how many rows it became: 0 at the end.
    base::result<std::size_t> read_row(std::vector<row>& out, std::size_t used) {
        if (out.size() <= used) out.emplace_back();
        const base::result<found> got = reader->read(values, out[used]);
        if (!got) return got.error();
        if (*got == found::end) return std::size_t{0};
        bool all = false;
        if (*got == found::record) {
            if (rules.must_know_numbers(values)) {
                const base::result<const survey*> whole = look();
                if (!whole) return whole.error();
                rules.know_numbers(!(*whole)->other_numbers);
            }
            all = rules.judge(values, out[used]);
            marked_rows += out[used].marks_removed ? 1 : 0;
            const bool has_state = values[field::state].kind != value_kind::absent ||
                                   values[field::state_or_place].kind != value_kind::absent;
            default_rows += !has_state && !out[used].fault ? 1 : 0;
        } else {
            out[used].change = consent::change{};
            out[used].change_id = 0;
            out[used].marks_removed = false;
            out[used].basis_dropped = false;
        }
        const std::size_t count = all ? rules.unsubscribe_all().size() : 1;
        if (at.rows + count > consent::place::row_max)
            return base::error{base::errc::invalid_input, "the file has more than 4294967295 rows; split it"};
        if (all) expand(out, used);
        for (std::size_t i = 0; i < count; ++i) out[used + i].number = ++at.rows;
        at.offset = reader->offset();
        return count;
    }

    void expand(std::vector<row>& out, std::size_t used) const {
        const auto& ids = rules.unsubscribe_all();
        if (out.size() < used + ids.size()) out.resize(used + ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (i > 0) out[used + i] = out[used];
            out[used + i].change.subscription = ids[i];
        }
    }

    layout kind;
    std::string name;  // of the file
    std::optional<consent::status_state> default_state;
    column_rules columns;
    window bytes;
    std::unique_ptr<record_reader> reader;
    row_rules rules;
    record values;
    read_position at;
    read_result last;
    std::optional<survey> seen;  // once it was looked for
    std::uint64_t marked_rows = 0;
    std::uint64_t default_rows = 0;
};

file_reader::file_reader(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}
file_reader::file_reader(file_reader&&) noexcept = default;
file_reader& file_reader::operator=(file_reader&&) noexcept = default;
file_reader::~file_reader() = default;

base::result<file_reader> file_reader::open(const std::string& path, std::string_view name,
                                            const read_settings& settings, read_position from) {
    base::result<base::unique_fd> file = open_for_reading(path);
    if (!file) return file.error();
    return open(std::move(*file), name, settings, from);
}

base::result<file_reader> file_reader::open(base::unique_fd file, std::string_view name, const read_settings& settings,
                                            read_position from) {
    return open(make_file_source(std::move(file)), name, settings, from);
}

base::result<file_reader> file_reader::open(std::unique_ptr<byte_source> source, std::string_view name,
                                            const read_settings& settings, read_position from) {
    const base::result<format> kind = parse_format(name);
    if (!kind) return kind.error();
    if (kind->gzip) {  // what is packed is bounded too: it may hold millions of empty members
        source = make_bounded_source(std::move(source), read_bound{settings.bound.stop});
        source = make_gzip_source(std::move(source), settings.bytes_max * decompressed_factor);
    }
    source = make_bounded_source(std::move(source), settings.bound);
    file_reader reader(std::make_unique<implementation>(std::move(source), kind->rows, name, settings));
    if (const auto started = reader.impl_->start(from); !started) return started.error();
    return reader;
}

read_result file_reader::next(std::vector<row>& out, std::size_t most) {
    std::size_t used = 0;
    while (used < most && impl_->last.at == read_result::state::more) {
        const base::result<std::size_t> got = impl_->read_row(out, used);
        if (!got && got.error().code == base::errc::busy)
            impl_->last.at = read_result::state::interrupted;
        else if (!got)
            impl_->last = read_result{read_result::state::broke_off, got.error()};
        else if (*got == 0)
            impl_->last.at = read_result::state::end_of_file;
        else
            used += *got;
    }
    out.resize(used);
    return impl_->last;
}

read_position file_reader::position() const { return impl_->at; }

const std::vector<std::string>& file_reader::unknown_columns() const { return impl_->reader->others().passed_over(); }
const std::vector<std::string>& file_reader::suspicious_columns() const { return impl_->reader->others().suspicious(); }

std::uint64_t file_reader::default_rows() const { return impl_->default_rows; }

std::vector<std::string> file_reader::notes() const {
    std::vector<std::string> all = impl_->reader->notes();
    if (impl_->marked_rows > 0)
        all.push_back("marks of a spreadsheet or quotation marks around values were taken off in " +
                      std::to_string(impl_->marked_rows) + (impl_->marked_rows == 1 ? " row" : " rows"));
    return all;
}

}  // namespace consent_sync::intake
