#include "intake/row_rules.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"
#include "consent/key.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

void add_fault(row& into, field where, std::string_view category, std::string_view message) {
    if (!into.fault) {
        into.fault = row_fault{std::string(category), std::string(message), where};
    } else {
        into.fault->message.append("; ").append(message);
    }
}

// A value, and its text without the spaces and marks around it; no text if it is of another kind. An explanation is
// a text of its own and keeps its marks.
struct field_value : value {
    [[gnu::always_inline]] field_value(const record& from, field which, row& into) : value(from[which]) {
        if (kind != value_kind::text) return;
        text = consent::trim(from.text(*this));
        if (which == field::explanation || !may_have_marks(text)) return;
        const std::string_view bare = without_marks(text);
        into.marks_removed = into.marks_removed || bare.size() != text.size();
        text = bare;
    }
    bool is_absent() const { return kind == value_kind::absent; }
    bool is_empty() const { return kind == value_kind::text && text.empty(); }

    std::string_view text;
};

bool is_number(const field_value& v) {
    if (v.kind == value_kind::whole) return v.number == 0 || v.number == 1;
    return v.kind == value_kind::text && (v.text == "0" || v.text == "1");
}

// Requires: a text.
bool is_clean(std::string_view text) { return base::is_utf8(text) && text.find('\0') == std::string_view::npos; }

void reset(row& r) {
    r.fault.reset();
    r.change_id = 0;
    r.marks_removed = false;
    r.basis_dropped = false;
    r.change = consent::change{};
    r.change.state = consent::status_state::not_specified;
}

void read_address(const record& from, row& into) {
    const field_value v(from, field::subscriber, into);
    if (v.is_absent() || v.is_empty())
        return add_fault(into, field::subscriber, "missing_address",
                         "subscriberIdString (the e-mail address) is empty");
    if (v.kind != value_kind::text)
        return add_fault(into, field::subscriber, "invalid_address",
                         "subscriberIdString must be a text, the e-mail address");
    if (is_usual_address(v.text)) {
        into.change.subscriber = v.text;
        return;
    }
    if (!base::is_utf8(v.text))
        return add_fault(into, field::subscriber, "invalid_utf8",
                         "subscriberIdString is not UTF-8; save the file as UTF-8");
    if (const auto fault = find_address_fault(v.text))
        return add_fault(into, field::subscriber, "invalid_address", "subscriberIdString " + std::string(*fault));
    into.change.subscriber = v.text;
}

void read_change_id(const record& from, row& into) {
    const field_value v(from, field::change_id, into);
    if (v.is_absent() || v.is_empty()) return;
    if (v.kind == value_kind::whole && v.number > 0) {
        into.change_id = v.number;
        return;
    }
    const std::optional<std::int64_t> number = read_positive(v.text);
    if (!number)
        return add_fault(into, field::change_id, "unknown_change_id",
                         "change_id must stay as it was in the failed file, a whole number (a spreadsheet may have "
                         "rewritten it); clear it to send the row as a new one");
    into.change_id = *number;
}

}  // namespace

row_rules::row_rules(config::default_settings defaults, config::rule_settings rules)
    : defaults_(std::move(defaults)), require_legal_basis_(rules.require_legal_basis) {
    for (const std::int64_t id : rules.unsubscribe_all)
        if (std::find(unsubscribe_all_.begin(), unsubscribe_all_.end(), id) == unsubscribe_all_.end())
            unsubscribe_all_.push_back(id);
}

bool row_rules::judge(const record& from, row& into) {
    reset(into);
    if (from.repeated)
        add_fault(into, *from.repeated, "ambiguous_field",
                  "more than one member of the row means " + std::string(name(*from.repeated)) + "; keep one");
    read_address(from, into);
    read_state(from, into);
    const bool all = read_subscription(from, into);
    read_channel(from, into);
    read_basis(from, into);
    read_explanation(from, into);
    read_change_id(from, into);
    const consent::change& c = into.change;
    if (require_legal_basis_ && c.state == consent::status_state::subscribed && !into.fault &&
        (!c.basis || !c.explanation))
        add_fault(into, c.basis ? field::explanation : field::basis, "missing_legal_basis",
                  c.basis ? "legalBasisExplanation is required of SUBSCRIBED (rules.require_legal_basis) and is empty"
                          : "legalBasis is required of SUBSCRIBED (rules.require_legal_basis) and is empty");
    return all && !into.fault;
}

