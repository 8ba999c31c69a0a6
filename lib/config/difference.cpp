#include "config/difference.hpp"

#include "base/log.hpp"
#include "config/key.hpp"

namespace consent_sync::config {
namespace {

std::string masked(const key& of, const std::string& value) {
    return of.hidden && value != "null" ? "\"***\"" : base::redact(value);
}

// A token's file can be another one from one moment to the next, OAuth in its place cannot.
bool waits(const key& of, const settings& before, const settings& after) {
    if (of.when == effect::at_restart) return true;
    return of.path == "hubspot.token_file" && (before.hubspot.oauth || after.hubspot.oauth);
}

}  // namespace

std::vector<changed_key> difference(const settings& before, const settings& after) {
    std::vector<changed_key> changed;
    for (const key& each : all_keys()) {
        const std::string was = each.show(before);
        const std::string is = each.show(after);
        if (was == is) continue;
        changed.push_back({each.path, masked(each, was), masked(each, is), waits(each, before, after)});
    }
    return changed;
}

settings reloaded(const settings& before, const settings& after) {
    settings now = after;
    now.account = before.account;
    now.state_dir = before.state_dir;
    now.inbox.dir = before.inbox.dir;
    now.inbox.work_dir = before.inbox.work_dir;
    now.hubspot = before.hubspot;
    if (!before.hubspot.oauth && !after.hubspot.oauth) now.hubspot.token_file = after.hubspot.token_file;
    now.monitor_listen = before.monitor_listen;
    now.monitor_hosts = before.monitor_hosts;
    now.control_socket = before.control_socket;
    return now;
}

std::vector<shown_key> show_settings(const settings& s) {
    std::vector<shown_key> shown;
    for (const key& each : all_keys()) shown.push_back({each.path, masked(each, each.show(s))});
    return shown;
}

}  // namespace consent_sync::config
