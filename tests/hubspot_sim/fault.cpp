#include "hubspot_sim/fault.hpp"

#include <array>
#include <charconv>

namespace consent_sync::hubspot_sim {
namespace {

struct kind_name {
    std::string_view name;
    fault_kind kind;
};
constexpr std::array kind_names{
    kind_name{"none", fault_kind::none},
    kind_name{"truncated", fault_kind::truncated},
    kind_name{"wrong-length", fault_kind::wrong_length},
    kind_name{"drip", fault_kind::drip},
    kind_name{"hang-up", fault_kind::hang_up},
    kind_name{"strangers", fault_kind::strangers},
    kind_name{"empty-results", fault_kind::empty_results},
    kind_name{"garbage", fault_kind::garbage},
    kind_name{"endless-headers", fault_kind::endless_headers},
    kind_name{"endless-body", fault_kind::endless_body},
    kind_name{"stall-before-read", fault_kind::stall_before_read},
    kind_name{"stall", fault_kind::stall},
    kind_name{"reset", fault_kind::reset},
    kind_name{"close", fault_kind::close},
    kind_name{"stall-handshake", fault_kind::stall_handshake},
};

struct body_name {
    std::string_view name;
    fault_body body;
};
constexpr std::array body_names{
    body_name{"object", fault_body::object}, body_name{"daily", fault_body::daily},
    body_name{"html", fault_body::html},     body_name{"empty", fault_body::empty},
    body_name{"custom", fault_body::custom},
};

base::error bad(std::string_view what, std::string_view text) {
    return {base::errc::invalid_input, std::string(what) + ": '" + std::string(text) + "'"};
}

template <class Number>
std::optional<Number> to_number(std::string_view text) {
    Number number{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Removes the part before the separator from `text` and returns it.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return head;
}

base::result<fault> parse_kind(std::string_view text) {
    for (const auto& [word, kind] : kind_names) {
        if (word == text) return fault::of(kind);
    }
    if (text == "pending") return fault::batch_status("PENDING");
    if (text == "processing") return fault::batch_status("PROCESSING");
    if (text == "canceled") return fault::batch_status("CANCELED");
    std::string_view rest = text;
    const auto code = to_number<unsigned>(cut(rest, '-'));
    if (!code || *code < 200 || *code > 599) return bad("this is no fault", text);
    fault f = fault::status(*code);
    if (text.find('-') == std::string_view::npos) return f;
    for (const auto& [word, body] : body_names) {
        if (word != rest) continue;
        f.body = body;
        return f;
    }
    return bad("this fault has no such body", text);
}

base::result<fault> with_modifier(fault f, std::string_view text) {
    std::string_view value = text;
    const std::string_view word = cut(value, ':');
    if (word == "apply") {
        f.apply = true;
    } else if (word == "late" || word == "delay") {
        const auto duration = parse_duration(value);
        if (!duration) return duration.error();
        if (word == "late") {
            f.late = *duration;
        } else {
            f.delay = *duration;
        }
    } else if (word == "times") {
        const auto count = to_number<std::uint32_t>(value);
        if (!count || *count == 0) return bad("times wants a number from 1", text);
        f.repeat = *count;
    } else if (word == "retry-after") {
        f.headers.emplace_back("Retry-After", value);
    } else {
        return bad("a fault has no such modifier", text);
    }
    return f;
}

}  // namespace

fault fault::of(fault_kind kind) {
    fault f;
    f.kind = kind;
    return f;
}

fault fault::status(unsigned code) {
    fault f = of(fault_kind::answer);
    f.status_code = code;
    if (code >= 300 && code < 400) f.headers.emplace_back("Location", "https://elsewhere.invalid/");
    return f;
}

fault fault::html(unsigned code) {
    fault f = status(code);
    f.body = fault_body::html;
    return f;
}

fault fault::empty(unsigned code) {
    fault f = status(code);
    f.body = fault_body::empty;
    return f;
}

fault fault::custom(unsigned code, std::string body) {
    fault f = status(code);
    f.body = fault_body::custom;
    f.text = std::move(body);
    return f;
}

fault fault::daily_limit() {
    fault f = status(429);
    f.body = fault_body::daily;
    return f;
}

fault fault::batch_status(std::string status) {
    fault f = of(fault_kind::batch_status);
    f.text = std::move(status);
    return f;
}

fault fault::applied() const {
    fault f = *this;
    f.apply = true;
    return f;
}

fault fault::applied_after(milliseconds wait) const {
    fault f = *this;
    f.late = wait;
    return f;
}

fault fault::after(milliseconds wait) const {
    fault f = *this;
    f.delay = wait;
    return f;
}

fault fault::with_header(std::string header, std::string value) const {
    fault f = *this;
    f.headers.emplace_back(std::move(header), std::move(value));
    return f;
}

fault fault::times(std::uint32_t count) const {
    fault f = *this;
    f.repeat = count;
    return f;
}

base::result<fault> parse_fault(std::string_view text) {
    std::string_view rest = text;
    base::result<fault> f = parse_kind(cut(rest, '+'));
    while (f && !rest.empty()) f = with_modifier(*f, cut(rest, '+'));
    return f;
}

std::string name(const fault& f) {
    if (f.kind == fault_kind::batch_status) return "batch-status-" + f.text;
    if (f.kind == fault_kind::answer) {
        std::string text = std::to_string(f.status_code);
        for (const auto& [word, body] : body_names) {
            if (body == f.body) text.append("-").append(word);
        }
        return text;
    }
    for (const auto& [word, kind] : kind_names) {
        if (kind == f.kind) return std::string(word);
    }
    return "none";
}

base::result<milliseconds> parse_duration(std::string_view text) {
    std::string_view digits = text;
    std::int64_t unit_ms = 1;
    if (digits.ends_with("ms")) {
        digits.remove_suffix(2);
    } else if (digits.ends_with('s')) {
        digits.remove_suffix(1);
        unit_ms = 1'000;
    } else if (digits.ends_with('m')) {
        digits.remove_suffix(1);
        unit_ms = 60'000;
    }
    const auto count = to_number<std::uint32_t>(digits);
    if (!count) return bad("not a duration like 250ms, 2s or 5m", text);
    return milliseconds(*count * unit_ms);
}

base::result<std::vector<fault_share>> parse_fault_shares(std::string_view text) {
    std::vector<fault_share> shares;
    double sum = 0;
    while (!text.empty()) {
        const std::string_view item = cut(text, ',');
        const std::size_t equals = item.rfind('=');
        if (equals == std::string_view::npos) return bad("a fault wants its share, as in 503=0.02", item);
        const auto f = parse_fault(item.substr(0, equals));
        if (!f) return f.error();
        const auto share = to_number<double>(item.substr(equals + 1));
        if (!share || *share < 0 || *share > 1) return bad("a share lies between 0 and 1", item);
        sum += *share;
        shares.push_back(fault_share{*f, *share});
    }
    if (sum > 1.0 + 1e-9) return base::error{base::errc::invalid_input, "the shares of all faults exceed 1"};
    return shares;
}

}  // namespace consent_sync::hubspot_sim
