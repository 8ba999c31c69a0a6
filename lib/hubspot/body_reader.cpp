#include "hubspot/body_reader.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <functional>
#include <vector>

#include "base/json_shape.hpp"
#include "consent/key.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

namespace json = boost::json;
using boost::json::error_code;

using base::plain_json;

// The places and member names of HubSpot's answers that the reader knows. Source: BatchResponsePublicStatus,
// PublicStatus, StandardError, ErrorDetail and Error in HubSpot's OpenAPI files; requiredGranularScopes and
// policyName are in real answers only.

// The object or array that is being read.
enum class where : std::uint8_t {
    top,
    results,
    result,
    errors,
    error,
    details,
    detail,
    context,
    context_values,
    other,
};

// The member of that object whose value comes next.
enum class field : std::uint8_t {
    none,
    status,
    results,
    errors,
    num_errors,
    category,
    message,
    correlation_id,
    policy_name,
    in,
    context,
    subscriber,
    subscription,
    channel,
    reason,
    timestamp,
    scopes,
};
inline constexpr std::size_t field_count = static_cast<std::size_t>(field::scopes) + 1;

field top_field(std::string_view key) {
    if (key == "status") return field::status;
    if (key == "results") return field::results;
    if (key == "errors") return field::errors;
    if (key == "numErrors") return field::num_errors;
    if (key == "category") return field::category;
    if (key == "message") return field::message;
    if (key == "correlationId") return field::correlation_id;
    if (key == "policyName") return field::policy_name;
    if (key == "context") return field::context;
    return field::none;
}

field result_field(std::string_view key) {
    if (key == "subscriberIdString") return field::subscriber;
    if (key == "subscriptionId") return field::subscription;
    if (key == "status") return field::status;
    if (key == "channel") return field::channel;
    if (key == "setStatusSuccessReason") return field::reason;
    if (key == "timestamp") return field::timestamp;
    return field::none;
}

field error_field(std::string_view key) {
    if (key == "status") return field::status;
    if (key == "category") return field::category;
    if (key == "message") return field::message;
    if (key == "errors") return field::errors;
    if (key == "context") return field::context;
    if (key == "in") return field::in;
    return field::none;
}

field context_field(std::string_view key) {
    if (key == "subscriberIdString") return field::subscriber;
    if (key == "subscriptionId") return field::subscription;
    if (key == "requiredGranularScopes" || key == "missingScopes" || key == "requiredScopes") return field::scopes;
    return field::none;
}

// The subscription that a text names: a number as HubSpot writes one, without sign, space or leading zero.
std::optional<std::int64_t> read_subscription(std::string_view text) {
    if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
    return parse_integer(text);
}

// Where the text of a field goes; nullptr: nowhere.
using text_member = std::string_view body_result::*;
constexpr auto text_members = [] {
    std::array<text_member, field_count> members{};
    members.fill(nullptr);  // g++ 12 makes {} of it the first member, not none
    const auto put = [&members](field of, text_member into) { members[static_cast<std::size_t>(of)] = into; };
    put(field::subscriber, &body_result::subscriber);
    put(field::channel, &body_result::channel);
    put(field::status, &body_result::status);
    put(field::reason, &body_result::reason);
    put(field::timestamp, &body_result::timestamp);
    return members;
}();

void take_subscription(const plain_json& value, body_result& into) {
    if (value.what == plain_json::kind::whole) into.subscription = value.number;
    if (value.what == plain_json::kind::text) into.subscription = read_subscription(value.text);
}

// Reads the results of an answer by their common shape (base::json_shape): they follow one another, and differ only in
// their values.
class alike_results {
  public:
    // Reads the item of results[] at the start of `text` and returns its size; 0: it is not like the one that was
    // learnt, or not certain to be valid. The views of `into` point into `text`.
    std::size_t read(std::string_view text, body_result& into);

    // Learns the shape of the item at the start of `text`, and returns its size; 0: it has no shape to learn. The
    // caller lets a parser read the item, to find out whether it is valid.
    std::size_t learn(std::string_view text);

  private:
    base::json_shape shape_;
};

std::size_t alike_results::read(std::string_view text, body_result& into) {
    into = {};
    const std::size_t size = shape_.read(text, [&into](base::json_shape::meaning means, const plain_json& value) {
        if (const text_member member = text_members[means]; member != nullptr) {
            if (value.what == plain_json::kind::text) into.*member = value.text;
            if (means == static_cast<base::json_shape::meaning>(field::channel))
                into.unsound = value.what != plain_json::kind::null && into.channel.empty();
        } else if (means == static_cast<base::json_shape::meaning>(field::subscription)) {
            take_subscription(value, into);
        }
    });
    return into.unsound ? 0 : size;
}

