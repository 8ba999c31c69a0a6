#include "observe/monitor_answer.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/url/authority_view.hpp>

#include "consent/key.hpp"
#include "observe/metrics.hpp"
#include "observe/snapshot_json.hpp"

namespace consent_sync::observe {
namespace {

constexpr std::size_t port_digits_max = 5;

bool is_ours(std::string_view host, const std::vector<std::string>& names) {
    const auto parsed = boost::urls::parse_authority(host);  // fails where the text could name another host
    if (!parsed || parsed->has_userinfo() || parsed->port().size() > port_digits_max) return false;
    std::string name = consent::lower(std::string_view(parsed->encoded_host_address()));
    if (name.ends_with('.')) name.pop_back();
    using boost::urls::host_type;
    if (parsed->host_type() == host_type::ipv4 || parsed->host_type() == host_type::ipv6 || name == "localhost")
        return true;
    if (name.empty() || parsed->host_type() != host_type::name) return false;
    return std::any_of(names.begin(), names.end(),
                       [&name](const std::string& ours) { return name == consent::lower(ours); });
}

routed refuse(unsigned status, std::string words) {
    routed r;
    r.refusal.status = status;
    r.refusal.body = std::move(words) + "\n";
    return r;
}

bool is_ready(const snapshot& s) {
    return s.running && !s.stopping &&
           std::none_of(s.pauses.begin(), s.pauses.end(), [](const auto& p) { return p.reason == "disk"; });
}

}  // namespace

routed route(const monitor_request& r, const std::vector<std::string>& names) {
    if (r.hosts != 1 || r.host.empty()) return refuse(400, "a request needs one Host header");
    if (!is_ours(r.host, names))
        return refuse(421,
                      "this is not that host: ask by IP address, localhost, this machine's own name, or a name that "
                      "monitor.hosts lists in the configuration");
    const std::string_view path = r.target.substr(0, r.target.find('?'));
    routed found;
    if (path == "/metrics") found.page = monitor_page::metrics;
    if (path == "/healthz") found.page = monitor_page::healthz;
    if (path == "/readyz") found.page = monitor_page::readyz;
    if (path == "/status") found.page = monitor_page::status;
    if (!found.page) return refuse(404, "there are /metrics, /healthz, /readyz and /status");
    if (r.method == "GET" || r.method == "HEAD") return found;
    routed refused = refuse(405, "only GET and HEAD: nothing can be changed over the network");
    refused.refusal.allow = "GET, HEAD";
    return refused;
}

monitor_answer answer(monitor_page page, const snapshot& s, const counters& c) {
    monitor_answer a;
    switch (page) {
        case monitor_page::metrics:
            a.content_type = metrics_content_type;
            a.body = format_metrics(s, c);
            break;
        case monitor_page::healthz: a.body = "ok\n"; break;
        case monitor_page::readyz:
            a.status = is_ready(s) ? 200 : 503;
            a.body =
                is_ready(s) ? "ready\n" : std::string("not ready: ") + (s.stopping ? "stopping" : "the disk") + "\n";
            break;
        case monitor_page::status:
            a.content_type = "application/json";
            a.body = boost::json::serialize(to_json(s, file_names::left_out)) + "\n";
            break;
    }
    return a;
}

}  // namespace consent_sync::observe
