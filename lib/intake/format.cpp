#include "intake/format.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "consent/key.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

using namespace std::string_view_literals;

constexpr std::array<std::pair<std::string_view, layout>, 4> extensions{
    {{".csv", layout::csv}, {".ndjson", layout::ndjson}, {".jsonl", layout::ndjson}, {".json", layout::json}}};

struct signature {
    std::string_view bytes;
    std::string_view meaning;
};

// The longer UTF-32 marks begin with the UTF-16 ones, so they come first.
constexpr std::array<signature, 9> signatures{
    {{"\xFF\xFE\0\0"sv, "it is UTF-32 text; save it as UTF-8"},
     {"\0\0\xFE\xFF"sv, "it is UTF-32 text; save it as UTF-8"},
     {"\xFF\xFE"sv, "it is UTF-16 text (\"Unicode\" in Excel and Windows); save it as UTF-8"},
     {"\xFE\xFF"sv, "it is UTF-16 text; save it as UTF-8"},
     {"PK\x03\x04"sv, "this is an Excel workbook or a zip archive; save it as CSV UTF-8, or unpack it"},
     {"\xD0\xCF\x11\xE0"sv, "this is an Excel workbook (old format, or with a password); save it as CSV UTF-8"},
     {"\x1F\x8B"sv, "this is a gzip file inside or without a name ending in .gz; name it like rows.csv.gz"},
     {"%PDF"sv, "this is a PDF document; export the rows as CSV UTF-8"},
     {"SQLite format 3"sv, "this is a SQLite database; export the rows as CSV UTF-8"}}};

base::error not_a_table(std::string_view why) {
    return base::error{base::errc::invalid_input, "the file is not text in UTF-8: " + std::string(why)};
}

std::string_view without_gz(std::string_view lowered) {
    return lowered.ends_with(".gz") ? lowered.substr(0, lowered.size() - 3) : lowered;
}

// The format, and where its extension begins.
std::optional<std::pair<std::size_t, format>> find_format(std::string_view lowered) {
    const std::string_view rest = without_gz(lowered);
    for (const auto& [extension, rows] : extensions)
        if (rest.ends_with(extension))
            return std::pair(rest.size() - extension.size(), format{rows, rest.size() != lowered.size()});
    return std::nullopt;
}

}  // namespace

std::string known_extension(std::string_view name) {
    const std::string lowered = consent::lower(name);
    const auto found = find_format(lowered);
    return found ? lowered.substr(found->first) : std::string();
}

base::result<format> parse_format(std::string_view name) {
    const std::string lowered = consent::lower(name);
    if (const auto found = find_format(lowered)) return found->second;
    const std::string_view rest = without_gz(lowered);
    std::string message =
        "the name of the file does not tell its format: it must end in .csv, .ndjson, .jsonl or "
        ".json, or one of these with .gz";
    for (const std::string_view workbook : {".xlsx", ".xls", ".xlsm", ".ods"})
        if (rest.ends_with(workbook)) message = "this is a spreadsheet workbook; save it as CSV UTF-8";
    return base::error{base::errc::unsupported, std::move(message)};
}

base::result<void> check_text(window& bytes) {
    while (bytes.ahead().size() < sniff_bytes) {
        const base::result<bool> more = bytes.fill();
        if (!more && bytes.ahead().empty()) return more.error();
        if (!more || !*more) break;  // a later error is met again where those bytes are needed
    }
    const std::string_view start = bytes.ahead().substr(0, sniff_bytes);
    for (const signature& known : signatures)
        if (start.starts_with(known.bytes)) return not_a_table(known.meaning);
    if (start.find('\0') != std::string_view::npos)
        return not_a_table("it has NUL bytes at its start, so it is binary or UTF-16; save it as CSV UTF-8");
    if (start.starts_with("\xEF\xBB\xBF")) bytes.skip(3);
    return {};
}

}  // namespace consent_sync::intake
