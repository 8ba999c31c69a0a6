// The files of the ledger: their life from the claim to done, how far each was read, their counts by verdict.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ledger/database.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// A file was read to its end, or to where it breaks off for good.
struct file_end {
    consent::arrival_number arrival = 0;
    base::wall_time at;
    std::string fault;
    std::string ignored_columns;
    std::uint64_t size = 0;  // as it was then
    std::int64_t modified_ns = 0;
    std::string sha256{};        // of what was read, if that is not what was hashed before; empty: it is
    std::uint64_t open_row = 0;  // file_record::open_row
};

// All members throw database_error and run inside store::transact().
class file_table {
  public:
    explicit file_table(database& db);

    // New files in order of arrival; gives each its arrival number. State `claiming`.
    void add(std::span<file_record> files);
    // The file arrived together with others, of which `first` was the first.
    void arrived_with(file_record& file, consent::arrival_number first);
    // New files get numbers above this one, whatever is in the table.
    void number_after(consent::arrival_number arrival);
    consent::arrival_number newest();  // the last number that was given; 0: none
    // A file that got its number in a part of the ledger that is lost. Requires: `arrival` is above newest(). State
    // `claiming`, held.
    void adopt(const file_record& file);
    // The rename into processing/ is on disk: what was found there. claiming → claimed.
    void claimed(const file_record& file);
    // Forgets a file whose rename never happened: it is still in the inbox, and gets a new number.
    void forget(consent::arrival_number arrival);

    // Content is known: before the first row is stored. claimed → reading.
    void begin_reading(consent::arrival_number arrival, const std::string& sha256,
                       std::optional<consent::arrival_number> duplicate_of);
    // The earliest other file with the same content that was claimed at or after `since`.
    std::optional<consent::arrival_number> find_same_content(const std::string& sha256, consent::arrival_number arrival,
                                                             base::wall_time since);
    void progress(consent::arrival_number arrival, std::uint64_t rows, std::uint64_t offset, std::uint64_t invalid);
    void set_gate(consent::arrival_number arrival, file_gate gate);
    // reading → read.
    void end_reading(const file_end& end);
    void add_verdicts(consent::arrival_number arrival, const verdict_counts& added);
    void refused(consent::arrival_number arrival, base::wall_time at, const std::string& why);
    void done(consent::arrival_number arrival, base::wall_time at);

    std::optional<file_record> find(consent::arrival_number arrival);
    std::vector<file_record> open_files();  // neither done nor refused, by arrival
    // Read files whose every row has a verdict, oldest first.
    std::vector<consent::arrival_number> settled_files(std::size_t most);
    bool is_settled(consent::arrival_number arrival);  // it is one of these
    // Of the newest `most` files those whose end was read and that nothing continues, newest first: all that are not
    // done, and of the others those that ended at or after `since`.
    std::vector<file_record> watched(base::wall_time since, std::size_t most);
    // The last place that the bulk lane may fetch at present, and the open files that it passes by.
    consent::place bulk_bound();
    std::vector<consent::arrival_number> held_or_released();
    std::vector<consent::arrival_number> gated(file_gate gate);
    // The files that arrived together with `first`, which was the first of them: it and they, by arrival.
    std::vector<consent::arrival_number> together(consent::arrival_number first);

  private:
    statement add_, arrived_with_, claimed_, forget_, begin_reading_, same_content_, progress_, set_gate_, end_reading_;
    statement add_verdicts_, refused_, done_, find_, open_, settled_, is_settled_, oldest_unread_, gated_, passed_,
        together_, watched_, newest_, number_after_;
};

}  // namespace consent_sync::ledger
