// Fuzz targets for dropped files of the three formats, packed or not: the rows do not depend on how a file is read.
#include <boost/json/parse.hpp>
#include <cctype>

#include "fuzz/targets.hpp"
#include "hubspot/encode.hpp"
#include "intake/limits.hpp"
#include "intake/raw_row_reader.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::fuzz {
namespace {

using namespace intake;

// Unpacked content may be sixteen times as large. It is kept small, because it is read five times for each input.
constexpr std::uint64_t bytes_max(bool packed) { return packed ? 256 : 32 * 1024; }

read_settings settings(bool packed) {
    read_settings s = with_subscription();
    s.bytes_max = bytes_max(packed);
    s.rules.unsubscribe_all = {1, 2, 3};
    return s;
}

bool shows_address(const std::string& words) {
    const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    for (std::size_t at = words.find('@', 1); at < words.size() - 1; at = words.find('@', at + 1))
        if (is_word(words[at - 1]) && is_word(words[at + 1])) return true;
    return false;
}

std::string ending(const reading& r) {
    return r.refused + "|" + std::to_string(static_cast<int>(r.end.at)) + "|" + r.end.reason.message;
}

// Like intake's read_text, but detects a reader that never ends.
reading read_bounded(const std::string& input, std::string_view name, bool packed, std::size_t piece) {
    reading got;
    auto reader = open_text(input, name, settings(packed), piece);
    if (!reader) {
        got.refused = reader.error().message;
        return got;
    }
    const std::uint64_t rows_max = 3 * (packed ? bytes_max(true) * decompressed_factor : input.size()) + 3;
    std::vector<row> rows;
    do {
        got.end = reader->next(rows, 1000);
        got.rows.insert(got.rows.end(), rows.begin(), rows.end());
        require(got.rows.size() <= rows_max, "a file has no more rows than its bytes can tell");
    } while (got.end.at == read_result::state::more);
    return got;
}

void check_rows(const reading& all, std::size_t input_bytes, bool packed) {
    std::uint64_t number = 0;
    std::uint64_t behind = 0;
    for (const row& r : all.rows) {
        require(r.number == ++number, "rows are numbered without a gap");
        require(r.offset >= behind || r.offset == all.rows.at(number - 2).offset, "rows do not overlap");
        behind = r.offset + r.length;
        require(packed || behind <= input_bytes, "a row lies within its file");
        require(behind <= bytes_max(packed) * decompressed_factor, "no more is unpacked than allowed");
        if (r.fault) {
            require(!r.fault->category.empty() && !r.fault->message.empty(), "a fault has its words");
            require(!shows_address(r.fault->message), "a fault repeats no address");
        } else {
            require(!r.change.subscriber.empty() && r.change.subscription > 0, "a change has its key");
        }
    }
}

// The request body for these rows must be valid JSON, whatever they contain.
void check_encoding(const reading& all) {
    std::vector<consent::change> batch;
    for (const row& r : all.rows)
        if (!r.fault && batch.size() < 100) batch.push_back(r.change);
    if (batch.empty()) return;
    boost::system::error_code broken;
    const std::string text = hubspot::encode_batch(batch);
    const auto body = boost::json::parse(text, broken);
    require(!broken, "a batch is JSON");
    require(body.at("inputs").as_array().size() == batch.size(), "a batch has all its changes");
}

void check_resumed(const std::string& input, std::string_view name, const reading& all, bool packed) {
    auto reader = open_text(input, name, settings(packed));
    if (!reader) return;
    std::vector<row> some;
    reader->next(some, all.rows.size() / 2 + 1);
    const read_position at = reader->position();
    require(some.size() == at.rows, "the position counts the rows");
    auto later =
        file_reader::open(std::make_unique<memory_source>(input, 1 << 20, !packed), name, settings(packed), at);
    require(bool(later), "a file that opened opens again");
    reading rest;
    read_on(*later, rest);
    // Line numbers in messages differ if a file cannot be read again, so only places are compared.
    require(rest.rows.size() + some.size() == all.rows.size(), "reading goes on where it stopped");
    for (std::size_t i = 0; i < rest.rows.size(); ++i)
        require(rest.rows[i].offset == all.rows[some.size() + i].offset &&
                    rest.rows[i].number == all.rows[some.size() + i].number,
                "reading goes on with the next row");
}

void check_read_again(const std::string& input, std::string_view name, const reading& all, bool packed) {
    auto again = raw_row_reader::open(std::make_unique<memory_source>(input, 1 << 20), name, bytes_max(packed));
    if (!again) return;
    for (const row& r : all.rows) {
        if (r.fault && r.fault->category == "malformed") continue;
        require(bool(again->at(r.offset)), "a row that was read can be read again");
    }
}

void check_file(std::string_view bytes, std::string_view name, bool packed = false) {
    const std::string input(bytes);
    const reading all = read_bounded(input, name, packed, 1 << 20);
    check_rows(all, input.size(), packed);
    check_encoding(all);
    const std::size_t piece = 1 + input.size() % 7 + input.size() / 16;  // few pieces, since each needs a block
    const reading in_pieces = read_bounded(input, name, packed, piece);
    require(ending(all) == ending(in_pieces) && describe(all.rows) == describe(in_pieces.rows),
            "the size of the pieces in which a file comes changes nothing");
    if (!all.refused.empty()) return;
    check_resumed(input, name, all, packed);
    check_read_again(input, name, all, packed);
}

}  // namespace

void fuzz_csv(std::string_view input) { check_file(input, "x.csv"); }
void fuzz_ndjson(std::string_view input) { check_file(input, "x.ndjson"); }
void fuzz_json(std::string_view input) { check_file(input, "x.json"); }
void fuzz_gzip(std::string_view input) { check_file(input, "x.csv.gz", true); }

}  // namespace consent_sync::fuzz
