#include "hubspot_sim/batch_answer.hpp"

#include <algorithm>

#include "hubspot_sim/address_pattern.hpp"
#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

bool happens(double share, random_engine& random) {
    return share > 0 && std::uniform_real_distribution<double>(0, 1)(random) < share;
}

void make_error(change_decision& d, std::string_view category, std::string message) {
    d.what = fate::error;
    d.applied = false;
    d.category = category;
    d.message = std::move(message);
}

void leave_out(change_decision& d, bool applied) {
    d.what = fate::absent;
    d.applied = applied;
}

void follow_pattern(change_decision& d, flaky_addresses& flaky) {
    switch (pattern_of(d.in->subscriber)) {
        case address_pattern::reject: make_error(d, "VALIDATION_ERROR", d.in->subscriber + " cannot be updated"); break;
        case address_pattern::unattributed:
            make_error(d, "VALIDATION_ERROR", "A subscriber cannot be updated");
            d.named = false;
            break;
        case address_pattern::missing: leave_out(d, false); break;
        case address_pattern::silent: leave_out(d, true); break;
        case address_pattern::other:
            d.what = fate::other;
            d.applied = false;
            break;
        case address_pattern::flaky:
            if (flaky.insert(lower_address(d.in->subscriber)).second) leave_out(d, false);
            break;
        case address_pattern::nulls: d.nulls = true; break;
        default: break;
    }
}

void follow_rules(change_decision& d, const options& o) {
    const input& in = *d.in;
    if (in.subscriber.find('@') == std::string::npos) {
        make_error(d, "VALIDATION_ERROR", "Email address " + in.subscriber + " is invalid");
    } else if (!o.known_subscriptions.empty() && std::find(o.known_subscriptions.begin(), o.known_subscriptions.end(),
                                                           in.subscription) == o.known_subscriptions.end()) {
        make_error(d, "VALIDATION_ERROR", "Subscription " + std::to_string(in.subscription) + " does not exist");
    } else if (o.require_basis && in.status == "SUBSCRIBED" && in.basis.empty()) {
        make_error(d, "VALIDATION_ERROR", "A legal basis is required");
    }
}

void follow_chance(change_decision& d, const options& o, random_engine& random) {
    if (happens(o.null_share, random)) d.nulls = true;
    if (d.what != fate::done) return;
    if (happens(o.reject_share, random)) {
        make_error(d, "VALIDATION_ERROR", d.in->subscriber + " cannot be updated now");
    } else if (happens(o.missing_share, random)) {
        leave_out(d, false);
    } else if (happens(o.other_share, random)) {
        d.what = fate::other;
        d.applied = false;
    }
}

