#include "simulation/hubspot_model.hpp"

#include <algorithm>

namespace consent_sync::simulation {

hubspot_model::hubspot_model(agenda& time, dice& luck, hubspot_profile profile)
    : time_(time), luck_(luck), profile_(std::move(profile)), start_(time.now().steady), others_at_(start_) {}

nature hubspot_model::nature_of(const consent::change& c) const {
    const auto found = natures.find(c.id.id());
    return found == natures.end() ? nature::good : found->second;
}

hubspot_model::said hubspot_model::what_was_said(ledger::attempt_id attempt, consent::place place) const {
    const auto found = said_.find({attempt, place.id()});
    return found == said_.end() ? said::nothing : found->second;
}

void hubspot_model::note(const request& r, const consent::change& c, said what) {
    said_[{r.attempt, c.id.id()}] = what;
}

std::optional<trouble> hubspot_model::trouble_now(const request& r) {
    if (healed_) return std::nullopt;
    const auto passed = time_.now().steady - start_;
    for (const fault& f : profile_.faults) {
        if (f.kind == trouble::idle_dies && r.on_new_connection) continue;
        if (passed >= f.from && passed < f.to && luck_.chance(f.share)) return f.kind;
    }
    return std::nullopt;
}

std::optional<hubspot::no_answer> hubspot_model::unreachable_now() {
    if (healed_) return std::nullopt;
    const auto passed = time_.now().steady - start_;
    const bool none = std::any_of(profile_.faults.begin(), profile_.faults.end(), [&](const fault& f) {
        return f.kind == trouble::unreachable && passed >= f.from && passed < f.to && luck_.chance(f.share);
    });
    return none ? std::optional(hubspot::no_answer::connect_failed) : std::nullopt;
}

milliseconds hubspot_model::way_here() {
    return profile_.way_is_constant ? profile_.latency_least / 3
                                    : luck_.between(profile_.latency_least / 3, profile_.latency_most / 2);
}

void hubspot_model::count_others() {
    if (profile_.others_per_second <= 0) return;
    const auto gap = std::chrono::duration_cast<base::steady_time::duration>(
        std::chrono::duration<double>(1 / profile_.others_per_second));
    for (; others_at_ + gap <= time_.now().steady; others_at_ += gap) window_.push_back(others_at_ + gap);
    std::sort(window_.begin(), window_.end());
}

std::optional<hubspot::answer> hubspot_model::check_limits() {
    const base::moment now = time_.now();
    count_others();
    while (!window_.empty() && window_.front() + profile_.interval <= now.steady) window_.pop_front();
    if (profile_.daily) {
        if (!daily_left || time_.true_wall() >= day_end_) {
            daily_left = *profile_.daily;
            day_end_ = profile_.next_midnight(time_.true_wall());
        }
        if (*daily_left <= 0)
            return http(429, error_body("", "You have reached your daily limit.",
                                        R"(,"errorType":"RATE_LIMIT","policyName":"DAILY")"));
        --*daily_left;
    }
    if (window_.size() >= profile_.limit) {
        ++over_limit;
        return http(429, error_body("", "You have reached your ten_secondly_rolling limit.",
                                    R"(,"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING")"));
    }
    window_.push_back(now.steady);
    most_in_window = std::max(most_in_window, static_cast<std::uint32_t>(window_.size()));
    return std::nullopt;
}

void hubspot_model::add_headers(hubspot::answer& a) {
    if (!profile_.headers || a.failure) return;
    a.headers.limit_max = profile_.limit;
    a.headers.limit_remaining = std::max<std::int64_t>(
        0, static_cast<std::int64_t>(profile_.limit) - static_cast<std::int64_t>(window_.size()));
    a.headers.limit_interval_ms = profile_.interval.count();
    if (profile_.daily) {
        a.headers.daily_max = *profile_.daily;
        a.headers.daily_remaining = daily_left;
    }
}

reply hubspot_model::receive(const request& r) {
    ++requests;
    ++in_flight;
    most_in_flight = std::max(most_in_flight, in_flight);
    reply out = answer_of(r);
    if (out.answer.status >= 400) ++errors;
    time_.after(out.after, [this] { --in_flight; });
    return out;
}

reply hubspot_model::answer_of(const request& r) {
    reply out;
    const double growth = 1 + profile_.latency_grows * (in_flight - 1);
    const milliseconds base_latency = luck_.between(profile_.latency_least, profile_.latency_most);
    out.after = milliseconds(static_cast<std::int64_t>(static_cast<double>(base_latency.count()) * growth));
    if (script) {
        if (auto a = script(r)) {
            out.answer = std::move(*a);
            for (const consent::change& c : r.changes)
                if (out.answer.status >= 400 && r.changes.size() == 1) note(r, c, said::refused);
            if (out.answer.failure == hubspot::no_answer::request_timeout) out.after = profile_.client_timeout;
            return out;
        }
    }
    if (auto refused = check_limits()) {
        out.answer = std::move(*refused);
        add_headers(out.answer);
        return out;
    }
    const auto kind = trouble_now(r);
    if (profile_.refuses_above && in_flight > *profile_.refuses_above) {
        out.answer = http(503, "<html>busy</html>");
    } else if (r.token != valid_token) {
        out.answer = http(401, error_body("EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired."));
    } else if (kind && *kind != trouble::omits_some && *kind != trouble::says_other && *kind != trouble::empties_all &&
               *kind != trouble::errors_for_all && *kind != trouble::says_anything) {
        out.answer = in_trouble(*kind, r);
        if (out.answer.failure == hubspot::no_answer::request_timeout) out.after = profile_.client_timeout;
    } else {
        out.answer = process(r, kind);
    }
    add_headers(out.answer);
    return out;
}

// The request got no answer; it may be applied anyway, now or later.
void hubspot_model::maybe_apply(const request& r) {
    std::vector<consent::change> changes;
    for (const consent::change& c : r.changes) {
        if (is_bad(nature_of(c))) continue;
        touched.insert(c.id.id());
        changes.push_back(c);
    }
    if (luck_.chance(0.3)) return;
    if (!luck_.chance(profile_.late_share)) {
        for (const consent::change& c : changes) apply(c);
        return;
    }
    const auto least_answer = profile_.latency_least / 4;
    late_.push_back({time_.now().steady + luck_.between(milliseconds(1), profile_.late_window + least_answer),
                     std::move(changes), false});
    schedule_late(late_.size() - 1);
}

void hubspot_model::schedule_late(std::size_t index) {
    time_.at(late_[index].at, [this, index] {
        late_write& late = late_[index];
        if (late.done) return;
        late.done = true;
        ++late_applied;
        for (const consent::change& c : late.changes) apply(c);
    });
}

void hubspot_model::client_restarted(milliseconds within) {
    const base::steady_time now = time_.now().steady;
    for (std::size_t i = 0; i < late_.size(); ++i) {
        if (late_[i].done || late_[i].at <= now + within) continue;
        late_[i].at = now + luck_.between(milliseconds(1), within);
        schedule_late(i);
    }
}

void hubspot_model::apply(const consent::change& c) { states[key_of(c)] = c.state; }

hubspot::answer hubspot_model::in_trouble(trouble kind, const request& r) {
    switch (kind) {
        case trouble::silence: maybe_apply(r); return failed(hubspot::no_answer::request_timeout, true);
        case trouble::reset: maybe_apply(r); return failed(hubspot::no_answer::connection_lost, true);
        case trouble::idle_dies: {
            maybe_apply(r);
            hubspot::answer a = failed(hubspot::no_answer::connection_lost, true);
            a.idle_connection_died = true;
            return a;
        }
        case trouble::unclear:
            maybe_apply(r);
            return luck_.pick<int>({0, 1, 2}) == 0 ? http(200, R"({"status":"PENDING","results":[]})")
                   : luck_.chance(0.5)             ? http(200, "")
                                                   : http(202, "<html>accepted</html>");
        case trouble::locked: return http(423, error_body("LOCKED", "The resource is locked."));
        case trouble::moving: {
            hubspot::answer a = http(477, "");
            if (profile_.moving_for.count() > 0)
                a.headers.retry_after = std::to_string(profile_.moving_for.count() / 1000);
            return a;
        }
        case trouble::scope:
            return http(403,
                        error_body("MISSING_SCOPES", "This app hasn't been granted all required scopes.",
                                   R"(,"errors":[{"message":"One or more of the following scopes are required.",)"
                                   R"("context":{"requiredGranularScopes":["communication_preferences.write"]}}])"));
        case trouble::misconfigured: return http(luck_.pick<unsigned>({301, 404, 405, 415}), "<html>no</html>");
        case trouble::refuses_all:
            if (r.changes.size() == 1) note(r, r.changes[0], said::refused);
            return http(400, error_body("VALIDATION_ERROR", "Nothing is accepted at present"));
        case trouble::limits:
            return http(429, error_body("", "You have reached your ten_secondly_rolling limit.",
                                        R"(,"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING")"));
        default: maybe_apply(r); return http(luck_.pick<unsigned>({500, 502, 503, 504, 520, 524}), "<html>oops</html>");
    }
}

std::optional<hubspot::answer> hubspot_model::refuse_batch(const request& r) {
    if (r.changes.size() > profile_.batch_most) return http(413, "");
    for (const consent::change& c : r.changes) {
        std::optional<hubspot::answer> refused;
        switch (nature_of(c)) {
            case nature::refuses_batch:
                refused = http(400, error_body("VALIDATION_ERROR", "Invalid input JSON on line 1, column 2"));
                break;
            case nature::refuses_named:
                refused = http(400, error_body("VALIDATION_ERROR",
                                               "Email address " + std::string(c.subscriber.view()) + " is invalid"));
                note(r, c, said::refused);
                break;
            case nature::refuses_each: {
                std::string names;
                for (const consent::change& other : r.changes) {
                    if (nature_of(other) != nature::refuses_each) continue;
                    names += " " + std::string(other.subscriber.view());
                    note(r, other, said::refused);
                }
                refused = http(400, error_body("VALIDATION_ERROR", "Email addresses are invalid:" + names));
                break;
            }
            case nature::not_found: refused = http(404, error_body("OBJECT_NOT_FOUND", "No such subscription")); break;
            case nature::edge_forbids: refused = http(403, "<html>forbidden by the edge</html>"); break;
            default: break;
        }
        if (!refused) continue;
        if (r.changes.size() == 1) note(r, c, said::refused);
        return refused;
    }
    return std::nullopt;
}

line::word hubspot_model::word_for(const consent::change& c, std::optional<trouble> kind) {
    using word = line::word;
    const nature what = nature_of(c);
    if (what == nature::error_in_answer || kind == trouble::errors_for_all) return word::error;
    if (what == nature::other_status || (kind == trouble::says_other && luck_.chance(0.3))) return word::other_status;
    if ((what == nature::silent && !healed_) || kind == trouble::empties_all) return word::nothing;
    if (kind == trouble::omits_some && luck_.chance(0.3)) return word::nothing;
    if (kind == trouble::says_anything)
        return luck_.pick<word>({word::as_asked, word::other_status, word::error, word::nothing});
    return word::as_asked;
}

hubspot::answer hubspot_model::process(const request& r, std::optional<trouble> kind) {
    if (auto refused = refuse_batch(r)) return std::move(*refused);
    const std::vector<line::word> told = words ? words(r) : std::vector<line::word>();
    std::vector<line> lines;
    for (std::size_t i = 0; i < r.changes.size(); ++i) {
        const consent::change& c = r.changes[i];
        const nature what = nature_of(c);
        line l{&c, told.empty() ? word_for(c, kind) : told[i]};
        l.address = in_spelling(c.subscriber, static_cast<std::size_t>(r.attempt));
        if (what == nature::misnamed) l.address = "nobody-" + l.address;
        const bool applies = !is_bad(what) && l.says != line::word::error && l.says != line::word::other_status &&
                             kind != trouble::empties_all;
        if (applies) {
            touched.insert(c.id.id());
            apply(c);
        }
        if (l.says == line::word::as_asked && what != nature::misnamed) note(r, c, said::as_asked);
        if (l.says == line::word::other_status) note(r, c, said::other_status);
        if (l.says == line::word::error) note(r, c, said::refused);
        lines.push_back(l);
    }
    if (luck_.chance(0.3)) std::reverse(lines.begin(), lines.end());
    return http(200, complete_body(lines));
}

}  // namespace consent_sync::simulation
