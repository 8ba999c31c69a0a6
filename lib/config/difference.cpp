#include "config/difference.hpp"

#include "base/log.hpp"
#include "config/key.hpp"

namespace consent_sync::config {
namespace {

std::string masked(const key& of, const std::string& value) {
    return of.hidden && value != "null" ? "\"***\"" : base::redact(value);
}

// Another token file takes effect at once; a change to or from OAuth needs a restart.
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
    settings now = before;
    for (const key& each : all_keys())
        if (!waits(each, before, after)) each.copy(after, now);
    return now;
}

std::vector<shown_key> show_settings(const settings& s) {
    std::vector<shown_key> shown;
    for (const key& each : all_keys()) shown.push_back({each.path, masked(each, each.show(s))});
    return shown;
}

}  // namespace consent_sync::config
