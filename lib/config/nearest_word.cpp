#include <algorithm>
#include <numeric>

#include "config/loader.hpp"

namespace consent_sync::config {
namespace {

constexpr std::size_t compared_max =
    64;  // a longer word is not a misspelt key, and the cost is the product of the lengths

char fold(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

// The Levenshtein distance, without regard to case and to '-' instead of '_'.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (fold(a[i]) == fold(b[j]) ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string nearest_word(std::string_view wrong, const std::vector<std::string>& words) {
    if (wrong.size() > compared_max) return "";
    std::string nearest;
    std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
    for (const std::string& word : words) {
        std::size_t d = distance(wrong, word);
        // "token" for "token_file": the beginning of a word.
        if (wrong.size() >= 3 && word.starts_with(wrong)) d = std::min<std::size_t>(d, 1);
        if (d < least) {
            least = d;
            nearest = word;
        }
    }
    return nearest;
}

}  // namespace consent_sync::config
