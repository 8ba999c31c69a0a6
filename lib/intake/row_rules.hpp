// Judges the values of one row: a change, or the reason why it is not one.
//
// Every reason names the field and what is allowed, and never repeats a value, which may be an address that
// stands in the wrong column. Several faults of a row are told together, under the category of the first.
//
// What a person has withdrawn is never kept up by paperwork: on UNSUBSCRIBED a legal basis or explanation
// that breaks its rules is left out, row::basis_dropped is set, and the opt-out goes its way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "intake/values.hpp"
#include "intake/record.hpp"
#include "intake/row.hpp"

namespace consent_sync::intake {

class row_rules {
  public:
    row_rules(config::default_settings defaults, config::rule_settings rules);

    // Fills change, fault, change_id, marks_removed and basis_dropped of `into`, which is reset.
    // true: an opt-out without a subscription, which stands for all of unsubscribe_all().
    bool judge(const record& from, row& into);

    // Whether the row's status is 0 or 1, and it is not known yet whether numbers may be read: look through the whole
    // file (readers.hpp) before judge().
    bool must_know_numbers(const record& from) const {
        const value& v = from[field::state];
        return v.kind != value_kind::absent && !numbers_are_booleans_ && is_number_of_state(from);
    }
    // false: the status column of this file has other numbers too, so that its 0 and 1 are codes of another program.
    void know_numbers(bool are_booleans) { numbers_are_booleans_ = are_booleans; }

    // What stands beside the rows of the file and may ask for an opt-out of all of them, as it may be shown.
    void know_beside(std::string name) { opt_out_beside_ = std::move(name); }

    // rules.unsubscribe_all, each once.
    const std::vector<std::int64_t>& unsubscribe_all() const { return unsubscribe_all_; }

  private:
    static bool is_number_of_state(const record& from);
    void read_state(const record& from, row& into);
    std::optional<consent::status_state> find_state(const record& from, row& into);
    bool read_subscription(const record& from, row& into) const;
    void read_channel(const record& from, row& into) const;
    void read_basis(const record& from, row& into);
    void read_explanation(const record& from, row& into);

    config::default_settings defaults_;
    bool require_legal_basis_;
    std::optional<bool> numbers_are_booleans_;
    std::string opt_out_beside_;
    std::vector<std::int64_t> unsubscribe_all_;
    last_word<consent::status_state> last_state_;
    last_word<consent::legal_basis> last_basis_;
    std::string last_explanation_;  // that kept the rules
};

}  // namespace consent_sync::intake
