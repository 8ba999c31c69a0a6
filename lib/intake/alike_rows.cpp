#include "intake/alike_rows.hpp"

#include "intake/columns.hpp"
#include "intake/limits.hpp"

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

}  // namespace

bool alike_rows::has_given_up() const { return lost_ > read_ + lost_max; }

std::size_t alike_rows::read(std::string_view text, record& into) {
    if (has_given_up()) return 0;
    into.clear();
    const std::size_t size = shape_.read(text, [&](base::json_shape::meaning means, const plain_json& found) {
        if (means >= static_cast<std::size_t>(field::report)) return;
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
    shape_.learn(row, [](std::string_view name) { return static_cast<base::json_shape::meaning>(find_field(name)); });
}

}  // namespace consent_sync::intake
