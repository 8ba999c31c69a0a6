#include "ledger/status_queries.hpp"

#include "ledger/block.hpp"
#include "ledger/schema.hpp"

namespace consent_sync::ledger {

base::result<std::unique_ptr<status_reader>> status_reader::open(const std::string& path) {
    return open_reader<status_reader>(path);
}

status_reader::status_reader(std::unique_ptr<database> db)
    : db_(std::move(db)),
      files_(*db_),
      duties_(*db_),
      list_(db_->prepare("SELECT arrival FROM files WHERE state<5 ORDER BY arrival LIMIT ?")),
      sums_(db_->prepare("SELECT count(*), coalesce(sum(gate=2),0), coalesce(sum(iif(gate=2,0,n)),0), "
                         "coalesce(sum(iif(gate=2,n,0)),0) FROM (SELECT gate, rows-confirmed-rejected-invalid-"
                         "superseded-unconfirmed AS n FROM files WHERE state<5)")),
      late_(db_->prepare("SELECT count(DISTINCT hash) FROM late_writes")),
      oldest_(
          db_->prepare("SELECT f.claimed_at FROM files f WHERE f.arrival=(SELECT b.id>>25 FROM verdict_blocks b "
                       "INDEXED BY verdict_blocks_unsent_opt_outs WHERE b.unsent_opt_outs>0 ORDER BY b.id LIMIT 1)")) {
    static_assert(consent::place::row_bits - block_bits == 25);
}

base::result<ledger_picture> status_reader::read(std::size_t files_most) {
    return read_at_once(*db_, [&] { return read_all(files_most); });
}

ledger_picture status_reader::read_all(std::size_t files_most) {
    ledger_picture p;
    std::vector<consent::arrival_number> arrivals;
    list_.run_with(files_most);
    while (list_.step()) arrivals.push_back(static_cast<consent::arrival_number>(list_.integer(0)));
    list_.restart();
    for (const consent::arrival_number arrival : arrivals)
        if (auto file = files_.find(arrival)) p.files.push_back(std::move(*file));
    sums_.run_with();
    sums_.step();
    p.open_files = static_cast<std::uint64_t>(sums_.integer(0));
    p.held_files = static_cast<std::uint64_t>(sums_.integer(1));
    p.waiting = static_cast<std::uint64_t>(sums_.integer(2));
    p.held = static_cast<std::uint64_t>(sums_.integer(3));
    sums_.restart();
    late_.run_with();
    late_.step();
    p.late_write_keys = static_cast<std::uint64_t>(late_.integer(0));
    late_.restart();
    oldest_.run_with();
    if (oldest_.step()) p.oldest_opt_out = base::from_unix_ms(oldest_.integer(0));
    oldest_.restart();
    p.pauses = duties_.pauses();
    p.meta = duties_.all_meta();
    return p;
}

}  // namespace consent_sync::ledger
