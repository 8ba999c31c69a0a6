#include "random_hubspot/json_tree.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <set>

namespace consent_sync::random_hubspot {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_most = 500;

// The handler that Boost.JSON's parser calls.
class builder {
  public:
    constexpr static std::size_t max_object_size = std::size_t(-1);
    constexpr static std::size_t max_array_size = std::size_t(-1);
    constexpr static std::size_t max_key_size = std::size_t(-1);
    constexpr static std::size_t max_string_size = std::size_t(-1);

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) { return open(node::object()); }
    bool on_object_end(std::size_t, json::error_code&) { return close(); }
    bool on_array_begin(json::error_code&) { return open(node::array()); }
    bool on_array_end(std::size_t, json::error_code&) { return close(); }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return append(key_, part); }
    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        append(key_, part);
        keys_.push_back(std::move(key_));
        key_.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return append(text_, part); }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        append(text_, part);
        return put(node::of(std::move(text_)));
    }
    bool on_number_part(json::string_view part, json::error_code&) { return append(text_, part); }
    bool on_int64(std::int64_t, json::string_view part, json::error_code&) { return number(part); }
    bool on_uint64(std::uint64_t, json::string_view part, json::error_code&) { return number(part); }
    bool on_double(double, json::string_view part, json::error_code&) { return number(part); }
    bool on_bool(bool value, json::error_code&) { return put(node::boolean(value)); }
    bool on_null(json::error_code&) { return put(node()); }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    node take() { return std::move(root_); }

  private:
    static bool append(std::string& to, json::string_view part) {
        to.append(part.data(), part.size());
        return true;
    }
    bool number(json::string_view part) {
        append(text_, part);
        return put(node::number(std::move(text_)));
    }
    bool open(node&& value) {
        open_.push_back(std::move(value));
        return true;
    }
    bool close() {
        node done = std::move(open_.back());
        open_.pop_back();
        return put(std::move(done));
    }
    bool put(node&& value) {
        text_.clear();
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (open_.back().is(node::kind::array)) {
            open_.back().items.push_back(std::move(value));
        } else {
            open_.back().add(std::move(keys_.back()), std::move(value));
            keys_.pop_back();
        }
        return true;
    }

    std::vector<node> open_;
    std::vector<std::string> keys_;  // of the open objects, waiting for their value
    std::string key_, text_;
    node root_;
};

void write_text(const std::string& text, const spelling& how, std::string& to) {
    constexpr const char* digits = "0123456789abcdef";
    to += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool must = byte < 0x20 || c == '"' || c == '\\';
        if (must || (byte < 0x80 && how.escapes && how.escapes()))
            to.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        else
            to += c;
    }
    to += '"';
}

void write_space(const spelling& how, std::string& to) {
    if (how.space) to += how.space();
}

void write(const node& value, const spelling& how, std::string& to) {
    write_space(how, to);
    switch (value.what) {
        case node::kind::null: to += "null"; break;
        case node::kind::boolean:
        case node::kind::number: to += value.text; break;
        case node::kind::text: write_text(value.text, how, to); break;
        case node::kind::array:
            to += '[';
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                if (i > 0) to += ',';
                write(value.items[i], how, to);
            }
            to += ']';
            break;
        case node::kind::object:
            to += '{';
            for (std::size_t i = 0; i < value.members.size(); ++i) {
                if (i > 0) to += ',';
                write_space(how, to);
                write_text(value.members[i].name, how, to);
                write_space(how, to);
                to += ':';
                write(value.members[i].value, how, to);
            }
            to += '}';
            break;
    }
    write_space(how, to);
}

}  // namespace

node node::of(std::string characters) {
    node n;
    n.what = kind::text;
    n.text = std::move(characters);
    return n;
}
node node::number(std::string digits) {
    node n;
    n.what = kind::number;
    n.text = std::move(digits);
    return n;
}
node node::boolean(bool value) {
    node n;
    n.what = kind::boolean;
    n.text = value ? "true" : "false";
    return n;
}
node node::array(std::vector<node> items) {
    node n;
    n.what = kind::array;
    n.items = std::move(items);
    return n;
}
node node::object(std::vector<member> members) {
    node n;
    n.what = kind::object;
    n.members = std::move(members);
    return n;
}

std::size_t node::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(members.begin(), members.end(), [name](const member& m) { return m.name == name; }));
}

const node* node::find(std::string_view name) const {
    const auto found = std::find_if(members.begin(), members.end(), [name](const member& m) { return m.name == name; });
    return found == members.end() ? nullptr : &found->value;
}
node* node::find(std::string_view name) {
    const auto found = std::find_if(members.begin(), members.end(), [name](const member& m) { return m.name == name; });
    return found == members.end() ? nullptr : &found->value;
}

void node::add(std::string name, node value) { members.push_back({std::move(name), std::move(value)}); }

void node::remove(std::string_view name) {
    std::erase_if(members, [name](const member& m) { return m.name == name; });
}

std::optional<node> read_json(std::string_view text) {
    json::parse_options strict;
    strict.max_depth = depth_most;
    json::basic_parser<builder> parser(strict);
    json::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (error || used != text.size() || !parser.done()) return std::nullopt;
    return parser.handler().take();
}

std::string write_json(const node& value, const spelling& how) {
    std::string text;
    write(value, how, text);
    return text;
}

bool has_duplicates(const node& value) {
    std::set<std::string_view> seen;
    for (const member& m : value.members)
        if (!seen.insert(m.name).second || has_duplicates(m.value)) return true;
    return std::any_of(value.items.begin(), value.items.end(), has_duplicates);
}

std::size_t depth(const node& value) {
    std::size_t deepest = 0;
    for (const node& item : value.items) deepest = std::max(deepest, depth(item));
    for (const member& m : value.members) deepest = std::max(deepest, depth(m.value));
    return deepest + 1;
}

void for_each_text(const node& value, const std::function<void(const std::string&)>& use) {
    if (value.is(node::kind::text)) use(value.text);
    for (const node& item : value.items) for_each_text(item, use);
    for (const member& m : value.members) for_each_text(m.value, use);
}

}  // namespace consent_sync::random_hubspot