std::size_t alike_results::learn(std::string_view text) {
    std::vector<std::string_view> names;
    bool repeated = false;  // it contradicts itself: the parser reads it
    const std::size_t size = shape_.learn(text, [&](std::string_view name) {
        repeated =
            repeated || names.size() == members_max || std::find(names.begin(), names.end(), name) != names.end();
        if (!repeated) names.push_back(name);
        return static_cast<base::json_shape::meaning>(result_field(name));
    });
    if (repeated) shape_.forget();
    return size;
}

field find_field(where of, std::string_view key) {
    switch (of) {
        case where::top: return top_field(key);
        case where::result: return result_field(key);
        case where::error:
        case where::detail: return error_field(key);
        case where::context: return context_field(key);
        default: return field::none;
    }
}

// The objects and arrays around the value that is being read.
class path {
  public:
    std::size_t depth() const { return depth_; }
    where at() const { return levels_[depth_ - 1]; }
    void enter(where next) { levels_[depth_++] = next; }  // the parser's own limit on the depth comes before the end
    void leave() { --depth_; }

    bool in_context() const { return at() == where::context || at() == where::context_values; }
    where around_context() const { return levels_[depth_ - (at() == where::context_values ? 3 : 2)]; }
    bool in_whole_context() const { return depth_ > 1 && levels_[1] == where::context; }
    // Within an item of errors[], at any depth.
    bool in_error() const {
        return depth_ > 1 && (levels_[1] == where::error || (levels_[1] == where::errors && depth_ > 2));
    }

  private:
    std::array<where, body_depth_max + 2> levels_{};
    std::size_t depth_ = 0;
};

// The names of the members of all objects that are open, as hashes.
class open_members {
  public:
    void open(std::size_t depth) { begins_[depth] = names_.size(); }
    void close(std::size_t depth) { names_.resize(begins_[depth]); }
    // Whether the object at this depth has the member already, or more members than are compared.
    bool has(std::size_t depth, std::string_view name) {
        const std::size_t hash = std::hash<std::string_view>()(name);
        const auto first = names_.begin() + static_cast<std::ptrdiff_t>(begins_[depth]);
        if (static_cast<std::size_t>(names_.end() - first) == members_max ||
            std::find(first, names_.end(), hash) != names_.end())
            return true;
        names_.push_back(hash);
        return false;
    }

  private:
    std::vector<std::size_t> names_;
    std::array<std::size_t, body_depth_max + 2> begins_{};
};

// numErrors is there, but it is not a count.
void count_oddly(answer_body& out) { out.num_errors = std::max<std::int64_t>(out.num_errors, 1); }

void note_text(answer_body& out, body_error& of, std::string_view s) {
    if (s.empty()) return;
    if (of.text.size() + s.size() > error_text_bytes_max) {
        out.cut = true;
        return;
    }
    of.text += s;
    of.text += '\n';
}

// The text itself where it is a part of the body; the parser's own buffers end with the call.
std::string_view keep_text(answer_body& out, std::string_view body, std::string_view s) {
    const std::less<const char*> before;
    if (!before(s.data(), body.data()) && !before(body.data() + body.size(), s.data() + s.size())) return s;
    return out.unescaped.emplace_back(s);
}

// The parser calls it for each token. It returns false, which ends the parse, for a body that is not an object.
class handler {
  public:
    static constexpr std::size_t max_array_size = body_items_max;
    static constexpr std::size_t max_object_size = body_items_max;
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

    handler(std::string_view text, answer_body& out) : text_(text), out_(out) {}

    // In results[], and in none of its items.
    bool between_results() const { return path_.depth() == 2 && path_.at() == where::results; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code& ec) {
        if (path_.depth() == 0) {
            out_.whole.names.emplace_back();
            return push_object(where::top);
        }
        switch (path_.at()) {
            case where::results: return begin_result(ec);
            case where::errors: return begin_error(where::error, ec);
            case where::details: return begin_detail();
            case where::top:
                if (field_ == field::errors) return begin_error(where::error, ec);
                if (field_ == field::num_errors) count_oddly(out_);
                return push_object(field_ == field::context ? where::context : where::other);
            case where::error:
                if (field_ == field::errors) return begin_detail();
                return push_object(field_ == field::context ? where::context : where::other);
            case where::detail: return push_object(field_ == field::context ? where::context : where::other);
            case where::result: note_odd_channel(); return push_object(where::other);
            default: return push_object(where::other);
        }
    }
    bool on_object_end(std::size_t, error_code&) {
        if (path_.at() == where::result) end_result();
        members_.close(path_.depth() - 1);
        return pop();
    }

