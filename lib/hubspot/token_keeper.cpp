#include "hubspot/token_keeper.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace consent_sync::hubspot {
namespace {

using std::chrono::milliseconds;

// initial × 2^steps, at most `most`.
milliseconds grow(milliseconds initial, std::uint32_t steps, milliseconds most) {
    milliseconds wait = initial;
    for (std::uint32_t i = 0; i < steps && wait < most; ++i) wait *= 2;
    return std::min(wait, most);
}

// The longest Retry-After of the token endpoint that is obeyed: nothing can be sent without a token.
constexpr milliseconds told_wait_max{15 * 60'000};

milliseconds full_jitter(milliseconds most, base::random_engine& random) {
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, most.count())(random));
}

constexpr const char* fresh_token_refused =
    "HubSpot refuses a token that was only just renewed: check that the app is still installed in the "
    "account, and "
    "that hubspot.token_file or hubspot.oauth belongs to it";
constexpr const char* same_token_refused = "HubSpot refuses the token, and its file still holds the same one: ";

}  // namespace

token_keeper::token_keeper(token_source source, keeper_settings settings) : source_(source), settings_(settings) {}

bool token_keeper::is_usable(base::steady_time now) const {
    return generation_ != 0 && !refused_ && (!expires_ || now < *expires_);
}

bool token_keeper::wants_renewal(base::steady_time now) const { return asked_ || (due_ && now >= *due_); }

token_advice token_keeper::advise(base::steady_time now) {
    token_advice advice;
    advice.usable = is_usable(now);
    if (!renewing_ && wants_renewal(now) && now >= not_before_) {
        renewing_ = true;
        asked_ = false;
        due_.reset();
        advice.renew = true;
    }
    advice.paused = !advice.usable && !why_.empty();
    if (!renewing_) {
        if (asked_)
            advice.wake = not_before_;
        else if (due_)
            advice.wake = std::max(*due_, not_before_);
    }
    // Wake at the end of the token as well, whatever the renewal does.
    if (advice.usable && expires_) advice.wake = advice.wake ? std::min(*advice.wake, *expires_) : *expires_;
    return advice;
}

void token_keeper::renewed(const token_grant& grant, base::steady_time now) {
    renewing_ = false;
    failures_ = 0;
    not_before_ = now;
    asked_ = changed_meanwhile_;
    changed_meanwhile_ = false;
    if (source_ == token_source::file && generation_ != 0 && grant.access_token == token_) {
        if (refused_) {
            why_ = same_token_refused + remedy_;
            if (!asked_) look_later(now);
        } else {
            why_.clear();
        }
        return;
    }
    after_refusal_ = refused_;
    refused_ = false;
    token_ = grant.access_token;
    ++generation_;
    due_.reset();
    expires_.reset();
    if (grant.expires_in.count() > 0) {
        due_ = now + renewal_delay(grant.expires_in);
        expires_ = now + grant.expires_in;
    }
    why_.clear();
    // looks_ stays until the token is accepted: a token that is refused again must not be renewed more and more often.
    if (!after_refusal_) looks_ = 0;
}

void token_keeper::failed(const token_failure& failure, base::steady_time now, base::random_engine& random) {
    if (end_in_vain(explain(failure), now)) return;
    if (failure.trouble == token_trouble::denied) return look_later(now);
    const auto most = grow(settings_.backoff_initial, failures_, settings_.backoff_max);
    failures_ = std::min<std::uint32_t>(failures_ + 1, 64);
    const auto told = std::min(failure.retry_after.value_or(milliseconds(0)), told_wait_max);
    not_before_ = now + std::max(full_jitter(most, random), told);
}

void token_keeper::unreadable(const base::error& e, base::steady_time now) {
    if (!end_in_vain(e.message, now)) look_later(now);
}

bool token_keeper::end_in_vain(std::string why, base::steady_time now) {
    renewing_ = false;
    asked_ = true;
    why_ = std::move(why);
    not_before_ = now;
    return std::exchange(changed_meanwhile_, false);
}

unauthorized_action token_keeper::unauthorized(token_generation used, base::steady_time now) {
    if (used != generation_) return unauthorized_action::send_again;
    if (refused_) return unauthorized_action::wait;  // another request of this token said so before
    refused_ = true;
    if (renewing_) return unauthorized_action::wait;  // the renewal was due anyway
    asked_ = true;
    if (after_refusal_) {
        why_ = fresh_token_refused;
        look_later(now);
    }
    return unauthorized_action::wait;
}

void token_keeper::accepted(token_generation used) {
    if (used != generation_ || generation_ == 0) return;
    after_refusal_ = false;
    looks_ = 0;
    if (!refused_) return;
    refused_ = false;  // a probe got through: the token was good after all
    why_.clear();
}

void token_keeper::source_changed(base::steady_time now) {
    if (renewing_) {
        changed_meanwhile_ = true;
        return;
    }
    asked_ = true;
    not_before_ = now;
    looks_ = 0;
    failures_ = 0;
}

void token_keeper::look_later(base::steady_time now) {
    asked_ = true;
    not_before_ = now + grow(settings_.look_initial, looks_, settings_.look_max);
    looks_ = std::min<std::uint32_t>(looks_ + 1, 64);
}

}  // namespace consent_sync::hubspot
