#include "intake/ndjson_reader.hpp"

#include "consent/key.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

// The size of the end of line that `text` begins with; 0: it begins with none, or with half of one.
std::size_t line_end(std::string_view text) {
    if (text.starts_with('\n')) return 1;
    return text.starts_with("\r\n") ? 2 : 0;
}

}  // namespace

base::result<text_line> find_text_line(window& bytes) {
    for (std::size_t searched = 0;;) {
        const std::string_view text = bytes.ahead();
        const std::size_t end = text.find('\n', searched);
        const bool ended = end != std::string_view::npos;
        if ((ended ? end : text.size()) > row_bytes_max) return text_line{{}, 0, true};
        bool last = false;
        if (!ended) {
            searched = text.size();
            const base::result<bool> more = bytes.fill();
            if (!more) return more.error();
            if (*more) continue;
            last = true;
        }
        std::string_view line = bytes.ahead().substr(0, last ? std::string_view::npos : end);
        const std::size_t whole = line.size() + (last ? 0 : 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return text_line{line, whole, false};
    }
}

// A JSON file under the wrong name would give one malformed row a line; it is told instead.
base::result<void> ndjson_reader::start() {
    for (;;) {
        const base::result<text_line> line = find_text_line(bytes_);
        if (!line) return line.error();
        const std::string_view text = consent::trim(line->text);
        if (line->too_long || (text.empty() && line->whole == 0)) return {};
        if (!text.empty()) {
            if (text.front() == '[')
                return base::error{base::errc::invalid_input,
                                   "this is a JSON array, not one object a line; name the file .json"};
            if (text.front() != '{')
                return base::error{
                    base::errc::invalid_input,
                    "the first line is no JSON object; each line must be one, like {\"email\":…,\"subscriptionId\":…}"};
            if (text == "{" || consent::trim(text.substr(1)).starts_with("\"inputs\""))
                return base::error{base::errc::invalid_input,
                                   "this is one JSON document, not one object a line; name the file .json"};
            return {};
        }
        bytes_.skip(line->whole);
    }
}

base::result<found> ndjson_reader::read(record& values, row& into) {
    for (;;) {
        into.offset = bytes_.offset();
        const std::size_t alike = parser_.parse_alike(bytes_.ahead(), values);
        const std::size_t end = alike == 0 ? 0 : line_end(bytes_.ahead().substr(alike));
        if (end > 0) {
            into.length = alike;
            bytes_.skip(alike + end);
            return found::record;
        }
        const base::result<text_line> line = find_text_line(bytes_);
        if (!line) return line.error();
        if (line->too_long) {
            const std::uint64_t number = bytes_.line_at(into.offset);
            const base::result<std::uint64_t> passed = bytes_.skip_past('\n', '\n');
            if (!passed) return passed.error();
            into.length = *passed;
            into.fault = malformed(number, into.offset, into.length, "the line is longer than 1 MiB");
            return found::malformed;
        }
        if (line->whole == 0) return found::end;
        into.length = line->text.size();
        found result = found::record;
        const bool blank = consent::trim(line->text).empty();
        if (!blank)
            if (const auto why = parser_.parse(line->text, values)) result = fail(into, *why);
        bytes_.skip(line->whole);
        if (!blank) return result;
    }
}

found ndjson_reader::fail(row& into, const std::string& why) {
    into.fault = malformed(bytes_.line_at(into.offset), into.offset, into.length, why);
    return found::malformed;
}

}  // namespace consent_sync::intake
