#include "hubspot/body_reader.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <functional>

#include "hubspot/alike_results.hpp"
#include "hubspot/body_fields.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

namespace json = boost::json;
using boost::json::error_code;

// The parser calls it for each token. It answers false, which ends the parse, for a body that is no object.
class handler {
  public:
    static constexpr std::size_t max_array_size = body_items_max;
    static constexpr std::size_t max_object_size = body_items_max;
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

    handler(std::string_view text, answer_body& out) : text_(text), out_(out) {}

    // In results[], and in none of its items.
    bool between_results() const { return depth_ == 2 && at() == where::results; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code& ec) {
        if (depth_ == 0) {
            out_.whole.names.emplace_back();
            return push(where::top);
        }
        switch (at()) {
            case where::results: return begin_result(ec);
            case where::errors: return begin_error(ec);
            case where::details: out_.errors.back().names.emplace_back(); return push(where::detail);
            case where::top:
            case where::error:
            case where::detail: return push(field_ == field::context ? where::context : where::other);
            default: return push(where::other);
        }
    }
    bool on_object_end(std::size_t, error_code&) { return pop(); }

    bool on_array_begin(error_code& ec) {
        if (depth_ == 0) {
            ec = json::error::syntax;
            return false;
        }
        if (at() == where::context) return push(where::context_values);  // field_ stays: it names the values
        const field of = field_;
        if (at() == where::top && of == field::results) return push(where::results);
        if (at() == where::top && of == field::errors) return push(where::errors);
        if (at() == where::error && of == field::errors) return push(where::details);
        return push(where::other);
    }
    bool on_array_end(std::size_t, error_code&) { return pop(); }

    bool on_key_part(json::string_view s, std::size_t, error_code&) {
        part_.append(s.data(), s.size());
        return true;
    }
    bool on_key(json::string_view s, std::size_t, error_code&) {
        field_ = find_field(joined(s));
        part_.clear();
        return true;
    }
    bool on_string_part(json::string_view s, std::size_t, error_code&) {
        part_.append(s.data(), s.size());
        return true;
    }
    bool on_string(json::string_view s, std::size_t, error_code& ec) {
        if (depth_ == 0) {
            ec = json::error::syntax;
            return false;
        }
        take_text(joined(s));
        part_.clear();
        return true;
    }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, error_code& ec) { return take_number(number, ec); }
    bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return take_nothing(ec); }
    bool on_double(double, json::string_view, error_code& ec) { return take_nothing(ec); }
    bool on_bool(bool, error_code& ec) { return take_nothing(ec); }
    bool on_null(error_code& ec) { return take_nothing(ec); }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

  private:
    where at() const { return stack_[depth_ - 1]; }

    bool push(where next) {
        stack_[depth_++] = next;  // the parser's own limit on the depth comes before the end of the array
        if (next != where::context_values) field_ = field::none;
        return true;
    }
    bool pop() {
        --depth_;
        field_ = field::none;
        return true;
    }

    bool begin_result(error_code& ec) {
        if (out_.results.size() >= body_items_max) {  // results[] may be there twice
            ec = json::error::array_too_large;
            return false;
        }
        out_.results.emplace_back();
        seen_ = 0;
        return push(where::result);
    }

    bool begin_error(error_code& ec) {
        if (out_.errors.size() >= body_items_max) {
            ec = json::error::array_too_large;
            return false;
        }
        out_.errors.emplace_back().names.emplace_back();
        return push(where::error);
    }

    field find_field(std::string_view key) const {
        switch (at()) {
            case where::top: return top_field(key);
            case where::result: return result_field(key);
            case where::error:
            case where::detail: return error_field(key);
            case where::context: return context_field(key);
            default: return field::none;
        }
    }

    std::string_view joined(json::string_view last) {
        if (part_.empty()) return {last.data(), last.size()};
        part_.append(last.data(), last.size());
        return part_;
    }

    // The text itself where it is a part of the body; the parser's own buffers end with the call.
    std::string_view keep(std::string_view s) {
        const std::less<const char*> before;
        if (!before(s.data(), text_.data()) && !before(text_.data() + text_.size(), s.data() + s.size())) return s;
        return out_.unescaped.emplace_back(s);
    }

    void take_text(std::string_view s) {
        switch (at()) {
            case where::top: take_top(s); break;
            case where::result: take_result(s); break;
            case where::error: take_error(out_.errors.back(), s); break;
            case where::detail:
                if (field_ == field::message || field_ == field::in) note(out_.errors.back(), s);
                break;
            case where::context:
            case where::context_values: take_context(s, parse_integer(s)); break;
            default: break;
        }
        if (at() != where::context_values) field_ = field::none;
    }

    void take_top(std::string_view s) {
        switch (field_) {
            case field::correlation_id: out_.correlation_id = plain(s, 128); break;
            case field::policy_name: out_.policy_name = plain(s, 128); break;
            case field::status:
                // A second, different status contradicts the first: then there is none.
                if (status_seen_ && out_.whole.status != s) s = {};
                status_seen_ = true;
                out_.whole.status = s.size() <= 128 ? s : std::string_view();
                break;
            default: take_error(out_.whole, s); break;
        }
    }

    void take_error(body_error& of, std::string_view s) {
        switch (field_) {
            case field::category: of.category = plain(s, 128); break;
            case field::status: of.status = plain(s, 128); break;
            case field::message:
                of.message = s;
                note(of, s);
                break;
            case field::in: note(of, s); break;
            default: break;
        }
    }

    bool first_time() {
        const auto bit = 1U << static_cast<unsigned>(field_);
        const bool again = (seen_ & bit) != 0;
        seen_ |= bit;
        if (again) out_.results.back().contradictory = true;
        return !again;
    }

    void take_result(std::string_view s) {
        body_result& result = out_.results.back();
        switch (field_) {
            case field::subscriber:
                if (first_time()) result.subscriber = keep(s);
                break;
            case field::subscription:
                if (first_time()) result.subscription = parse_integer(s);
                break;
            case field::channel:
                if (first_time()) result.channel = keep(s);
                break;
            case field::status:
                if (first_time()) result.status = keep(s);
                break;
            case field::reason: result.reason = keep(s); break;
            case field::timestamp: result.timestamp = keep(s); break;
            default: break;
        }
    }

    body_error& context_owner() {
        const std::size_t levels = at() == where::context_values ? 3 : 2;
        return stack_[depth_ - levels] == where::top ? out_.whole : out_.errors.back();
    }

    // A value of a context: HubSpot's schema has arrays of strings; one string, and numbers, are understood
    // too. The first names of an error are those of its own context, the last those of the detail that is
    // being read.
    void take_context(std::string_view s, std::optional<std::int64_t> number) {
        body_error& owner = context_owner();
        const std::size_t levels = at() == where::context_values ? 3 : 2;
        body_names& names = stack_[depth_ - levels] == where::detail ? owner.names.back() : owner.names.front();
        note(owner, s);
        switch (field_) {
            case field::subscriber: names.subscribers.emplace_back(s); break;
            case field::subscription: names.subscriptions.push_back(number); break;
            case field::scopes:
                if (out_.scopes.size() < scopes_max) out_.scopes.push_back(plain(s, 128));
                break;
            default: break;
        }
    }

    bool take_number(std::int64_t number, error_code& ec) {
        if (depth_ == 0) return take_nothing(ec);
        if (at() == where::result && field_ == field::subscription) {
            if (first_time()) out_.results.back().subscription = number;
        } else if (at() == where::top && field_ == field::num_errors) {
            out_.num_errors = number;
        } else if (at() == where::context || at() == where::context_values) {
            take_context(std::to_string(number), number);
        } else if (at() == where::error && field_ == field::status) {
            out_.errors.back().status = std::to_string(number);
        }
        if (at() != where::context_values) field_ = field::none;
        return true;
    }

    // A value that says nothing: null, or of a type that no field has.
    bool take_nothing(error_code& ec) {
        if (depth_ == 0) {
            ec = json::error::syntax;
            return false;
        }
        if (at() != where::context_values) field_ = field::none;
        return true;
    }

    static void note(body_error& of, std::string_view s) {
        if (s.empty() || of.text.size() + s.size() > error_text_bytes_max) return;
        of.text += s;
        of.text += '\n';
    }

    std::string_view text_;
    answer_body& out_;
    std::array<where, body_depth_max + 2> stack_{};
    std::size_t depth_ = 0;
    field field_ = field::none;
    unsigned seen_ = 0;  // fields of the result that is being read
    bool status_seen_ = false;
    std::string part_;  // pieces of a key or a text with escapes
};

