#include "config/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace consent_sync::config {
namespace {

namespace json = boost::json;
using error_code = json::error_code;

// Builds the value and remembers the keys of every open object. basic_parser calls these functions.
class tree_builder {
  public:
    static constexpr std::size_t max_object_size = config_bytes_max;
    static constexpr std::size_t max_array_size = config_bytes_max;
    static constexpr std::size_t max_key_size = config_bytes_max;
    static constexpr std::size_t max_string_size = config_bytes_max;

    tree_builder() { stack_.reset(); }
    json::value release() { return stack_.release(); }
    const std::string& repeated_key() const { return repeated_key_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        keys_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t n, error_code&) {
        keys_.pop_back();
        stack_.push_object(n);
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t n, error_code&) {
        stack_.push_array(n);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        key_.append(part.data(), part.size());
        stack_.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, error_code& failed) {
        key_.append(part.data(), part.size());
        stack_.push_key(part);
        if (!keys_.back().insert(key_).second) {
            repeated_key_ = key_;
            failed = json::error::syntax;
            return false;
        }
        key_.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, error_code&) {
        stack_.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, error_code&) {
        stack_.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, error_code&) {
        stack_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, error_code&) {
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double number, json::string_view, error_code&) {
        stack_.push_double(number);
        return true;
    }
    bool on_bool(bool flag, error_code&) {
        stack_.push_bool(flag);
        return true;
    }
    bool on_null(error_code&) {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

  private:
    json::value_stack stack_;
    std::vector<std::set<std::string>> keys_;
    std::string key_;
    std::string repeated_key_;
};

std::string format_place(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::string_view in_line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0
    const auto column = std::count_if(in_line.begin(), in_line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;  // not a continuation byte of UTF-8
    });
    return fmt::format("{}:{}", line, column + 1);
}

std::string describe(const error_code& failed, const std::string& repeated_key) {
    if (!repeated_key.empty()) return fmt::format("the key \"{}\" appears twice in one object", repeated_key);
    if (failed == json::error::incomplete) return "the text ends too early: a brace, bracket, quote or */ is missing";
    if (failed == json::error::extra_data) return "there is text after the closing brace";
    if (failed == json::error::too_deep) return fmt::format("nested deeper than {} levels", config_depth_max);
    return fmt::format("this is not valid JSON ({})", failed.message());
}

}  // namespace

base::result<json::value> parse_json_text(std::string_view text, std::string_view file_name) {
    static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.size() > config_bytes_max) {
        return base::error{
            base::errc::invalid_input,
            fmt::format("{}: larger than the {} bytes that a configuration may have; check that it is the right file",
                        file_name, config_bytes_max)};
    }
    json::parse_options options;
    options.allow_comments = true;
    options.allow_trailing_commas = true;
    options.max_depth = config_depth_max;
    json::basic_parser<tree_builder> parser(options);
    error_code failed;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), failed);
    if (!failed && read < text.size()) failed = json::error::extra_data;
    if (failed) {
        return base::error{base::errc::invalid_input, fmt::format("{}:{}: {}", file_name, format_place(text, read),
                                                                  describe(failed, parser.handler().repeated_key()))};
    }
    return parser.handler().release();
}

}  // namespace consent_sync::config
