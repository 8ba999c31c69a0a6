// The oracle's records as lines of JSON, for the control endpoints and the oracle file.
#pragma once

#include <string>
#include <string_view>

#include "hubspot_sim/oracle.hpp"

namespace consent_sync::hubspot_sim {

// Each appends one line with its end.
void append_line(std::string& to, const change_record& c);
void append_line(std::string& to, const request_record& r);
void append_line(std::string& to, std::string_view key, const key_state& s);
std::string format_counters(const counter_values& c);

}  // namespace consent_sync::hubspot_sim
