#include "intake/raw_row_reader.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "consent/key.hpp"
#include "intake/columns.hpp"
#include "intake/csv_header.hpp"
#include "intake/csv_scanner.hpp"
#include "intake/format.hpp"
#include "intake/json_array.hpp"
#include "intake/json_reader.hpp"
#include "intake/limits.hpp"
#include "intake/sources.hpp"

namespace consent_sync::intake {
namespace {

base::error changed(std::uint64_t offset) {
    return base::error{base::errc::corrupt, "there is no row at byte " + std::to_string(offset) +
                                                " of the file any more; it was changed after it was read"};
}

struct member {
    std::string_view text;  // name, colon and value
    field meaning;
};

// The member at the start of `text`, which begins with its quote.
std::optional<member> cut_member(std::string_view text) {
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) return std::nullopt;
    json_scan scan;
    const std::size_t stop = scan.find_stop(text, end + 1);
    if (stop == std::string_view::npos || text[stop] == ']') return std::nullopt;
    return member{consent::trim(text.substr(0, stop)), find_field(text.substr(1, end - 1))};
}

}  // namespace

struct raw_row_reader::implementation {
    implementation(std::unique_ptr<byte_source> source, layout kind, column_rules of_file)
        : rows(kind), rules(std::move(of_file)), bytes(std::move(source)), scanner(bytes) {}

    base::result<void> start() {
        if (const auto text = check_text(bytes); !text) return text.error();
        if (rows != layout::csv) return {};
        const base::result<csv_names> header = read_csv_names(scanner);
        if (!header) return header.error();
        columns = header->names.size();
        std::vector<field> meanings;
        for (const std::string& each : header->names) meanings.push_back(rules.find(each));
        const bool dropped_again = std::find(meanings.begin(), meanings.end(), field::change_id) != meanings.end();
        for (std::size_t i = 0; i < columns; ++i) {
            if (dropped_again && (meanings[i] == field::report || meanings[i] == field::change_id)) continue;
            if (meanings[i] == field::subscriber) subscriber = names.size();
            if (meanings[i] == field::subscription) subscription = names.size();
            own.push_back(i);
            names.push_back(header->names[i]);
        }
        return {};
    }

    base::result<raw_row> read_csv(std::uint64_t offset) {
        const base::result<csv_row> row = scanner.scan();
        if (!row) return row.error();
        if (row->found != csv_row::kind::row || row->offset != offset || scanner.field_count() != columns)
            return changed(offset);
        raw_row raw;
        for (const std::size_t column : own) raw.fields.emplace_back(scanner.field(column));
        return raw;
    }

    base::result<raw_row> read_ndjson(std::uint64_t offset) {
        const base::result<text_line> line = find_text_line(bytes);
        if (!line) return line.error();
        return take_object(line->text, offset);
    }

    base::result<raw_row> read_json(std::uint64_t offset) {
        json_scan scan;
        for (std::size_t scanned = 0;;) {
            const std::string_view text = bytes.ahead();
            const std::size_t stop = scan.find_stop(text, scanned);
            if (stop != std::string_view::npos) return take_object(text.substr(0, stop), offset);
            if (text.size() > row_bytes_max) return changed(offset);
            scanned = text.size();
            const base::result<bool> more = bytes.fill();
            if (!more) return more.error();
            if (!*more) return changed(offset);
        }
    }

    static base::result<raw_row> take_object(std::string_view text, std::uint64_t offset) {
        const auto own_members = drop_report_members(text);
        if (!own_members) return changed(offset);
        return raw_row{{}, *own_members};
    }

    layout rows;
    column_rules rules;
    window bytes;
    csv_scanner scanner;
    std::size_t columns = 0;       // of the file
    std::vector<std::size_t> own;  // those that are not ours
    std::vector<std::string> names;
    std::optional<std::size_t> subscriber;
    std::optional<std::size_t> subscription;
};

raw_row_reader::raw_row_reader(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}
raw_row_reader::raw_row_reader(raw_row_reader&&) noexcept = default;
raw_row_reader& raw_row_reader::operator=(raw_row_reader&&) noexcept = default;
raw_row_reader::~raw_row_reader() = default;

base::result<raw_row_reader> raw_row_reader::open(const std::string& path, std::string_view name,
                                                  std::uint64_t bytes_max, const column_rules& columns) {
    base::result<base::unique_fd> file = open_for_reading(path);
    if (!file) return file.error();
    return open(std::move(*file), name, bytes_max, columns);
}