    bool on_array_begin(error_code& ec) {
        if (path_.depth() == 0) {
            ec = json::error::syntax;
            return false;
        }
        if (path_.at() == where::context) {
            context_field_ = field_;
            return push(where::context_values);  // field_ stays: it names the values
        }
        if (path_.at() == where::errors) return begin_error(where::other, ec);
        if (path_.at() == where::result) note_odd_channel();
        const field of = field_;
        if (path_.at() == where::top && of == field::num_errors) count_oddly(out_);
        if (path_.at() == where::top && of == field::results) return push(where::results);
        if (path_.at() == where::top && of == field::errors) return push(where::errors);
        if (path_.at() == where::error && of == field::errors) return push(where::details);
        return push(where::other);
    }
    bool on_array_end(std::size_t, error_code&) { return pop(); }

    bool on_key_part(json::string_view s, std::size_t, error_code&) {
        part_.append(s.data(), s.size());
        return true;
    }
    bool on_key(json::string_view s, std::size_t, error_code&) {
        const std::string_view name = joined(s);
        field_ = find_field(path_.at(), name);
        again_ = path_.at() != where::other && members_.has(path_.depth() - 1, name);
        if (again_) mark_unsound();
        if (name.find('@') != std::string_view::npos) note_aside(name);
        part_.clear();
        return true;
    }
    bool on_string_part(json::string_view s, std::size_t, error_code&) {
        part_.append(s.data(), s.size());
        return true;
    }
    bool on_string(json::string_view s, std::size_t, error_code& ec) {
        if (path_.depth() == 0) {
            ec = json::error::syntax;
            return false;
        }
        const bool taken = take_text(joined(s), ec);
        part_.clear();
        return taken;
    }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, error_code& ec) { return take_number(number, ec); }
    bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return take_other(ec); }
    bool on_double(double, json::string_view, error_code& ec) { return take_other(ec); }
    bool on_bool(bool, error_code& ec) { return take_other(ec); }
    bool on_null(error_code& ec) {
        const bool in_list = path_.depth() > 1 && (path_.at() == where::errors || path_.at() == where::context_values);
        return in_list ? take_other(ec) : take_nothing(ec);
    }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

  private:
    bool push(where next) {
        path_.enter(next);
        if (next != where::context_values) field_ = field::none;
        return true;
    }
    bool pop() {
        path_.leave();
        field_ = path_.depth() > 0 && path_.at() == where::context_values ? context_field_ : field::none;
        return true;
    }

    bool push_object(where next) {
        members_.open(path_.depth());
        return push(next);
    }

    bool begin_result(error_code& ec) {
        if (out_.results.size() >= body_items_max) {  // results[] may be there twice
            ec = json::error::array_too_large;
            return false;
        }
        out_.results.emplace_back();
        return push_object(where::result);
    }
    void end_result() {
        const body_result& result = out_.results.back();
        if (result.unsound && !result.subscriber.empty()) out_.doubted.emplace_back(result.subscriber);
    }

    bool add_error(error_code& ec) {
        if (out_.errors.size() >= body_items_max) {
            ec = json::error::array_too_large;
            return false;
        }
        out_.errors.emplace_back().names.emplace_back();
        return true;
    }
    bool begin_error(where as, error_code& ec) { return add_error(ec) && push_object(as); }
    bool begin_detail() {
        out_.errors.back().names.emplace_back();
        return push_object(where::detail);
    }

    // A value that is an error itself, without being an object or a list.
    bool is_error_value() const {
        return path_.at() == where::errors || (path_.at() == where::top && field_ == field::errors);
    }

    void mark_unsound() {
        if (path_.at() == where::result)
            out_.results.back().unsound = true;
        else if (path_.in_error())
            out_.errors.back().unsound = true;
        else
            out_.unsound = true;
    }
    void note_odd_channel() {
        if (field_ == field::channel) out_.results.back().unsound = true;
    }

    std::string_view joined(json::string_view last) {
        if (part_.empty()) return {last.data(), last.size()};
        part_.append(last.data(), last.size());
        return part_;
    }

    bool take_text(std::string_view s, error_code& ec) {
        if (is_error_value()) {
            if (!add_error(ec)) return false;
            out_.errors.back().message = s;
            note_text(out_, out_.errors.back(), s);
            field_ = field::none;
            return true;
        }
        switch (path_.at()) {
            case where::top: take_top(s); break;
            case where::result: take_result(s); break;
            case where::error: take_error(out_.errors.back(), s); break;
            case where::context:
            case where::context_values: take_context(s, parse_integer(consent::trim(s))); break;
            default: note_aside(s);
        }
        if (path_.at() != where::context_values) field_ = field::none;
        return true;
    }

    // A text where the schema has none.
    void note_aside(std::string_view s) {
        if (path_.in_error())
            note_text(out_, out_.errors.back(), s);
        else if (path_.in_whole_context())
            note_text(out_, out_.whole, s);
    }

    void take_top(std::string_view s) {
        switch (field_) {
            case field::correlation_id: out_.correlation_id = plain(s, 128); break;
            case field::policy_name: out_.policy_name = plain(s, 128); break;
            case field::status: out_.whole.status = s.size() <= 128 ? s : std::string_view(); break;
            case field::num_errors: count_oddly(out_); break;
            default: take_error(out_.whole, s); break;
        }
    }

    void take_error(body_error& of, std::string_view s) {
        switch (field_) {
            case field::category: of.category = plain(s, 128); break;
            case field::status: of.status = plain(s, 128); break;
            case field::message:
                of.message = s;
                note_text(out_, of, s);
                break;
            default:
                if (&of != &out_.whole || field_ == field::in) note_text(out_, of, s);
        }
    }

    void take_result(std::string_view s) {
        body_result& result = out_.results.back();
        if (again_) {  // its first values stay, and whom else it names is not forgotten
            if (field_ == field::subscriber) out_.doubted.emplace_back(s);
            return;
        }
        switch (field_) {
            case field::subscriber: result.subscriber = keep_text(out_, text_, s); break;
            case field::subscription: result.subscription = read_subscription(s); break;
            case field::channel:
                result.channel = keep_text(out_, text_, s);
                result.unsound = result.unsound || s.empty();  // there, and none
                break;
            case field::status: result.status = keep_text(out_, text_, s); break;
            case field::reason: result.reason = keep_text(out_, text_, s); break;
            case field::timestamp: result.timestamp = keep_text(out_, text_, s); break;
            default: break;
        }
    }

    body_error& context_owner() { return path_.around_context() == where::top ? out_.whole : out_.errors.back(); }
    body_names& context_names() {
        body_error& owner = context_owner();
        return path_.around_context() == where::detail ? owner.names.back() : owner.names.front();
    }

    // A value of a context. HubSpot's schema has arrays of strings; a single string, and numbers, are understood too.
    // The first names of an error are those of its own context, the last those of the detail that is being read.
    void take_context(std::string_view s, std::optional<std::int64_t> number) {
        body_names& names = context_names();
        note_text(out_, context_owner(), s);
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
        if (path_.depth() == 0 || is_error_value() || (path_.at() == where::result && field_ == field::channel))
            return take_other(ec);
        if (path_.at() == where::result && field_ == field::subscription) {
            if (!again_) out_.results.back().subscription = number;
        } else if (path_.at() == where::top && field_ == field::num_errors && number >= 0) {
            out_.num_errors = std::max(out_.num_errors, number);
        } else if (path_.at() == where::top && field_ == field::num_errors) {
            count_oddly(out_);
        } else if (path_.in_context()) {
            take_context(std::to_string(number), number);
        } else if (path_.at() == where::error && field_ == field::status) {
            out_.errors.back().status = std::to_string(number);
        }
        if (path_.at() != where::context_values) field_ = field::none;
        return true;
    }

    // A value of a type that no field of the schema has.
    bool take_other(error_code& ec) {
        if (path_.depth() > 0) {
            if (is_error_value() && !add_error(ec)) return false;
            if (path_.at() == where::result) note_odd_channel();
            if (path_.at() == where::top && field_ == field::num_errors) count_oddly(out_);
            if (path_.in_context() && field_ == field::subscription) context_names().subscriptions.emplace_back();
        }
        return take_nothing(ec);
    }

    // A value that says nothing.
    bool take_nothing(error_code& ec) {
        if (path_.depth() == 0) {
            ec = json::error::syntax;
            return false;
        }
        if (path_.at() != where::context_values) field_ = field::none;
        return true;
    }

    std::string_view text_;
    answer_body& out_;
    path path_;
    open_members members_;
    field field_ = field::none;
    field context_field_ = field::none;  // of the values that are being read
    bool again_ = false;                 // the object has a member of this name already
    std::string part_;                   // pieces of a key or a text with escapes
};

json::parse_options options() {
    json::parse_options chosen;
    chosen.max_depth = body_depth_max;
    return chosen;
}

// Gives the body to the parser piece by piece, without the results that are like one that the parser has read: the
// parser sees an array with fewer items.
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
    static constexpr std::size_t odd_most = 10;  // results that are not alike; after these the parser reads the rest

    // Lets the parser read up to `end`. False: there is a fault, here or before.
    bool parse_to(std::size_t end) {
        const std::string_view piece = text_.substr(at_, end - at_);
        at_ = end;
        // After the end of a document the parser would begin another.
        if (whole_) whole_ = parser_.write_some(end < text_.size(), piece.data(), piece.size(), error_) == piece.size();
        whole_ = whole_ && !error_;
        return whole_;
    }

    void read_alike() {
        alike_results alike;
        std::size_t odd = 0;
        std::size_t item = 0;
        while (parser_.handler().between_results() && (item = next_item()) != 0 &&
               out_.results.size() < body_items_max) {
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
    bool whole_ = true;  // all that was read belongs to one document without a fault
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
