#include "unit/hubspot/proof.hpp"

#include <algorithm>
#include <set>

#include "consent/key.hpp"

namespace consent_sync::hubspot {
namespace {

using kind = json_value::kind;

class json_reader {
  public:
    explicit json_reader(std::string_view text) : text_(text) {}

    std::optional<json_value> read() {
        auto value = read_value();
        skip_space();
        return at_ == text_.size() ? value : std::nullopt;
    }

  private:
    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    bool take(char c) {
        skip_space();
        if (here() != c) return false;
        ++at_;
        return true;
    }

    std::optional<json_value> read_value() {
        skip_space();
        json_value value;
        if (here() == '"') {
            auto text = read_text();
            if (!text) return std::nullopt;
            value.what = kind::text;
            value.text = std::move(*text);
            return value;
        }
        if (take('[')) {
            value.what = kind::list;
            if (take(']')) return value;
            do {
                auto item = read_value();
                if (!item) return std::nullopt;
                value.items.push_back(std::move(*item));
            } while (take(','));
            return take(']') ? std::optional(value) : std::nullopt;
        }
        if (take('{')) {
            value.what = kind::object;
            if (take('}')) return value;
            do {
                skip_space();
                auto name = here() == '"' ? read_text() : std::nullopt;
                if (!name || !take(':')) return std::nullopt;
                auto member = read_value();
                if (!member) return std::nullopt;
                value.members.emplace_back(std::move(*name), std::move(*member));
            } while (take(','));
            return take('}') ? std::optional(value) : std::nullopt;
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
        value.text = text_.substr(begin, at_ - begin);
        if (value.text.empty()) return std::nullopt;
        if (value.text == "null") return value;
        value.what = value.text == "true" || value.text == "false" ? kind::boolean : kind::number;
        return value;
    }

    std::optional<std::string> read_text() {
        std::string text;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] != '\\') {
                text += text_[at_];
                continue;
            }
            const char c = ++at_ < text_.size() ? text_[at_] : '\0';
            static constexpr std::string_view escapes = "\"\\/bfnrt";
            static constexpr std::string_view mean = "\"\\/\b\f\n\r\t";
            if (const auto found = escapes.find(c); found != std::string_view::npos) {
                text += mean[found];
            } else if (c == 'u') {
                std::uint32_t code = read_hex();
                if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_ + 1, 2) == "\\u") {
                    at_ += 2;
                    code = 0x10000 + ((code - 0xd800) << 10) + (read_hex() - 0xdc00);
                }
                put(code, text);
            } else {
                return std::nullopt;
            }
        }
        if (at_ >= text_.size()) return std::nullopt;
        ++at_;
        return text;
    }

    // The four digits behind at_, which is left on the last of them.
    std::uint32_t read_hex() {
        const std::string digits(text_.substr(std::min(at_ + 1, text_.size()), 4));
        at_ += digits.size();
        if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
            return 0xfffd;
        return static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16));
    }

    static void put(std::uint32_t code, std::string& text) {
        const auto byte = [&text](std::uint32_t b) { text += static_cast<char>(b); };
        if (code < 0x80) {
            byte(code);
        } else if (code < 0x800) {
            byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f));
        } else if (code < 0x10000) {
            byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f));
        } else {
            byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)), byte(0x80 | (code >> 6 & 0x3f));
            byte(0x80 | (code & 0x3f));
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool is_digits(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.size() <= 19 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool same_address(std::string_view said, const consent::change& c) {
    return consent::same_subscriber(consent::trim(said), c.subscriber);
}

std::string text_of(const json_value* value) { return value && value->is(kind::text) ? value->text : std::string(); }

bool says_one_thing(const json_value& object) {
    std::set<std::string> names;
    for (const auto& [name, value] : object.members) names.insert(name);
    return names.size() == object.members.size() && object.members.size() <= 256;
}

// The words of an answer that were said about whom.
struct error_of_answer {
    std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> contexts;  // addresses, subscriptions
    std::vector<std::string> words;

    bool names_addresses() const {
        return std::any_of(contexts.begin(), contexts.end(), [](const auto& c) { return !c.first.empty(); });
    }
    std::vector<std::string> subscriptions() const {
        std::vector<std::string> all;
        for (const auto& c : contexts) all.insert(all.end(), c.second.begin(), c.second.end());
        return all;
    }
};

void add_context(const json_value* context, error_of_answer& into) {
    if (!context || !context->is(kind::object)) return;
    auto& [addresses, subscriptions] = into.contexts.emplace_back();
    for (const auto& [name, value] : context->members) {
        std::vector<const json_value*> values;
        if (value.is(kind::list))
            for (const json_value& item : value.items) values.push_back(&item);
        else if (!value.is(kind::null))
            values.push_back(&value);
        for (const json_value* one : values) {
            if (one->is(kind::object) || one->is(kind::list)) continue;
            if (name == "subscriberIdString" && (one->is(kind::text) || one->is(kind::number)))
                addresses.push_back(one->text);
            if (name == "subscriptionId")
                subscriptions.push_back(one->is(kind::text) ? std::string(consent::trim(one->text)) : one->text);
        }
    }
}

void add_words(const json_value& value, error_of_answer& into) {
    if (value.is(kind::text)) into.words.push_back(value.text);
    for (const json_value& item : value.items) add_words(item, into);
    for (const auto& [name, member] : value.members) {
        into.words.push_back(name);
        add_words(member, into);
    }
}

error_of_answer read_error(const json_value& value) {
    error_of_answer error;
    add_words(value, error);
    if (!value.is(kind::object)) return error;
    for (const auto& [name, member] : value.members) {
        if (name == "context") add_context(&member, error);
        if (name != "errors") continue;
        std::vector<const json_value*> details{&member};
        for (const json_value& item : member.items) details.push_back(&item);
        for (const json_value* detail : details)
            for (const auto& [inner, context] : detail->members)
                if (inner == "context") add_context(&context, error);
    }
    return error;
}

bool may_mean(const std::vector<std::string>& subscriptions, std::int64_t subscription) {
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [&](const std::string& s) { return !is_digits(s) || s == std::to_string(subscription); });
}