std::string echoed(const std::string& address, const options& o, random_engine& random) {
    if (const auto other = o.answers_as.find(lower_address(address)); other != o.answers_as.end()) return other->second;
    echo_case how = o.echo;
    if (how == echo_case::mixed) how = static_cast<echo_case>(random() % 3);
    std::string text = address;
    for (char& c : text) {
        if (how == echo_case::lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (how == echo_case::upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

void append_nullable(std::string& to, std::string_view field, std::string_view text, bool null) {
    to.append(",\"").append(field).append("\":");
    if (null) {
        to.append("null");
    } else {
        append_quoted(to, text);
    }
}

void append_result(std::string& to, const change_decision& d, const std::string& address, std::string_view timestamp) {
    const input& in = *d.in;
    std::string_view status = in.status;
    if (d.what == fate::other) status = in.status == "UNSUBSCRIBED" ? "SUBSCRIBED" : "UNSUBSCRIBED";
    to.append(d.nulls ? "{\"businessUnitId\":null" : "{\"businessUnitId\":0");
    to.append(",\"channel\":\"").append(in.channel).append("\",\"subscriberIdString\":");
    append_quoted(to, address);
    to.append(",\"subscriptionId\":");
    append_number(to, in.subscription);
    append_nullable(to, "subscriptionName", "Customer Service Communication", d.nulls);
    to.append(",\"status\":\"").append(status);
    to.append("\",\"source\":\"Public status API, App ID:5848098\"");
    append_nullable(to, "legalBasis", in.basis, d.nulls || in.basis.empty());
    append_nullable(to, "legalBasisExplanation", in.explanation.value_or(""), d.nulls || !in.explanation);
    append_nullable(to, "setStatusSuccessReason", d.reason, d.nulls || d.reason.empty());
    to.append(",\"timestamp\":\"").append(timestamp).append("\"}");
}

void append_error(std::string& to, const change_decision& first, const std::vector<std::string>& addresses) {
    to.append("{\"status\":\"error\",\"category\":").append(quoted(first.category));
    to.append(",\"message\":").append(quoted(first.message));
    to.append(",\"context\":{");
    if (!addresses.empty()) {
        to.append("\"subscriberIdString\":[");
        for (const std::string& address : addresses) {
            if (&address != &addresses.front()) to.push_back(',');
            append_quoted(to, address);
        }
        to.push_back(']');
    }
    to.append("},\"errors\":[],\"links\":{}}");
}

// The errors as a JSON array without its brackets; `count` is how many there are.
std::string format_errors(const std::vector<const change_decision*>& wrong, const options& o, std::size_t& count,
                          random_engine& random) {
    std::string text;
    for (std::size_t i = 0; i < wrong.size();) {
        const change_decision& first = *wrong[i];
        const bool named = first.named && !o.errors_unattributed;
        std::vector<std::string> addresses;
        do {
            if (named) addresses.push_back(echoed(wrong[i]->in->subscriber, o, random));
            ++i;
        } while (i < wrong.size() && addresses.size() < o.errors_grouped && named && wrong[i]->named);
        if (count++ != 0) text.push_back(',');
        append_error(text, first, addresses);
    }
    return text;
}

void append_strangers(std::string& results, std::string& errors, std::size_t& error_count, std::string_view timestamp) {
    input stranger;
    stranger.subscriber = "somebody.else@stranger.invalid";
    stranger.subscription = 1;
    stranger.channel = "EMAIL";
    stranger.status = "SUBSCRIBED";
    change_decision d;
    d.in = &stranger;
    if (!results.empty()) results.push_back(',');
    append_result(results, d, stranger.subscriber, timestamp);
    d.category = "OBJECT_NOT_FOUND";
    d.message = "No such subscriber";
    if (error_count++ != 0) errors.push_back(',');
    append_error(errors, d, std::vector<std::string>(1, "nobody@stranger.invalid"));
}

void append_times(std::string& to, const batch_times& times) {
    to.append(",\"startedAt\":").append(quoted(format_time(times.started)));
    to.append(",\"completedAt\":").append(quoted(format_time(times.completed)));
}

}  // namespace

std::optional<whole_refusal> refuse_whole(const std::vector<input>& inputs, std::string_view correlation) {
    for (const input& in : inputs) {
        const std::string& address = in.subscriber;
        switch (pattern_of(address)) {
            case address_pattern::refuse:
                return error_reply(400, "VALIDATION_ERROR", "Subscription for " + address + " cannot be updated",
                                   correlation);
            case address_pattern::refuse_each: {
                std::string names;
                for (const input& each : inputs)
                    if (pattern_of(each.subscriber) == address_pattern::refuse_each) names += " " + each.subscriber;
                return error_reply(400, "VALIDATION_ERROR", "These cannot be updated:" + names, correlation);
            }
            case address_pattern::refuse_unnamed:
                return error_reply(400, "VALIDATION_ERROR", "At least one input is invalid", correlation);
            case address_pattern::bad_json:
                return invalid_json_reply("Invalid input JSON on line 1, column 12: Cannot build PublicStatusRequest");
            case address_pattern::not_found:
                return error_reply(404, "OBJECT_NOT_FOUND", "A subscriber does not exist", correlation);
            case address_pattern::conflict:
                return error_reply(409, "CONFLICT", "The subscriber is being changed", correlation);
            case address_pattern::unprocessable:
                return error_reply(422, "VALIDATION_ERROR", "The inputs cannot be processed", correlation);
            case address_pattern::forbidden: return forbidden_reply(correlation);
            case address_pattern::crash: return error_reply(500, "INTERNAL_ERROR", "internal error", correlation);
            case address_pattern::cut: return fault::reset();
            case address_pattern::stall: return fault::of(fault_kind::stall);
            default: break;
        }
    }
    return std::nullopt;
}

std::vector<change_decision> decide(const std::vector<input>& inputs, const options& o, const reason_source& reason,
                                    flaky_addresses& flaky, random_engine& random) {
    std::vector<change_decision> decisions;
    decisions.reserve(inputs.size());
    for (const input& in : inputs) {
        change_decision d;
        d.in = &in;
        follow_pattern(d, flaky);
        if (d.what == fate::done) follow_rules(d, o);
        follow_chance(d, o, random);
        if (d.what == fate::done) d.reason = reason(in);
        if (d.what == fate::other) d.reason = "NO_STATUS_CHANGE";
        decisions.push_back(std::move(d));
    }
    return decisions;
}

reply batch_reply(const std::vector<change_decision>& decisions, const options& o, const batch_times& times,
                  bool strangers, random_engine& random) {
    std::vector<const change_decision*> good;
    std::vector<const change_decision*> wrong;
    for (const change_decision& d : decisions) {
        if (d.what == fate::done || d.what == fate::other) good.push_back(&d);
        if (d.what == fate::error) wrong.push_back(&d);
    }
    if (o.shuffle) {
        std::shuffle(good.begin(), good.end(), random);
        std::shuffle(wrong.begin(), wrong.end(), random);
    }
    const std::string timestamp = format_time(times.completed);
    std::string results;
    results.reserve(good.size() * 420);
    for (const change_decision* d : good) {
        if (!results.empty()) results.push_back(',');
        append_result(results, *d, echoed(d->in->subscriber, o, random), timestamp);
    }
    std::size_t error_count = 0;
    std::string errors = format_errors(wrong, o, error_count, random);
    if (strangers) append_strangers(results, errors, error_count, timestamp);

    reply r;
    r.status = error_count == 0 ? o.success_status : o.errors_status;
    r.body = "{\"status\":\"COMPLETE\",\"results\":[" + results + "]";
    append_times(r.body, times);
    if (error_count != 0) {
        r.body.append(",\"numErrors\":").append(std::to_string(error_count));
        r.body.append(",\"errors\":[").append(errors).append("]");
    }
    r.body.push_back('}');
    return r;
}

reply empty_batch_reply(std::string_view status, const batch_times& times) {
    reply r;
    r.body = "{\"status\":" + quoted(status) + ",\"results\":[]";
    append_times(r.body, times);
    r.body.push_back('}');
    return r;
}

}  // namespace consent_sync::hubspot_sim
