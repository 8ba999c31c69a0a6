#include "intake/alike_rows.hpp"

#include "intake/columns.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

using base::plain_json;

constexpr std::size_t shape_row_bytes_max = 16 * 1024;  // of the row that a shape is taken from

// What looking for a shape in vain may cost beyond what was saved, in rows.
constexpr std::uint64_t lost_max = 200;
constexpr std::uint64_t lost_by_value = 1;  // a value was not plain: as much as a row that is read saves
constexpr std::uint64_t lost_by_shape = 2;  // the shape was another one, which is learnt anew

value_kind kind_of(plain_json::kind what) {
    switch (what) {
        case plain_json::kind::text:
        case plain_json::kind::null: return value_kind::text;
        case plain_json::kind::whole: return value_kind::whole;
        case plain_json::kind::boolean: return value_kind::boolean;
    }
    return value_kind::other;
}

// Whether an opt-out member that was read before does not say no: of several the one that contradicts counts.
bool asks_opt_out(const record& row, std::string_view text) {
    const value& v = row[field::inverted_state];
    if (v.kind == value_kind::text) return !is_plain_no(text.substr(v.begin, v.size));
    return !says_no(row, v);
}

bool says_nothing(const plain_json& found) {
    return found.what == plain_json::kind::null ||
           (found.what == plain_json::kind::text && without_marks(found.text).empty());
}

}  // namespace

void alike_rows::note_suspicious(std::size_t place, record& into) const {
    if (!into.suspicious.empty()) return;
    for (const auto& [nth, name] : unread_)
        if (nth == place) into.suspicious = name;
}

// Of a member that is not a field. Apart, so that read() stays small.
[[gnu::noinline]] void alike_rows::look_at_unread(field means, std::size_t place, const plain_json& found,
                                                  record& into) const {
    if (means == field::ignored) return;
    if (means == field::suspicious) {
        if (!says_nothing(found)) note_suspicious(place, into);
    } else if (found.what == plain_json::kind::text &&
               (reads_as_opt_out(found.text) || (means == field::labels && names_opt_outs(found.text)))) {
        note_suspicious(place, into);
    }
}

bool alike_rows::has_given_up() const { return lost_ > read_ + lost_max; }

std::size_t alike_rows::read(std::string_view text, record& into) {
    if (has_given_up()) return 0;
    into.clear();
    std::size_t nth = 0;
    const std::size_t size = shape_.read(text, [&](base::json_shape::meaning means, const plain_json& found) {
        const std::size_t place = nth++;
        if (means >= static_cast<std::size_t>(field::report))
            return look_at_unread(static_cast<field>(means), place, found, into);
        if (means == static_cast<std::size_t>(field::inverted_state) && asks_opt_out(into, text)) return;
        value& wanted = into[static_cast<field>(means)];
        wanted.kind = kind_of(found.what);
        wanted.begin = found.text.empty() ? 0 : static_cast<std::size_t>(found.text.data() - text.data());
        wanted.size = found.text.size();
        wanted.number = found.number;
    });
    if (size == 0 || size > row_bytes_max) return 0;
    into.bytes.assign(text.data(), size);
    ++read_;
    return size;
}

void alike_rows::learn(std::string_view row) {
    const bool by_value = shape_.value_differed();
    lost_ += by_value ? lost_by_value : lost_by_shape;
    if (has_given_up() || row.size() > shape_row_bytes_max) return shape_.forget();
    if (by_value) return;
    unread_.clear();
    std::size_t nth = 0;
    shape_.learn(row, [&](std::string_view name) {
        const field found = rules_.find(name);
        if (found >= field::report && found != field::ignored) unread_.emplace_back(nth, shown_column(name));
        ++nth;
        return static_cast<base::json_shape::meaning>(found);
    });
}

}  // namespace consent_sync::intake
