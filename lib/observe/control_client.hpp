// The commands' end of the control socket. Blocking.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "observe/control_message.hpp"

namespace consent_sync::observe {

// Where the daemon puts its socket.
std::string control_socket_path(const config::settings& s, const std::string& runtime_dir);
// Where a command looks for it, first to last. `config_path` names the instance of a template unit.
std::vector<std::string> control_socket_places(const config::settings& s, const std::string& config_path);

// Sends the request to the daemon of request.state_dir, at the first place where it listens. Where connections are cut
// or turned away, it tries again for some seconds. Errors: not_found: the daemon is not running; io, busy: the message
// says which step failed. A refusal is a reply, not an error.
base::result<control_reply> ask_daemon(const std::vector<std::string>& places, const control_request& request,
                                       std::chrono::seconds patience);

}  // namespace consent_sync::observe
