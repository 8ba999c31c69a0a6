// What the monitor answers: pure. Reads only; nothing that comes over the network changes anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "observe/counters.hpp"
#include "observe/snapshot.hpp"

namespace consent_sync::observe {

struct monitor_request {
    std::string_view method, target, host;
    std::size_t hosts = 1;  // Host headers: more than one is how a request is smuggled past a check
};

struct monitor_answer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string allow;  // of a 405
};

enum class monitor_page { metrics, healthz, readyz, status };

// The page that is asked for, or why none is given: 400 without one Host, 421 for a name that is not this machine's (a
// web page in somebody's browser could else read it by DNS rebinding), 405 for another method than GET and HEAD, 404.
struct routed {
    std::optional<monitor_page> page;
    monitor_answer refusal;
};
// `names`: this machine's own and those of monitor.hosts, whole; IP addresses and localhost are always right. A name
// with some domain behind is another name: that domain may be an attacker's.
routed route(const monitor_request& r, const std::vector<std::string>& names);

monitor_answer answer(monitor_page page, const snapshot& s, const counters& c);

}  // namespace consent_sync::observe