json::parse_options options() {
    json::parse_options chosen;
    chosen.max_depth = body_depth_max;
    return chosen;
}

// The parser gets the body piece by piece, but for the results that are like one that it has read: it sees an array
// with fewer items.
class reader {
  public:
    reader(std::string_view text, answer_body& out) : text_(text), out_(out), parser_(options(), text, out) {}

    bool read() {
        constexpr std::string_view results = "\"results\":[";
        const std::size_t found = text_.find(results);
        if (found != std::string_view::npos && parse_to(found + results.size())) read_alike();
        return parse_to(text_.size());
    }

  private:
    static constexpr std::size_t odd_most = 10;  // results that are not alike: then the rest is the parser's

    // Lets the parser read on. False: there is a fault, now or before.
    bool parse_to(std::size_t end) {
        const std::string_view piece = text_.substr(at_, end - at_);
        at_ = end;
        // A document that has ended is none to go on with: the parser would begin another.
        if (whole_) whole_ = parser_.write_some(end < text_.size(), piece.data(), piece.size(), error_) == piece.size();
        whole_ = whole_ && !error_;
        return whole_;
    }

    void read_alike() {
        alike_results alike;
        std::size_t odd = 0;
        std::size_t item = 0;
        while (parser_.handler().between_results() && (item = next_item()) != 0 && out_.results.size() < body_items_max) {
            const std::string_view rest = text_.substr(item);
            if (const std::size_t size = alike.read(rest, result_); size != 0) {
                out_.results.push_back(result_);
                at_ = item + size;
                continue;
            }
            const std::size_t size = alike.learn(rest);
            if (size == 0 || odd++ == odd_most || !parse_to(item + size)) return;
        }
    }

    // Where the next item of results[] begins, behind its comma; 0: no object comes next.
    std::size_t next_item() const {
        constexpr const char* space = " \t\r\n";
        std::size_t at = text_.find_first_not_of(space, at_);
        if (!out_.results.empty()) {
            if (at == std::string_view::npos || text_[at] != ',') return 0;
            at = text_.find_first_not_of(space, at + 1);
        }
        return at == std::string_view::npos || text_[at] != '{' ? 0 : at;
    }

    std::string_view text_;
    answer_body& out_;
    json::basic_parser<handler> parser_;
    std::size_t at_ = 0;  // what is before was read
    error_code error_;
    bool whole_ = true;  // all of what is before belongs to one document without a fault
    body_result result_;
};

}  // namespace

answer_body read_body(std::string_view text) {
    answer_body out;
    out.results.reserve(std::min<std::size_t>(text.size() / 256, body_items_max));
    out.readable = reader(text, out).read();
    return out;
}

}  // namespace consent_sync::hubspot
