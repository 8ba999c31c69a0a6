// What the monitor answers. Pure. Requests can only read; nothing that arrives over the network changes anything.
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

// The requested page, or the status of a refusal: 400 without exactly one Host, 421 for a name that is not this
// machine's (otherwise a web page in a browser could read the monitor by DNS rebinding), 405 for methods other than GET
// and HEAD, 404.
struct routed {
    std::optional<monitor_page> page;
    monitor_answer refusal;
};
// `names`: this machine's names and those of monitor.hosts. They are compared whole: the same name with another domain
// may be an attacker's. IP addresses and localhost are always accepted.
routed route(const monitor_request& r, const std::vector<std::string>& names);

monitor_answer answer(monitor_page page, const snapshot& s, const counters& c);

}  // namespace consent_sync::observe
