// The snapshot as JSON, the one schema of `status --json`, /status and the control socket (README.md), and back.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.hpp"
#include "observe/snapshot.hpp"

namespace consent_sync::observe {

enum class file_names { shown, left_out };  // left out: for the network

boost::json::object to_json(const snapshot& s, file_names names);
// The inverse of to_json(). Error invalid_input: it is something else, or from another version.
base::result<snapshot> from_json(const boost::json::value& value);

}  // namespace consent_sync::observe
