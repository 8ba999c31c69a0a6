// The history of one address as text, JSON and CSV. It contains addresses: for standard output only, never for a log.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "ledger/history_queries.hpp"

namespace consent_sync::observe {

std::string format_history(const std::string& subscriber, const ledger::history& h);
boost::json::object history_json(const std::string& subscriber, const ledger::history& h, base::wall_time at);
// One line for each attempt, or one for a change that was never sent. The first line names the columns.
std::string history_csv(const ledger::history& h);

}  // namespace consent_sync::observe
