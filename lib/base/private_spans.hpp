// Where in a text the addresses, the tokens and the registered secrets are, however they are written.
//
// An address is whatever stands on both sides of an at sign, with everything that RFC 5322 allows before it, '=' and
// '/' as well: rather a key or a path is lost with it than a half of an address stays. The at sign, and every
// character, may be written as an entity of HTML, percent-encoded (twice, too), quoted-printable, as an escape of JSON,
// C or JavaScript, in UTF-7 or in full width; and for people: "ann (at) example.com", "ann [at] example dot com", "ann
// @ example.com". Control characters belong to the word in which they stand. An address and a secret are found in
// Base64 and in hexadecimal digits too.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace consent_sync::base {

struct span_of_text {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// In order, apart from each other. Linear in the text's length.
std::vector<span_of_text> find_private(std::string_view text);
// Registered secrets alone.
std::vector<span_of_text> find_secrets(std::string_view text);

// At most `most` bytes of the text, not ending inside an address or a secret, nor inside a character of UTF-8, nor
// inside a word of which nobody knows where it ends. So what is cut can still be masked.
std::string_view cut_private(std::string_view text, std::size_t most);

}  // namespace consent_sync::base