bool stands_in(std::string text, std::string address) {
    const auto lower = [](char& c) { c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    std::for_each(text.begin(), text.end(), lower);
    std::for_each(address.begin(), address.end(), lower);
    const auto is_part = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80 ||
               std::string_view("_-+%").find(c) != std::string_view::npos;
    };
    for (std::size_t at = text.find(address); at != std::string::npos; at = text.find(address, at + 1)) {
        const std::size_t end = at + address.size();
        const bool before = at > 0 && (is_part(text[at - 1]) || text[at - 1] == '.');
        const bool behind =
            end < text.size() &&
            (is_part(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_part(text[end + 1])));
        if (!before && !behind) return true;
    }
    return false;
}

bool is_about(const error_of_answer& error, const consent::change& c) {
    bool address_in_context = false;
    for (const auto& [addresses, subscriptions] : error.contexts) {
        if (std::none_of(addresses.begin(), addresses.end(), [&](const auto& a) { return same_address(a, c); }))
            continue;
        address_in_context = true;
        if (subscriptions.empty() || may_mean(subscriptions, c.subscription)) return true;
    }
    if (address_in_context) return false;
    const auto all = error.subscriptions();
    if (!all.empty() && !may_mean(all, c.subscription)) return false;
    return std::any_of(error.words.begin(), error.words.end(),
                       [&](const std::string& words) { return stands_in(words, std::string(c.subscriber.view())); });
}

struct results_of_answer {
    std::vector<const json_value*> sound;  // that name its key
    bool doubt = false;                    // another may be about it
};

results_of_answer results_about(const json_value* results, const consent::change& c) {
    results_of_answer found;
    if (!results || !results->is(kind::list)) return found;
    for (const json_value& item : results->items) {
        bool names_it = false;
        for (const auto& [name, value] : item.members)
            names_it =
                names_it || (name == "subscriberIdString" && value.is(kind::text) && same_address(value.text, c));
        if (!names_it) continue;
        const json_value* channel = item.find("channel");
        const json_value* id = item.find("subscriptionId");
        const bool has_id = id && (id->is(kind::number) || id->is(kind::text)) && is_digits(id->text) &&
                            (id->is(kind::number) || id->text[0] != '0');
        if (!says_one_thing(item) || !has_id || (channel && !channel->is(kind::text) && !channel->is(kind::null))) {
            found.doubt = true;
            continue;
        }
        const std::string where = text_of(channel);
        if (id->text == std::to_string(c.subscription) && (where.empty() || where == "EMAIL"))
            found.sound.push_back(&item);
    }
    return found;
}

}  // namespace

