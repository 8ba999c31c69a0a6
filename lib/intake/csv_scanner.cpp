#include "intake/csv_scanner.hpp"

#include <csv.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

// A search for LF that finds none goes no further than this before CR is looked for: files may know only one
// of them.
constexpr std::size_t search_bytes = 1024;

constexpr char bad_quotes[] =
    "a quote stands inside a field, or text follows behind a closing quote; a field with quotes must be "
    "quoted and its "
    "quotes doubled";
constexpr char open_quote[] = "a quote is opened and never closed";
constexpr char too_long[] = "the row is longer than 1 MiB, or a quote is opened and never closed";

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view field) {
    while (!field.empty() && is_blank(field.front())) field.remove_prefix(1);
    while (!field.empty() && is_blank(field.back())) field.remove_suffix(1);
    return field;
}

}  // namespace

struct csv_scanner::libcsv {
    csv_parser parser{};

    libcsv() {
        if (::csv_init(&parser, CSV_STRICT) != 0) throw std::bad_alloc();
        ::csv_set_blk_size(&parser, 64 * 1024);  // grows by this; the default of 128 makes long fields slow
    }
    ~libcsv() { ::csv_free(&parser); }
    libcsv(const libcsv&) = delete;
    libcsv& operator=(const libcsv&) = delete;

    // false: the quotes break the rules.
    bool feed(std::string_view text, csv_scanner& to) {
        const std::size_t taken = ::csv_parse(&parser, text.data(), text.size(), &take_field, &take_row, &to);
        if (taken == text.size()) return true;
        if (::csv_error(&parser) != CSV_EPARSE) throw std::bad_alloc();
        return false;
    }

    static void take_field(void* field, std::size_t size, void* scanner) {
        auto& to = *static_cast<csv_scanner*>(scanner);
        to.text_.append(static_cast<const char*>(field), size);
        to.ends_.push_back(to.text_.size());
    }
    static void take_row(int, void* scanner) { static_cast<csv_scanner*>(scanner)->row_ended_ = true; }
};

csv_scanner::csv_scanner(window& bytes) : bytes_(bytes), parser_(std::make_unique<libcsv>()) {}
csv_scanner::~csv_scanner() = default;

void csv_scanner::set_delimiter(char delimiter) {
    delimiter_ = delimiter;
    ::csv_set_delim(&parser_->parser, static_cast<unsigned char>(delimiter));
}

base::result<csv_row> csv_scanner::scan() {
    const base::result<bool> there = pass_blank_lines();
    if (!there) return there.error();
    if (!*there) return csv_row{csv_row::kind::end, bytes_.offset(), 0, bytes_.offset(), ""};
    reset();
    line first;
    for (std::size_t fed = 0;;) {
        const base::result<line> found = find_line(fed);
        if (!found) return found.error();
        if (fed == 0) first = *found;
        if (found->too_long) {
            if (fed == 0) return pass_long_line();
            return malformed(first, too_long);
        }
        const std::string_view text = bytes_.ahead().substr(fed, found->end - fed);
        if (fed == 0 && text.find('"') == std::string_view::npos)
            split(text.substr(0, text.size() - (found->terminated ? 1 : 0)));
        else if (!parser_->feed(text, *this))
            return malformed(first, bad_quotes);
        fed = found->end;
        // The line end that the file's last row lacks; inside open quotes it ends nothing.
        if (!found->terminated && !row_ended_ && !parser_->feed("\n", *this)) return malformed(first, bad_quotes);
        if (row_ended_)
            return csv_row{
                csv_row::kind::row, bytes_.offset(), fed - (found->terminated ? 1 : 0), bytes_.offset() + fed, "",
                found->terminated};
        if (!found->terminated) return malformed(first, open_quote);
    }
}

// A whole row without a quote, as nearly all are: what libcsv makes of it, in a tenth of the time.
void csv_scanner::split(std::string_view row) {
    row_ended_ = true;
    for (;;) {
        const std::size_t end = row.find(delimiter_);
        text_.append(trim(row.substr(0, end)));
        ends_.push_back(text_.size());
        if (end == std::string_view::npos) return;
        row.remove_prefix(end + 1);
    }
}

// The line that begins `from` bytes behind the cursor. A row counts as too long by its bytes alone, never by
// how they happened to arrive, so that it is told alike at every reading.
base::result<csv_scanner::line> csv_scanner::find_line(std::size_t from) {
    for (std::size_t searched = from;;) {
        const std::string_view text = bytes_.ahead();
        while (searched < text.size()) {
            const std::size_t size = std::min(text.size() - searched, search_bytes);
            const char* const begin = text.data() + searched;
            const char* end = static_cast<const char*>(std::memchr(begin, '\n', size));
            const std::size_t before = end != nullptr ? static_cast<std::size_t>(end - begin) : size;
            if (const void* cr = std::memchr(begin, '\r', before)) end = static_cast<const char*>(cr);
            if (end != nullptr) {
                const auto at = static_cast<std::size_t>(end - text.data());
                return line{at + 1, true, at > row_bytes_max};
            }
            searched += size;
        }
        if (text.size() > row_bytes_max) return line{text.size(), false, true};
        const base::result<bool> more = bytes_.fill();
        if (!more) return more.error();
        if (!*more) return line{bytes_.ahead().size(), false, false};
    }
}

base::result<std::string_view> csv_scanner::line_behind(const csv_row& row) {
    for (std::size_t from = row.next - bytes_.offset();;) {
        const base::result<line> found = find_line(from);
        if (!found) return found.error();
        if (found->too_long) return std::string_view();
        const std::string_view text = bytes_.ahead().substr(from, found->end - from - (found->terminated ? 1 : 0));
        if (!found->terminated || !trim(text).empty()) return text;
        from = found->end;
        if (from > row_bytes_max) return std::string_view();
    }
}

// false: the file ends here.
base::result<bool> csv_scanner::pass_blank_lines() {
    for (;;) {
        const std::string_view text = bytes_.ahead();
        std::size_t at = 0;
        while (at < text.size() && (text[at] == ' ' || (text[at] == '\t' && delimiter_ != '\t'))) ++at;
        if (at < text.size()) {
            if (text[at] != '\n' && text[at] != '\r') return true;
            bytes_.skip(at + 1);
            continue;
        }
        if (text.size() > row_bytes_max) return true;  // megabytes of spaces: a long row, not a blank line
        const base::result<bool> more = bytes_.fill();
        if (!more) return more.error();
        if (!*more) {
            bytes_.skip(bytes_.ahead().size());
            return false;
        }
    }
}

base::result<csv_row> csv_scanner::pass_long_line() {
    const std::uint64_t offset = bytes_.offset();
    const base::result<std::uint64_t> length = bytes_.skip_past('\n', '\r');
    if (!length) return length.error();
    return csv_row{csv_row::kind::malformed, offset, *length, bytes_.offset(), too_long};
}

csv_row csv_scanner::malformed(const line& first, const char* why) const {
    return csv_row{csv_row::kind::malformed, bytes_.offset(), first.end - (first.terminated ? 1 : 0),
                   bytes_.offset() + first.end, why};
}

// After a row that ended well the parser is as new. After a broken one csv_fini puts it back.
void csv_scanner::reset() {
    if (!row_ended_) ::csv_fini(&parser_->parser, nullptr, nullptr, nullptr);
    row_ended_ = false;
    text_.clear();
    ends_.clear();
}

}  // namespace consent_sync::intake
