#include "hubspot/encode.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"

namespace consent_sync::hubspot {
namespace {

// The braces, names and values of one change without its texts; a little more than the longest.
constexpr std::size_t change_bytes = 224;

void append_escape(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 0xf];
}

void append_text(std::string& out, std::string_view text) {
    while (true) {
        const std::size_t plain = base::find_plain_bytes(text).size;
        out.append(text, 0, plain);
        if (plain == text.size()) return;
        append_escape(out, text[plain]);
        text.remove_prefix(plain + 1);
    }
}

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

// The text between the subscription and the explanation, or the end: nearly all changes have the same.
std::string words_of(const consent::change& c) {
    std::string words = R"(,"channel":")";
    words += consent::name(c.channel);
    words += R"(","statusState":")";
    words += consent::name(c.state);
    words += '"';
    if (c.basis) {
        words += R"(,"legalBasis":")";
        words += consent::name(*c.basis);
        words += '"';
    }
    return words;
}

class encoder {
  public:
    explicit encoder(std::string& out) : out_(out) {}

    void append(const consent::change& c) {
        out_ += R"({"subscriberIdString":")";
        append_text(out_, c.subscriber);
        out_ += R"(","subscriptionId":)";
        append_number(out_, c.subscription);
        out_ += words(c);
        if (c.explanation) {
            out_ += R"(,"legalBasisExplanation":")";
            append_text(out_, *c.explanation);
            out_ += '"';
        }
        out_ += '}';
    }

  private:
    const std::string& words(const consent::change& c) {
        const auto channel = static_cast<unsigned>(c.channel);
        const auto basis = c.basis ? static_cast<unsigned>(*c.basis) : 0U;
        const unsigned which = channel << 16 | static_cast<unsigned>(c.state) << 8 | basis;
        if (which != which_) words_ = words_of(c);
        which_ = which;
        return words_;
    }

    std::string& out_;
    std::string words_;   // of the last change
    unsigned which_ = 0;  // channel, state and basis of them; 0: none yet
};

}  // namespace

std::string encode_batch(std::span<const consent::change> batch) {
    std::size_t bytes = 16;
    for (const auto& c : batch)
        bytes += change_bytes + c.subscriber.size() + (c.explanation ? c.explanation->size() : 0);
    std::string out;
    out.reserve(bytes);
    out += R"({"inputs":[)";
    encoder to(out);
    for (const auto& c : batch) {
        if (&c != batch.data()) out += ',';
        to.append(c);
    }
    out += "]}";
    return out;
}

}  // namespace consent_sync::hubspot
