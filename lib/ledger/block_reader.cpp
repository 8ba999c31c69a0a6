#include "ledger/block_reader.hpp"

#include <algorithm>

#include "ledger/block.hpp"

namespace consent_sync::ledger {

block_reader::block_reader(database& db)
    : verdicts_(db.prepare("SELECT data FROM verdict_blocks WHERE id=?")),
      rows_(db.prepare("SELECT data FROM row_blocks WHERE id=?")),
      blocks_(db.prepare("SELECT id, data FROM verdict_blocks WHERE id BETWEEN ? AND ? ORDER BY id")),
      opt_outs_(db.prepare("SELECT id, data FROM verdict_blocks INDEXED BY verdict_blocks_unsent_opt_outs "
                           "WHERE unsent_opt_outs>0 AND id BETWEEN ? AND ? ORDER BY id")) {}

std::optional<verdict_block> block_reader::verdicts(block_id block) {
    verdicts_.run_with(block);
    std::optional<verdict_block> found;
    if (verdicts_.step()) found.emplace(unseal(verdicts_.view(0), block_kind::verdicts, block));
    verdicts_.restart();
    return found;
}

std::string_view block_reader::rows(block_id block) {
    rows_.run_with(block);
    return rows_.step() ? unseal(rows_.view(0), block_kind::rows, block) : std::string_view();
}

std::string block_reader::copy_rows(block_id block) {
    std::string copy(rows(block));
    rows_.restart();
    return copy;
}

void block_reader::each_block(consent::place first, consent::place last, const block_look& look) {
    each(blocks_, first, last, look);
}

void block_reader::each_block_with_unsent_opt_outs(consent::place first, consent::place last, const block_look& look) {
    each(opt_outs_, first, last, look);
}

void block_reader::each(statement& blocks, consent::place first, consent::place last, const block_look& look) {
    blocks.run_with(block_of(first), block_of(last));
    while (blocks.step()) {
        const block_id id = blocks.integer(0);
        if (!look(id, verdict_block(unseal(blocks.view(1), block_kind::verdicts, id)))) break;
    }
    blocks.restart();
    rows_.restart();
}

void block_reader::scan(consent::place first, consent::place last,
                        const std::function<void(const scanned_row&)>& look) {
    each_block(first, last, [&](block_id block, const verdict_block& verdicts) {
        row_block_reader rows(this->rows(block));
        row_view row;
        unsigned seen = 0;
        for (; rows.next(row); ++seen) {
            if (!verdicts.has(row.index)) fail_damaged(block);
            const consent::place id = place_in_block(block, row.index);
            if (id >= first && id <= last) look({id, row, verdicts.end(row.index)});
        }
        if (seen != verdicts.rows()) fail_damaged(block);
        return true;
    });
}

std::optional<block_reader::found_row> block_reader::find(consent::place id) {
    const auto verdicts = this->verdicts(block_of(id));
    const unsigned index = index_in_block(id);
    std::optional<found_row> found;
    if (!verdicts || !verdicts->has(index)) return found;
    row_block_reader rows(this->rows(block_of(id)));
    row_view row;
    if (!rows.find(index, row)) fail_damaged(block_of(id));
    found.emplace(found_row{row.change(id), row.original, std::nullopt});
    if (const row_end* end = verdicts->end(index)) found->end = *end;
    rows_.restart();
    return found;
}

bool row_finder::find(consent::place id) {
    if (block_ != block_of(id)) {
        block_ = block_of(id);
        verdicts_ = blocks_.verdicts(*block_);
        has_rows_ = false;
    }
    id_ = id;
    return verdicts_ && verdicts_->has(index_in_block(id));
}

const row_view& row_finder::row() {
    const unsigned index = index_in_block(id_);
    if (!has_rows_) bytes_ = blocks_.copy_rows(*block_);
    if (!has_rows_ || index < unread_from_) rows_ = row_block_reader(bytes_);
    has_rows_ = true;
    if (!rows_.find(index, row_)) fail_damaged(*block_);
    unread_from_ = index + 1;
    return row_;
}

}  // namespace consent_sync::ledger
