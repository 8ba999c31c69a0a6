// Reads single rows of a dropped file again, as they stand there, for the file of failed rows.
//
// What an earlier run of ours had put beside the rows (change_id, verdict, category, message, correlation_id
// of a failed file that was dropped again) is left out, so that it can be written anew; without a change_id
// such columns are the owner's and stay.
//
// Blocking; one thread. Offsets must ascend (a .gz is read once, forwards); the same one may be asked for
// again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intake/columns.hpp"
#include "intake/format.hpp"
#include "intake/sources.hpp"

namespace consent_sync::intake {

struct raw_row {
    std::vector<std::string> fields;  // CSV: one for each of header(); spaces around an unquoted value are gone
    std::string text;                 // NDJSON and JSON: the object
};

class raw_row_reader {
  public:
    // `bytes_max` as in read_settings; `columns`: as the file was read. Errors: as file_reader::open, but a file that
    // is refused for what its columns mean is cut into rows all the same.
    static base::result<raw_row_reader> open(const std::string& path, std::string_view name, std::uint64_t bytes_max,
                                             const column_rules& columns = {});
    static base::result<raw_row_reader> open(base::unique_fd file, std::string_view name, std::uint64_t bytes_max,
                                             const column_rules& columns = {});
    static base::result<raw_row_reader> open(std::unique_ptr<byte_source> source, std::string_view name,
                                             std::uint64_t bytes_max, const column_rules& columns = {});
    raw_row_reader(raw_row_reader&&) noexcept;
    raw_row_reader& operator=(raw_row_reader&&) noexcept;
    ~raw_row_reader();

    layout rows() const;
    const std::vector<std::string>& header() const;  // CSV: the file's columns in their order; else empty
    char delimiter() const;                          // CSV: of the file

    const column_rules& columns() const;
    // The column of header() that holds the address.
    std::optional<std::size_t> subscriber_column() const;
    // The column of header() that holds the subscriptionId. A row that rules.unsubscribe_all turned into
    // several has nothing there; whoever writes one of these changes must fill in its subscription.
    std::optional<std::size_t> subscription_column() const;

    // The row at the offset that row::offset told. Requires: that row was not malformed.
    // Errors: corrupt, there is no such row any more, the file has changed; io.
    base::result<raw_row> at(std::uint64_t offset);

  private:
    struct implementation;
    explicit raw_row_reader(std::unique_ptr<implementation> impl);
    std::unique_ptr<implementation> impl_;
};

// The members of one JSON object as slices of its text.

// The object as it stands there; if it has a change_id, without the members that a failed file adds to a row.
// Nothing: `text` is not a JSON object.
std::optional<std::string> drop_report_members(std::string_view text);

// In which lines of a dropped file given bytes lie, for people who look at it in an editor.

// `offsets`: ascending, of the content (decompressed); lines count from 1. Reads the file up to the last offset;
// blocking. `name` tells whether it is a .gz, of which at most `bytes_max` times decompressed_factor are unpacked.
// Errors: as file_reader::open; corrupt: the content ends before an offset.
base::result<std::vector<std::uint64_t>> find_lines(const std::string& path, std::string_view name,
                                                    std::uint64_t bytes_max, std::span<const std::uint64_t> offsets);

}  // namespace consent_sync::intake
