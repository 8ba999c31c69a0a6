// The table `changes` of SQL: every row of the blocks as if it were a row of its own. Reads only.
//
//   id, subscriber, subscription, channel, state, basis, explanation, original, offset   as the file had them
//   verdict (0: none), reason (consent::success_reason), attempt, hubspot_at             how it ended
//
// It is no part of the schema: each connection of this program brings it along (an eponymous virtual table of SQLite).
// A range of ids costs what lies in it; a row's texts are decoded only where they are asked for.
#pragma once

struct sqlite3;

namespace consent_sync::ledger {

// Returns SQLite's code.
int add_changes_view(sqlite3* connection);

}  // namespace consent_sync::ledger
