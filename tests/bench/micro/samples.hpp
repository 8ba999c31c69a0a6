// Changes and texts that the micro-benchmarks share: no key twice, one in ten an opt-out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consent/change.hpp"
#include "intake/sources.hpp"

namespace consent_sync::bench {

std::vector<consent::change> make_changes(std::size_t count, consent::arrival_number file = 1);
std::string make_csv(std::size_t rows);
std::string make_ndjson(std::size_t rows);
// HubSpot's answer that confirms each of these changes.
std::string make_answer(const std::vector<consent::change>& batch);

// Gives the bytes of a text, which it does not own.
class text_source : public intake::byte_source {
  public:
    explicit text_source(std::string_view text) : text_(text) {}
    base::result<std::size_t> read(std::span<char> into) override;
    base::result<bool> seek(std::uint64_t offset) override;
    base::result<std::unique_ptr<byte_source>> again() const override {
        return std::unique_ptr<byte_source>(new text_source(text_));
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace consent_sync::bench