base::result<raw_row_reader> raw_row_reader::open(base::unique_fd file, std::string_view name, std::uint64_t bytes_max,
                                                  const column_rules& columns) {
    return open(make_file_source(std::move(file)), name, bytes_max, columns);
}

base::result<raw_row_reader> raw_row_reader::open(std::unique_ptr<byte_source> source, std::string_view name,
                                                  std::uint64_t bytes_max, const column_rules& columns) {
    const base::result<format> kind = parse_format(name);
    if (!kind) return kind.error();
    if (kind->gzip) source = make_gzip_source(std::move(source), bytes_max * decompressed_factor);
    raw_row_reader reader(std::make_unique<implementation>(std::move(source), kind->rows, columns));
    if (const auto started = reader.impl_->start(); !started) return started.error();
    return reader;
}

layout raw_row_reader::rows() const { return impl_->rows; }
const std::vector<std::string>& raw_row_reader::header() const { return impl_->names; }
char raw_row_reader::delimiter() const { return impl_->scanner.delimiter(); }
const column_rules& raw_row_reader::columns() const { return impl_->rules; }
std::optional<std::size_t> raw_row_reader::subscriber_column() const { return impl_->subscriber; }
std::optional<std::size_t> raw_row_reader::subscription_column() const { return impl_->subscription; }

base::result<raw_row> raw_row_reader::at(std::uint64_t offset) {
    if (const auto jumped = impl_->bytes.jump(offset); !jumped) return jumped.error();
    switch (impl_->rows) {
        case layout::csv: return impl_->read_csv(offset);
        case layout::ndjson: return impl_->read_ndjson(offset);
        case layout::json: return impl_->read_json(offset);
    }
    return changed(offset);
}

std::optional<std::string> drop_report_members(std::string_view text) {
    const std::string_view object = consent::trim(text);
    if (!object.starts_with('{') || !object.ends_with('}')) return std::nullopt;
    std::vector<member> members;
    bool dropped_again = false;
    for (std::size_t at = 1;;) {
        while (at < object.size() && object[at] != '"' && object[at] != '}') ++at;
        if (at >= object.size()) return std::nullopt;
        if (object[at] == '}') break;
        const std::optional<member> next = cut_member(object.substr(at));
        if (!next) return std::nullopt;
        members.push_back(*next);
        dropped_again = dropped_again || next->meaning == field::change_id;
        at += next->text.size();
    }
    if (!dropped_again) return std::string(object);
    std::string kept = "{";
    for (const member& m : members) {
        if (m.meaning == field::report || m.meaning == field::change_id) continue;
        if (kept.size() > 1) kept += ',';
        kept += m.text;
    }
    return kept + "}";
}

base::result<std::vector<std::uint64_t>> find_lines(const std::string& path, std::string_view name,
                                                    std::uint64_t bytes_max, std::span<const std::uint64_t> offsets) {
    const base::result<format> kind = parse_format(name);
    if (!kind) return kind.error();
    base::result<base::unique_fd> file = open_for_reading(path);
    if (!file) return file.error();
    std::unique_ptr<byte_source> source = make_file_source(std::move(*file));
    if (kind->gzip) source = make_gzip_source(std::move(source), bytes_max * decompressed_factor);

    std::vector<std::uint64_t> lines;
    std::vector<char> block(block_bytes);
    std::uint64_t begin = 0;  // of the block, in the content
    std::uint64_t line = 1;
    while (lines.size() < offsets.size()) {
        const base::result<std::size_t> got = source->read(block);
        if (!got) return got.error();
        if (*got == 0) return base::error{base::errc::corrupt, "the file is shorter than it was"};
        std::size_t counted = 0;
        for (; lines.size() < offsets.size() && offsets[lines.size()] < begin + *got; lines.push_back(line)) {
            const auto upto = static_cast<std::size_t>(offsets[lines.size()] - begin);
            line += static_cast<std::uint64_t>(std::count(block.data() + counted, block.data() + upto, '\n'));
            counted = upto;
        }
        line += static_cast<std::uint64_t>(std::count(block.data() + counted, block.data() + *got, '\n'));
        begin += *got;
    }
    return lines;
}

}  // namespace consent_sync::intake