const json_value* json_value::find(std::string_view name) const {
    for (const auto& [mine, value] : members)
        if (mine == name) return &value;
    return nullptr;
}

std::optional<json_value> read_json(std::string_view text) { return json_reader(text).read(); }

bool is_proven(std::string_view body, std::span<const consent::change> batch, std::size_t index) {
    const auto root = read_json(body);
    if (!root || !root->is(kind::object) || !says_one_thing(*root)) return false;
    const json_value* context = root->find("context");
    if (context && context->is(kind::object) && !says_one_thing(*context)) return false;
    const std::string status = text_of(root->find("status"));
    if (status != "COMPLETE" && status != "SUCCESS") return false;

    const consent::change& c = batch[index];
    const auto about_it = results_about(root->find("results"), c);
    if (about_it.doubt || about_it.sound.empty()) return false;
    for (const json_value* result : about_it.sound) {
        if (text_of(result->find("status")) != consent::name(c.state)) return false;
        for (const char* member : {"setStatusSuccessReason", "timestamp"})
            if (text_of(result->find(member)) != text_of(about_it.sound.front()->find(member))) return false;
    }

    std::vector<error_of_answer> errors;
    if (const json_value* listed = root->find("errors")) {
        if (listed->is(kind::list))
            for (const json_value& item : listed->items) errors.push_back(read_error(item));
        else if (!listed->is(kind::null))
            errors.push_back(read_error(*listed));
    }
    const std::size_t listed_errors = errors.size();
    error_of_answer whole;
    add_context(context, whole);
    const bool named =
        !whole.contexts.empty() && (!whole.contexts[0].first.empty() || !whole.contexts[0].second.empty());
    if (named || !text_of(root->find("category")).empty()) {
        if (context) add_words(*context, whole);
        whole.words.push_back(text_of(root->find("message")));
        errors.push_back(whole);
    }
    std::int64_t unlisted = 0;
    if (const json_value* count = root->find("numErrors"); count && !count->is(kind::null)) {
        const bool counts = count->is(kind::number) && is_digits(count->text) && count->text[0] != '-';
        const std::int64_t told = counts ? std::stoll(count->text) : 1;
        unlisted = told - static_cast<std::int64_t>(listed_errors);
        if (unlisted > 0) {  // an error may be counted once for each change that it names
            const auto is_named = [&](const auto& other) {
                return std::any_of(errors.begin(), errors.end(), [&](const auto& e) { return is_about(e, other); });
            };
            unlisted = std::min<std::int64_t>(unlisted, told - std::count_if(batch.begin(), batch.end(), is_named));
        }
    }

    std::vector<bool> open(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i)
        open[i] = results_about(root->find("results"), batch[i]).sound.empty() &&
                  std::none_of(errors.begin(), errors.end(), [&](const auto& e) { return is_about(e, batch[i]); });
    std::int64_t about_anybody = std::max<std::int64_t>(unlisted, 0);
    for (const error_of_answer& error : errors) {
        if (is_about(error, c)) return false;
        if (error.names_addresses() ||
            std::any_of(batch.begin(), batch.end(), [&](const auto& other) { return is_about(error, other); }))
            continue;
        const auto subscriptions = error.subscriptions();
        if (subscriptions.empty()) {
            ++about_anybody;
            continue;
        }
        bool about_an_open_one = false;
        for (std::size_t i = 0; i < batch.size(); ++i)
            about_an_open_one = about_an_open_one || (open[i] && may_mean(subscriptions, batch[i].subscription));
        if (!about_an_open_one && may_mean(subscriptions, c.subscription)) return false;
    }
    return about_anybody <= std::count(open.begin(), open.end(), true);
}

}  // namespace consent_sync::hubspot
