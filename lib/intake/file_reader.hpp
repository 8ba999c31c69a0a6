// Reads a dropped file: rows in chunks, each judged by itself.
//
//   auto reader = file_reader::open(path, name, {settings.defaults, settings.rules,
//   settings.inbox.max_bytes}); std::vector<row> rows; for (;;) { const read_result got = reader->next(rows,
//   4096); …store rows and reader->position()… }
//
// Blocking; one thread at a time. Memory does not depend on the file: block_bytes and the longest row, at
// most row_bytes_max. The rows and their numbers depend on the bytes of the file, the settings and nothing
// else, so a reader that resumes at a stored position gives exactly the rows that the first one had still to
// give.
//
// A file that is read to its end has every row told as a change or as a fault. Errors of open(): unsupported
// and invalid_input refuse the file whole, with a reason for its owner; io, not_found and busy (interrupted) say
// nothing about the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "intake/sources.hpp"
#include "intake/row.hpp"

namespace consent_sync::intake {

struct read_settings {
    config::default_settings defaults;
    config::rule_settings rules;
    std::uint64_t bytes_max = config::inbox_settings{}.max_bytes;  // of the file; a .gz may hold 16 times as much
    read_bound bound{};                                            // of this reader, in content
};

struct read_result {
    enum class state {
        more,         // ask again
        end_of_file,  // all rows were given
        broke_off,    // the rows up to here were given; the rest cannot be read. Asking again tells the same
        interrupted,  // read_settings::bound was met; a new reader goes on from position()
    };
    state at = state::more;
    base::error reason;  // of broke_off; io: the file may be whole, a new reader goes on from position()
};

class file_reader {
  public:
    // `name` is the name the file was dropped under: it tells the format.
    static base::result<file_reader> open(const std::string& path, std::string_view name, const read_settings& settings,
                                          read_position from = {});
    static base::result<file_reader> open(base::unique_fd file, std::string_view name, const read_settings& settings,
                                          read_position from = {});
    static base::result<file_reader> open(std::unique_ptr<byte_source> source, std::string_view name,
                                          const read_settings& settings, read_position from = {});
    file_reader(file_reader&&) noexcept;
    file_reader& operator=(file_reader&&) noexcept;
    ~file_reader();

    // Puts the next rows into `out`, whose old rows are used again. At most `most` of them (at least one),
    // but an opt-out that stands for all of rules.unsubscribe_all is given whole: several rows of one offset,
    // each with its own number. So position() never lies inside one, and a change of that setting cannot
    // split it.
    read_result next(std::vector<row>& out, std::size_t most);

    // Behind the last row given. Store it with the rows; open() goes on from there.
    read_position position() const;

    // Columns (CSV) or members met so far (JSON) that are not known and were ignored, each once, as they
    // may be shown. At most unknown_columns_max.
    const std::vector<std::string>& unknown_columns() const;
    // Those of them whose names look as if they said who may be mailed.
    const std::vector<std::string>& suspicious_columns() const;
    // Rows so far whose status is defaults.statusState, because the file has none.
    std::uint64_t default_rows() const;
    // What the owner of the file ought to know about what was read so far: sentences without anybody's data.
    std::vector<std::string> notes() const;

  private:
    struct implementation;
    explicit file_reader(std::unique_ptr<implementation> impl);
    std::unique_ptr<implementation> impl_;
};

}  // namespace consent_sync::intake
