// Opposite states of one person in one file, or in files that arrived together. Nothing says which came last, so the
// opt-out stands wherever it is (rules.contradictions), and supersedes the other rows of its key.
//
// Files that arrived together (file_record::together) are a group; a single file is a group as well. While any file of
// a group is unread, the opt-outs of the group are kept by hash, 12 bytes a slot (place_table): as many as are ahead of
// the bulk lane at that time. After a restart, or when a file joins late, they are read from the ledger again.
//
// Opt-ins are sent in order, and never past a file that is not read to its end. So it is enough to compare a row with
// the opt-outs that are known when it is stored, and to compare the rows of later files of the group once more at the
// end of each file. An opt-in that is stored before the opt-out is read may be sent already: then the opt-out follows
// it, as any newer change does.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "ledger/change_table.hpp"
#include "ledger/file_table.hpp"
#include "ledger/overtakes.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// All members throw database_error and run inside store::transact(). What a failed transaction leaves here is harmless:
// keys are compared with rows on disk before anything is superseded.
class standing_opt_outs {
  public:
    standing_opt_outs(file_table& files, change_table& changes) : files_(files), changes_(changes) {}

    // The file will be read: it was claimed, or is open at the start. Its group is kept until then.
    void expect(const file_record& file);
    // Sets new_row::contradicted_by of rows that are about to be stored. Requires: all of one file, in order.
    void mark(const file_record& file, std::span<new_row> rows);
    // The file has been read to its end: rows of later files of its group are compared with its opt-outs. Returns how
    // many were superseded.
    std::size_t end_file(const file_record& file);
    // The unsettled rows of a file that come back, compared with all opt-outs of its group.
    std::size_t supersede(const file_record& file);
    // The file will not be read.
    void forget(const file_record& file);

    std::size_t groups() const { return groups_.size(); }  // that are kept at present

  private:
    struct group {
        place_table newest;
        // Opt-outs whose slot holds another key.
        boost::unordered_flat_map<consent::key_hash, consent::place> others;
        std::set<consent::arrival_number> reading;  // files that are not at their end
        consent::arrival_number last = 0;           // with rows
        bool loaded = true;                         // false: the ledger may hold opt-outs that are not here
    };
    static consent::arrival_number group_of(const file_record& file) {
        return file.together != 0 ? file.together : file.arrival;
    }
    group& open(const file_record& file);
    void load(group& g, consent::arrival_number first);
    void add(group& g, const consent::change& opt_out, consent::key_hash hash, std::span<const new_row> piece);
    consent::place find(const group& g, const consent::change& c, std::span<const new_row> piece);
    bool is_of_key(consent::place place, const consent::change& c, std::span<const new_row> piece);
    std::size_t supersede(const group& g, consent::arrival_number arrival);

    file_table& files_;
    change_table& changes_;
    std::map<consent::arrival_number, group> groups_;
};

}  // namespace consent_sync::ledger