bool row_rules::is_number_of_state(const record& from) {
    row unused;
    return is_number(field_value(from, field::state, unused));
}

// The status that the row names; nothing: it does not, and the fault is told.
std::optional<consent::status_state> row_rules::find_state(const record& from, row& into) {
    const field_value v(from, field::state, into);
    const field_value place(from, field::state_or_place, into);
    if (v.is_absent() && place.is_absent()) {
        if (from[field::inverted_state].kind != value_kind::absent)
            add_fault(into, field::state, "missing_status",
                      "statusState is missing, and an opt-out field beside it is not read because its \"yes\" "
                      "means the opposite; name it statusState, with SUBSCRIBED or UNSUBSCRIBED");
        else if (!defaults_.state)
            add_fault(into, field::state, "missing_status", "statusState is missing and there is no default for it");
        return into.fault && into.fault->category == "missing_status" ? std::nullopt : defaults_.state;
    }
    if (v.is_absent()) {
        if (place.kind == value_kind::text && is_full_state_word(place.text)) return read_status_state(place.text);
        add_fault(into, field::state_or_place, place.is_empty() ? "missing_status" : "invalid_status",
                  "a column named state may hold places (NO is Norway), so it is read only where it says SUBSCRIBED, "
                  "UNSUBSCRIBED or NOT_SPECIFIED, or opt-in or opt-out; name the status statusState");
        return std::nullopt;
    }
    if (v.is_empty()) {
        add_fault(into, field::state, "missing_status", "statusState is empty");
        return std::nullopt;
    }
    if (is_number(v) && !numbers_are_booleans_.value_or(false)) {
        add_fault(
            into, field::state, "invalid_status",
            "statusState has other numbers than 0 and 1 in this file, so its numbers are codes of another program "
            "and are not read; write SUBSCRIBED or UNSUBSCRIBED in their place");
        return std::nullopt;
    }
    std::optional<consent::status_state> state;
    if (v.kind == value_kind::text) state = last_state_.read(v.text, read_status_state);
    if (v.kind == value_kind::boolean || is_number(v))
        state = v.kind == value_kind::text ? read_status_state(v.text)
                : v.number == 1            ? consent::status_state::subscribed
                                           : consent::status_state::unsubscribed;
    if (!state)
        add_fault(into, field::state, "invalid_status",
                  "statusState must be SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED, or a word such as opt-in, "
                  "opt-out, yes, no");
    return state;
}

// An opt-out is never stopped by what else the row says. Any other status is, where a column beside it may say that the
// person has opted out.
void row_rules::read_state(const record& from, row& into) {
    const std::optional<consent::status_state> state = find_state(from, into);
    if (!state) return;
    if (*state == consent::status_state::unsubscribed) {
        into.change.state = *state;
        return;
    }
    const std::string asked(consent::name(*state));
    if (!says_no(from, from[field::inverted_state]))
        return add_fault(into, field::inverted_state, "contradicting_status",
                         "statusState says " + asked +
                             ", and an opt-out column beside it says yes, or something that is not known to mean no; "
                             "correct one of them");
    const field_value place(from, field::state_or_place, into);
    if (from[field::state].kind != value_kind::absent && place.kind == value_kind::text &&
        is_full_state_word(place.text) && read_status_state(place.text) != state)
        return add_fault(
            into, field::state_or_place, "contradicting_status",
            "statusState says " + asked + ", and the column state says something else; correct one of them");
    if (!from.suspicious.empty())
        return add_fault(
            into, field::suspicious, "contradicting_status",
            "statusState says " + asked + ", and the column \"" + from.suspicious +
                "\", which is not known, may say that the person must not be mailed; leave it out, or, if it does "
                "not say that, add to the configuration: " +
                ignore_line({from.suspicious}));
    if (!opt_out_beside_.empty())
        return add_fault(
            into, field::suspicious, "contradicting_status",
            "statusState says " + asked + ", and \"" + opt_out_beside_ +
                "\", which stands beside the rows of the file, may say that these people must not be mailed; "
                "leave it out, or, if it does not say that, add to the configuration: " +
                ignore_line({opt_out_beside_}));
    into.change.state = *state;
}

