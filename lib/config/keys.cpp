#include <algorithm>
#include <set>

#include "config/key_kinds.hpp"
#include "config/url.hpp"

namespace consent_sync::config {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto day = 24h;
constexpr auto reload = effect::at_reload;
constexpr auto restart = effect::at_restart;
constexpr std::uint64_t id_max = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t unsubscribe_all_max = 100;
constexpr std::size_t ignore_columns_max = 1'000;
constexpr std::size_t column_name_max = 256;
constexpr std::size_t monitor_hosts_max = 20;

problem read_hosts(const json::value& value, std::vector<std::string>& into, const std::string&) {
    std::vector<std::string> names;
    bool valid = value.is_null() ||
                 (value.is_array() && !value.get_array().empty() && value.get_array().size() <= monitor_hosts_max);
    if (valid && value.is_array()) {
        for (const json::value& each : value.get_array()) {
            const auto* name = each.if_string();
            valid = valid && name != nullptr && is_host_name(std::string_view(*name));
            if (valid) names.emplace_back(std::string_view(*name));
        }
    }
    if (!valid) {
        return refusal(fmt::format("a list of 1 to {} host names without a port, like [\"db1.example.com\"], or null",
                                   monitor_hosts_max),
                       value);
    }
    into = std::move(names);
    return std::nullopt;
}

std::string show_names(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + json_quoted(name);
    return names.empty() ? "null" : "[" + list + "]";
}

problem read_columns(const json::value& value, std::vector<std::string>& into, const std::string&) {
    std::vector<std::string> names;
    bool valid = value.is_null() ||
                 (value.is_array() && !value.get_array().empty() && value.get_array().size() <= ignore_columns_max);
    if (valid && value.is_array()) {
        for (const json::value& each : value.get_array()) {
            const auto* name = each.if_string();
            valid = valid && name != nullptr && !name->empty() && name->size() <= column_name_max;
            if (valid) names.emplace_back(std::string_view(*name));
        }
    }
    if (!valid) {
        return refusal(fmt::format("a list of 1 to {} column names of 1 to {} bytes, like [\"Tags\"], or null",
                                   ignore_columns_max, column_name_max),
                       value);
    }
    into = std::move(names);
    return std::nullopt;
}

std::vector<key> top_keys() {
    return {
        text_key(
            "account", restart, [](auto& s) { return &s.account; }, account_name),
        text_key(
            "state_dir", restart, [](auto& s) { return &s.state_dir; }, folder_path),
        duration_key(
            "stop_grace", reload, [](auto& s) { return &s.stop_grace; }, 0ms, 10min),
        text_key(
            "monitor.listen", restart, [](auto& s) { return &s.monitor_listen; }, listen_address, null::allowed),
        make_key(
            "monitor.hosts", restart, [](auto& s) { return &s.monitor_hosts; }, read_hosts, show_names),
        text_key(
            "control.socket", restart, [](auto& s) { return &s.control_socket; }, file_path, null::allowed),
        choice_key<>(
            "log.format", reload, [](auto& s) { return &s.log.format; },
            std::vector<choice<base::log_format>>{{"auto", base::log_format::automatic},
                                                  {"text", base::log_format::text},
                                                  {"json", base::log_format::json}}),
        choice_key<>(
            "log.level", reload, [](auto& s) { return &s.log.level; },
            std::vector<choice<base::level>>{{"debug", base::level::debug},
                                             {"info", base::level::info},
                                             {"warn", base::level::warn},
                                             {"error", base::level::error}}),
    };
}

std::vector<key> inbox_keys() {
    return {
        text_key(
            "inbox.dir", restart, [](auto& s) { return &s.inbox.dir; }, folder_path, null::allowed),
        text_key(
            "inbox.work_dir", restart, [](auto& s) { return &s.inbox.work_dir; }, folder_path, null::allowed),
        duration_key(
            "inbox.settle", reload, [](auto& s) { return &s.inbox.settle; }, 0ms, 1h),
        duration_key(
            "inbox.rescan", reload, [](auto& s) { return &s.inbox.rescan; }, 100ms, 1h),
        size_key(
            "inbox.max_bytes", reload, [](auto& s) { return &s.inbox.max_bytes; }, 1ULL << 10, 1ULL << 40),
        duration_key(
            "keep.done", reload, [](auto& s) { return &s.keep.done; }, 1h, day * 3'650),
        duration_key(
            "keep.reports", reload, [](auto& s) { return &s.keep.reports; }, 1h, day * 3'650),
        duration_key(
            "keep.ledger", reload, [](auto& s) { return &s.keep.ledger; }, day, day * 3'650),
    };
}

std::vector<key> hubspot_keys() {
    return {
        text_key(
            "hubspot.base_url", restart, [](auto& s) { return &s.hubspot.base_url; }, base_url),
        text_key(
            "hubspot.path", restart, [](auto& s) { return &s.hubspot.path; }, http_path),
        text_key(
            "hubspot.token_file", reload, [](auto& s) { return &s.hubspot.token_file; }, secret_file_path,
            null::allowed),
        text_key(
            "hubspot.oauth.client_id", restart,
            [](auto& s) { return s.hubspot.oauth ? &s.hubspot.oauth->client_id : nullptr; }, client_id),
        text_key(
            "hubspot.oauth.client_secret_file", restart,
            [](auto& s) { return s.hubspot.oauth ? &s.hubspot.oauth->client_secret_file : nullptr; }, secret_file_path,
            null::allowed),
        text_key(
            "hubspot.oauth.refresh_token_file", restart,
            [](auto& s) { return s.hubspot.oauth ? &s.hubspot.oauth->refresh_token_file : nullptr; }, secret_file_path,
            null::allowed),
        text_key(
            "hubspot.oauth.path", restart, [](auto& s) { return s.hubspot.oauth ? &s.hubspot.oauth->path : nullptr; },
            http_path),
        text_key(
            "hubspot.ca_file", restart, [](auto& s) { return &s.hubspot.ca_file; }, file_path, null::allowed),
        text_key(
            "hubspot.proxy", restart, [](auto& s) { return &s.hubspot.proxy; }, proxy_url, null::allowed),
        duration_key(
            "hubspot.timeouts.connect", restart, [](auto& s) { return &s.hubspot.timeouts.connect; }, 10ms, 5min),
        duration_key(
            "hubspot.timeouts.tls", restart, [](auto& s) { return &s.hubspot.timeouts.tls; }, 10ms, 5min),
        duration_key(
            "hubspot.timeouts.request", restart, [](auto& s) { return &s.hubspot.timeouts.request; }, 10ms, 10min),
    };
}

problem read_share(const json::value& value, double& into, const std::string&) {
    const auto share = value.is_string() ? parse_share(std::string_view(value.get_string())) : std::nullopt;
    if (!share) return refusal("a share from \"0%\" to \"100%\"", value);
    into = *share;
    return std::nullopt;
}

std::vector<key> sending_keys() {
    return {
        number_key(
            "batch.max_changes", reload, [](auto& s) { return &s.batch.max_changes; }, 1, 1'000),
        duration_key(
            "batch.max_wait", reload, [](auto& s) { return &s.batch.max_wait; }, 0ms, 1h),
        number_key(
            "limits.requests", reload, [](auto& s) { return &s.limits.requests; }, 1, 10'000, "auto"),
        duration_key(
            "limits.interval", reload, [](auto& s) { return &s.limits.interval; }, 100ms, 1min),
        number_key(
            "limits.daily", reload, [](auto& s) { return &s.limits.daily; }, 1, 1'000'000'000, "auto"),
        make_key(
            "limits.daily_reserve", reload, [](auto& s) { return &s.limits.daily_reserve; }, read_share,
            [](double share) { return json_quoted(format_share(share)); }),
        text_key(
            "limits.time_zone", reload, [](auto& s) { return &s.limits.time_zone; }, time_zone),
        number_key(
            "limits.max_connections", reload, [](auto& s) { return &s.limits.max_connections; }, 1, 1'024),
        duration_key(
            "retry.initial", reload, [](auto& s) { return &s.retry.initial; }, 1ms, 5min),
        duration_key(
            "retry.max", reload, [](auto& s) { return &s.retry.max; }, 1ms, 1h),
        number_key(
            "retry.max_attempts", reload, [](auto& s) { return &s.retry.max_attempts; }, 1, 100),
        duration_key(
            "retry.late_write_window", reload, [](auto& s) { return &s.retry.late_write_window; }, 0ms, day),
    };
}

std::vector<key> default_keys() {
    using consent::legal_basis;
    using consent::status_state;
    std::vector<choice<status_state>> states;
    for (const auto state : {status_state::subscribed, status_state::unsubscribed, status_state::not_specified}) {
        states.push_back({std::string(name(state)), state});
    }
    std::vector<choice<legal_basis>> bases;
    for (const auto basis : {legal_basis::legitimate_interest_pql, legal_basis::legitimate_interest_client,
                             legal_basis::legitimate_interest_other, legal_basis::performance_of_contract,
                             legal_basis::consent_with_notice, legal_basis::non_gdpr, legal_basis::process_and_store}) {
        bases.push_back({std::string(name(basis)), basis});
    }
    const auto read_explanation = [](const json::value& value, std::optional<std::string>& into,
                                     const std::string&) -> problem {
        if (value.is_null()) return into.reset(), std::nullopt;
        if (!value.is_string() || !explanation.holds(std::string_view(value.get_string()))) {
            return refusal(std::string(explanation.allowed) + ", or null", value);
        }
        into = std::string(std::string_view(value.get_string()));
        return std::nullopt;
    };
    return {
        choice_key<>(
            "defaults.channel", reload, [](auto& s) { return &s.defaults.channel; },
            std::vector<choice<consent::channel>>{{"EMAIL", consent::channel::email}}),
        choice_key<>(
            "defaults.statusState", reload, [](auto& s) { return &s.defaults.state; }, std::move(states)),
        number_key(
            "defaults.subscriptionId", reload, [](auto& s) { return &s.defaults.subscription; }, 1, id_max, "null"),
        choice_key<>(
            "defaults.legalBasis", reload, [](auto& s) { return &s.defaults.basis; }, std::move(bases)),
        make_key(
            "defaults.legalBasisExplanation", reload, [](auto& s) { return &s.defaults.explanation; }, read_explanation,
            [](const std::optional<std::string>& text) { return text ? json_quoted(*text) : std::string("null"); }),
    };
}

problem read_hold_above(const json::value& value, rule_settings& into, const std::string&) {
    const auto rows = whole_number(value);
    const auto share = value.is_string() ? parse_share(std::string_view(value.get_string())) : std::nullopt;
    if (!value.is_null() && rows.value_or(0) == 0 && share.value_or(0) == 0) {
        return refusal("a number of rows from 1, a share like \"20%\" above 0%, or null", value);
    }
    into.hold_above_rows = rows;
    into.hold_above_share = share;
    return std::nullopt;
}

std::string show_hold_above(const rule_settings& rules) {
    if (rules.hold_above_rows) return fmt::format("{}", *rules.hold_above_rows);
    return rules.hold_above_share ? json_quoted(format_share(*rules.hold_above_share)) : "null";
}

problem read_ids(const json::value& value, std::vector<std::int64_t>& into, const std::string&) {
    std::vector<std::int64_t> ids;
    bool valid = value.is_null() ||
                 (value.is_array() && !value.get_array().empty() && value.get_array().size() <= unsubscribe_all_max);
    if (valid && value.is_array()) {
        for (const json::value& each : value.get_array()) {
            const std::uint64_t id = whole_number(each).value_or(0);
            if (id == 0 || id > id_max) valid = false;
            ids.push_back(static_cast<std::int64_t>(id));
        }
        valid = valid && std::set<std::int64_t>(ids.begin(), ids.end()).size() == ids.size();
    }
    if (!valid) {
        return refusal(
            fmt::format("a list of 1 to {} different subscription ids (whole numbers), or null", unsubscribe_all_max),
            value);
    }
    into = std::move(ids);
    return std::nullopt;
}

std::string show_ids(const std::vector<std::int64_t>& ids) {
    return ids.empty() ? "null" : fmt::format("[{}]", fmt::join(ids, ", "));
}

std::vector<key> rule_keys() {
    const auto show_flag = [](bool flag) { return std::string(flag ? "true" : "false"); };
    const auto read_flag = [](const json::value& value, bool& into, const std::string&) -> problem {
        if (!value.is_bool()) return refusal("true or false", value);
        into = value.get_bool();
        return std::nullopt;
    };
    const auto read_auto = [](const json::value& value, bool& into, const std::string&) -> problem {
        const auto* text = value.if_string();
        if (!value.is_null() && (text == nullptr || *text != "auto")) return refusal("\"auto\" or null", value);
        into = !value.is_null();
        return std::nullopt;
    };
    const auto show_auto = [](bool on) { return std::string(on ? "\"auto\"" : "null"); };
    return {
        make_key(
            "rules.known_subscriptions", reload, [](auto& s) { return &s.rules.known_subscriptions; }, read_auto,
            show_auto),
        make_key(
            "rules.require_legal_basis", reload, [](auto& s) { return &s.rules.require_legal_basis; }, read_flag,
            show_flag),
        duration_key(
            "rules.duplicate_window", reload, [](auto& s) { return &s.rules.duplicate_window; }, 0ms, day * 3'650),
        choice_key<>(
            "rules.contradictions", reload, [](auto& s) { return &s.rules.contradictions; },
            std::vector<choice<contradiction_rule>>{{"opt_out", contradiction_rule::opt_out},
                                                    {"last", contradiction_rule::last}}),
        make_key(
            "rules.hold_above", reload, [](auto& s) { return &s.rules; }, read_hold_above, show_hold_above),
        make_key(
            "rules.ignore_columns", reload, [](auto& s) { return &s.rules.ignore_columns; }, read_columns, show_names),
        make_key(
            "rules.unsubscribe_all", reload, [](auto& s) { return &s.rules.unsubscribe_all; }, read_ids, show_ids),
    };
}

std::vector<key> build_keys() {
    std::vector<key> keys;
    for (auto* const part : {top_keys, inbox_keys, hubspot_keys, sending_keys, default_keys, rule_keys}) {
        std::vector<key> made = part();
        std::move(made.begin(), made.end(), std::back_inserter(keys));
    }
    return keys;
}

}  // namespace

const std::vector<key>& all_keys() {
    static const std::vector<key> keys = build_keys();
    return keys;
}

const std::vector<section>& all_sections() {
    static const std::vector<section> sections = {
        {"inbox", {}, {}},
        {"hubspot", {}, {}},
        {"hubspot.oauth", [](settings& s) { s.hubspot.oauth.emplace(); }, [](settings& s) { s.hubspot.oauth.reset(); }},
        {"hubspot.timeouts", {}, {}},
        {"batch", {}, {}},
        {"limits", {}, {}},
        {"retry", {}, {}},
        {"defaults", {}, {}},
        {"rules", {}, {}},
        {"keep", {}, {}},
        {"log", {}, {}},
        {"monitor", {}, [](settings& s) { s.monitor_listen.clear(); }},
        {"control", {}, {}},
    };
    return sections;
}

}  // namespace consent_sync::config
