// A word and what it means: rows of one file repeat the same few, so the last one is compared before it is looked up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::intake {

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
