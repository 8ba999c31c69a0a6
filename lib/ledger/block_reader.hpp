// Reads the blocks of changes: on the ledger's own connection, or on one that only reads. A block whose sum is wrong,
// and a row that is in only one of the two parts, is corruption; the error names the rows.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/database.hpp"
#include "ledger/block.hpp"

namespace consent_sync::ledger {

// A row while a scan is at it.
struct scanned_row {
    consent::place id;
    const row_view& row;
    const row_end* end;  // nullptr: it has no verdict
};

// All members throw database_error.
class block_reader {
  public:
    explicit block_reader(database& db);

    std::optional<verdict_block> verdicts(block_id block);
    // The rows as bytes; empty if there is no such block. Valid until the next call of any member.
    std::string_view rows(block_id block);
    std::string copy_rows(block_id block);

    // Calls `look` with the blocks that may hold rows in [first, last], in order, until it returns false. `look` may
    // change the verdicts of its block.
    using block_look = std::function<bool(block_id, const verdict_block&)>;
    void each_block(consent::place first, consent::place last, const block_look& look);
    // The same for blocks that have opt-outs without a verdict.
    void each_block_with_unsent_opt_outs(consent::place first, consent::place last, const block_look& look);

    // Every row in [first, last], in order: about 50 ns each.
    void scan(consent::place first, consent::place last, const std::function<void(const scanned_row&)>& look);

    // One row and its end. The strings are copies.
    struct found_row {
        consent::change change;
        consent::place original;
        std::optional<row_end> end;
    };
    std::optional<found_row> find(consent::place id);

  private:
    void each(statement& blocks, consent::place first, consent::place last, const block_look& look);

    statement verdicts_, rows_, blocks_, opt_outs_;
};

// Finds rows one after the other and keeps the block of the last one, so that rows in order are cheap. For one query:
// it does not see what is written meanwhile. All members throw database_error.
class row_finder {
  public:
    explicit row_finder(block_reader& blocks) : blocks_(blocks) {}

    // Goes to this row; false: there is none.
    bool find(consent::place id);
    // Of the row that was found. Valid until the next find(). Requires: find() returned true.
    const row_end* end() const { return verdicts_->end(index_in_block(id_)); }  // nullptr: it has no verdict
    const row_view& row();

  private:
    block_reader& blocks_;
    consent::place id_;
    std::optional<block_id> block_;
    std::optional<verdict_block> verdicts_;  // of block_; nothing: there is no such block
    std::string bytes_;                      // its rows, once one was asked for
    bool has_rows_ = false;
    row_block_reader rows_;
    unsigned unread_from_ = 0;  // the first index that rows_ can still find
    row_view row_;
};

}  // namespace consent_sync::ledger
