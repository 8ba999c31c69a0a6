// The values of single fields: what stands around them, words, numbers and addresses. lib/intake/README.md lists all
// words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consent/change.hpp"

namespace consent_sync::intake {

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Whether well-formed UTF-8 holds something that cannot be seen, or a space other than ' ': no-break and
// zero-width spaces, marks of direction, C1 controls, the byte order mark. Copying from web pages and
// documents brings them along.
bool has_invisible(std::string_view text);

// A cell without the quotation marks, apostrophes and accents that stand around it: a spreadsheet marks a text with a
// leading apostrophe, and documents put typographic quotation marks around what is copied from them. White space at
// the ends goes too. A mark inside, as in o'neil, stays.
std::string_view without_marks(std::string_view cell);
// false: it has none, told by its first and last byte. Requires: no white space at the ends.
bool may_have_marks(std::string_view cell);

// Case, and spaces, underscores and dashes inside a word do not matter: "-1" is not 1. Nothing: no word of ours.
std::optional<consent::status_state> read_status_state(std::string_view text);
std::optional<consent::legal_basis> read_legal_basis(std::string_view text);

// Whether a word says SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED in full: "unsubscribed", "opt-out"; not "NO" or "1",
// which in a column named State may be Norway and anything.
bool is_full_state_word(std::string_view text);

// Whether a text is a word that asks for an opt-out and can hardly mean anything else: "unsubscribed", "Opt-out".
bool reads_as_opt_out(std::string_view text);
// What an opt-out column ("opt_out") says for somebody who has not opted out: empty, no, n, false, 0.
bool is_plain_no(std::string_view text);

// Whether a text is a number other than 0 and 1. Where a status column has one, its 0 and 1 are codes of another
// program too.
bool is_other_number(std::string_view text);

// Digits only, 1 to 2^63 - 1.
std::optional<std::int64_t> read_positive(std::string_view digits);

// Nothing, or what is wrong with a trimmed, non-empty address in UTF-8, as the end of "subscriberIdString …".
// Liberal: an address that mail may know is let through, for HubSpot to judge.
std::optional<std::string_view> find_address_fault(std::string_view address);

// true: it is UTF-8 and find_address_fault() finds no fault, told in one pass. false: ask.
bool is_usual_address(std::string_view address);

// A word and what it means: rows of one file repeat the same few, so the last one is compared before it is looked up.

template <class Meaning>
class last_word {
  public:
    template <class LookUp>
    std::optional<Meaning> read(std::string_view word, LookUp look_up) {
        if (meaning_ && word == word_) return meaning_;
        const std::optional<Meaning> meaning = look_up(word);
        if (meaning) {
            word_ = word;
            meaning_ = meaning;
        }
        return meaning;
    }

  private:
    std::string word_;
    std::optional<Meaning> meaning_;
};

}  // namespace consent_sync::intake
