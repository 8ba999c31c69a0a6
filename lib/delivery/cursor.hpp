// Which rows of the ledger are fetched when, and how far the bulk lane has come.
//
// `cursor`: opt-outs are fetched by ranges as soon as they are in the ledger, bulk rows in order behind them.
//
// `low_water`: every bulk row up to its mark is settled, so a restart goes on from there. It counts unsettled rows by
// fetched piece, not row by row: the mark moves a piece at a time, which costs a restart at most one piece of rows to
// be looked at again.
//
// `released_files`: files that were held and are released. The bulk cursor has passed them, so their rows are fetched
// on their own, when the cursor has come to them and before it goes on. While one of them has unsettled rows the
// low-water mark on disk stays where it is: the overtakes that it would remove may name newer opt-outs of their keys.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "consent/place.hpp"
#include "delivery/actions.hpp"

namespace consent_sync::delivery {

class low_water {
  public:
    explicit low_water(consent::place start) : mark_(start), fetched_to_(start) {}

    // The bulk lane fetched everything up to `to`, of which `unsettled` changes were not settled.
    void fetched(consent::place to, std::uint64_t unsettled);
    // A bulk change up to the fetch mark got its verdict.
    void settled(consent::place place);

    consent::place mark() const { return mark_; }
    consent::place fetched_to() const { return fetched_to_; }

  private:
    struct piece {
        consent::place to;
        std::uint64_t unsettled;
    };
    void advance();

    std::deque<piece> pieces_;  // ascending, contiguous
    consent::place mark_;
    consent::place fetched_to_;
};

class released_files {
  public:
    void add(consent::place first, consent::place last);
    bool empty() const { return ranges_.empty(); }
    // What is to be fetched next, (after, to].
    std::optional<std::pair<consent::place, consent::place>> next() const;
    void fetched(consent::place to, std::uint64_t unsettled);
    bool settled(consent::place place);  // false: the row is of no released file

  private:
    struct range {
        consent::place first, last, fetched_to;
        std::uint64_t unsettled = 0;  // of the fetched rows
    };
    range* find(consent::place place);
    void forget_settled();

    std::vector<range> ranges_;  // ascending
};

class cursor {
  public:
    void start(const ledger::recovery& past);

    // Rows in the ledger.
    void on_rows(consent::place first, consent::place last, bool opt_outs);
    void on_bulk_open() { bulk_more_ = true; }
    void on_released(consent::place first, consent::place last);

    // Asks for rows of the lanes that `want` some, at most `most`.
    struct wanted {
        bool opt_outs = false, bulk = false;
    };
    void ask(wanted want, std::size_t most, output& out);
    void opt_outs_fetched(const fetch_result& result);
    void bulk_fetched(fetch_result& result);  // or released rows; takes out what may not come yet
    void settled(consent::place place);       // a bulk row has its verdict

    std::optional<consent::place> mark() const;  // of the low water, that may go to disk
    bool passed(consent::place place) const { return place <= low_water_.fetched_to(); }
    bool opt_outs_left() const { return fetching_opt_outs_ || !opt_out_ranges_.empty(); }
    bool bulk_left() const { return fetching_bulk_ || bulk_more_; }

  private:
    consent::place barrier(bool of_released) const;

    low_water low_water_{consent::place()};
    released_files released_;
    std::map<consent::place, consent::place> opt_out_ranges_;  // in the ledger, not fetched yet
    std::optional<std::pair<consent::place, consent::place>> fetching_opt_outs_;
    bool fetching_bulk_ = false;  // or released rows
    bool bulk_more_ = true;
};

}  // namespace consent_sync::delivery
