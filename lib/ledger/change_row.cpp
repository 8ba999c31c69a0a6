#include "ledger/change_row.hpp"

namespace consent_sync::ledger {

consent::change read_change(const statement& row) {
    consent::change c;
    c.id = consent::place(row.integer(0));
    c.subscriber = row.text(1);
    c.subscription = row.integer(2);
    c.channel = static_cast<consent::channel>(row.integer(3));
    c.state = static_cast<consent::status_state>(row.integer(4));
    if (const auto basis = row.optional_integer(5)) c.basis = static_cast<consent::legal_basis>(*basis);
    if (!row.is_null(6)) c.explanation = row.text(6);
    return c;
}

}  // namespace consent_sync::ledger
