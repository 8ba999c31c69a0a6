#include "report/failed_file.hpp"

#include <unistd.h>

#include <memory>
#include <vector>

#include "report/failed_row_text.hpp"
#include "report/output_file.hpp"

namespace consent_sync::report {
namespace {

constexpr std::size_t page_rows = 2'000;

// What one pass over the rows came to.
struct pass {
    std::uint64_t rows = 0;
    std::string input_fault;  // the pass ended here: a row could not be taken from the dropped file
};

base::result<pass> write_rows(ledger::report_reader& ledger, consent::arrival_number arrival, failed_row_text& text,
                              const std::string& path) {
    auto file = output_file::create(path);
    if (!file) return file.error();
    file->text() += text.header();
    pass done;
    std::uint64_t after = 0;
    for (;;) {
        std::vector<ledger::ended_row> page;
        const auto read = ledger.run([&](ledger::report_queries& queries) {
            page = queries.failed_rows(arrival, after, malformed_category, page_rows);
        });
        if (!read) return read.error();
        for (const ledger::ended_row& row : page) {
            if (const auto appended = text.append(file->text(), row); !appended) {
                done.input_fault = appended.error().message;
                return done;
            }
            if (const auto flushed = file->flush_if_full(); !flushed) return flushed.error();
        }
        done.rows += page.size();
        if (page.size() < page_rows) break;
        after = page.back().change.id.row();
    }
    if (const auto closed = file->close(); !closed) return closed.error();
    return done;
}

intake::layout layout_of(const ledger::file_record& file) {
    const auto format = intake::parse_format(file.name);
    return format ? format->rows : intake::layout::csv;
}

}  // namespace

base::result<failed_file> write_failed_file(ledger::report_reader& ledger, const ledger::file_record& file,
                                            const open_input& input, const std::string& folder) {
    failed_file out;
    if (auto opened = input(file)) {
        const auto text = text_of_input(std::move(*opened));
        out.name = std::string("failed.").append(text->extension());
        const std::string path = base::join_path(folder, out.name);
        const auto written = write_rows(ledger, file.arrival, *text, path);
        if (!written) return written.error();
        out.rows = written->rows;
        out.input_fault = written->input_fault;
        if (out.input_fault.empty()) return out;
        if (::unlink(path.c_str()) != 0) return base::system_error("remove", path, errno);
    } else {
        out.input_fault = opened.error().message;
    }
    const auto text = text_of_ledger(layout_of(file));
    out.name = std::string("failed.").append(text->extension());
    const auto written = write_rows(ledger, file.arrival, *text, base::join_path(folder, out.name));
    if (!written) return written.error();
    out.rows = written->rows;
    return out;
}

}  // namespace consent_sync::report