bool row_rules::read_subscription(const record& from, row& into) const {
    const field_value v(from, field::subscription, into);
    if (v.is_absent() || v.is_empty()) {
        if (into.change.is_opt_out() && !unsubscribe_all_.empty()) return true;
        if (v.is_absent() && defaults_.subscription) {
            into.change.subscription = *defaults_.subscription;
            return false;
        }
        add_fault(into, field::subscription, "missing_subscription",
                  "subscriptionId is empty, and HubSpot's batch endpoint needs one; name it in the row, or list in "
                  "rules.unsubscribe_all what an opt-out without one means");
        return false;
    }
    std::optional<std::int64_t> id;
    if (v.kind == value_kind::whole && v.number > 0) id = v.number;
    if (v.kind == value_kind::text) id = read_positive(v.text);
    if (!id) {
        add_fault(into, field::subscription, "invalid_subscription",
                  "subscriptionId must be the number of a subscription type, written in digits only (no "
                  "fraction, no "
                  "exponent, no separators), from 1 to 9223372036854775807");
        return false;
    }
    into.change.subscription = *id;
    return false;
}

void row_rules::read_channel(const record& from, row& into) const {
    const field_value v(from, field::channel, into);
    into.change.channel = defaults_.channel;
    if (v.is_absent() || v.is_empty()) return;
    if (v.text == "EMAIL" || find_field(v.text) == field::subscriber)
        into.change.channel = consent::channel::email;
    else
        add_fault(into, field::channel, "invalid_channel", "channel must be EMAIL or empty");
}

void row_rules::read_basis(const record& from, row& into) {
    const field_value v(from, field::basis, into);
    if (v.is_absent()) {
        into.change.basis = defaults_.basis;
        return;
    }
    if (v.is_empty()) return;
    if (v.kind == value_kind::text) into.change.basis = last_basis_.read(v.text, read_legal_basis);
    if (into.change.basis) return;
    if (into.change.is_opt_out()) {
        into.basis_dropped = true;
        return;
    }
    add_fault(into, field::basis, "invalid_legal_basis",
              "legalBasis must be empty or one of LEGITIMATE_INTEREST_PQL, LEGITIMATE_INTEREST_CLIENT, "
              "LEGITIMATE_INTEREST_OTHER, PERFORMANCE_OF_CONTRACT, CONSENT_WITH_NOTICE, NON_GDPR, "
              "PROCESS_AND_STORE");
}

void row_rules::read_explanation(const record& from, row& into) {
    const field_value v(from, field::explanation, into);
    if (v.is_absent()) {
        into.change.explanation = defaults_.explanation;
        return;
    }
    const bool again = !v.text.empty() && v.text == last_explanation_;
    if (again || (!v.text.empty() && v.text.size() <= explanation_bytes_max && is_clean(v.text))) {
        into.change.explanation = v.text;
        if (!again) last_explanation_ = v.text;
        return;
    }
    into.change.explanation.reset();
    if (v.is_empty()) return;
    if (into.change.is_opt_out()) {
        into.basis_dropped = true;
        return;
    }
    if (!base::is_utf8(v.text))
        add_fault(into, field::explanation, "invalid_utf8",
                  "legalBasisExplanation is not UTF-8; save the file as UTF-8");
    else
        add_fault(into, field::explanation, "invalid_explanation",
                  "legalBasisExplanation must be a text of at most 4096 bytes without NUL bytes");
}

}  // namespace consent_sync::intake
