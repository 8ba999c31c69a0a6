// The metrics in Prometheus' text format 0.0.4. The table of all metrics is in README.md. Labels have a few fixed
// values, and never data of a file or a person.
#pragma once

#include <string>

#include "observe/counters.hpp"
#include "observe/snapshot.hpp"

namespace consent_sync::observe {

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

std::string format_metrics(const snapshot& s, const counters& c);

}  // namespace consent_sync::observe
