// Values of JSON that stand there as they are: a text of UTF-8 without escapes, a whole number of up to 18 digits, a word.
// Any other is a parser's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace consent_sync::base {

struct plain_json {
    enum class kind : std::uint8_t { text, whole, boolean, null };
    kind what = kind::null;
    std::string_view text;    // in the JSON that was read
    std::int64_t number = 0;  // of whole; boolean: 1 true, 0 false
};

// Reads the value that JSON text begins with.
class plain_json_reader {
  public:
    explicit plain_json_reader(std::string_view text)
        : start_(text.data()), end_(text.data() + text.size()), at_(start_) {}

    // False: it is broken or not plain, or may go on behind the text.
    bool read(plain_json& value);
    // The size of the value that was read.
    std::size_t passed() const { return static_cast<std::size_t>(at_ - start_); }

  private:
    bool read_text(plain_json& value);
    bool read_word(std::string_view word, plain_json::kind what, std::int64_t number, plain_json& value);
    bool read_number(plain_json& value);
    char here() const { return at_ == end_ ? '\0' : *at_; }

    const char* start_;
    const char* end_;
    const char* at_;
};

}  // namespace consent_sync::base
