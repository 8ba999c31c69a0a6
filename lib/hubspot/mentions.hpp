// Which addresses of a batch stand in HubSpot's words: in a message, a context, anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/change.hpp"
#include "hubspot/batch_index.hpp"

namespace consent_sync::hubspot {

class mention_finder {
  public:
    // Ownership: `batch` and `index`, which is the batch's, must outlive it.
    mention_finder(std::span<const consent::change> batch, const batch_index& index);

    // Calls `found(index)` for each change whose address stands in `text`, whatever its case or spelling, perhaps more
    // than once. As a part of a longer one it does not count: "ann@x.com" is not in "joann@x.com", nor in
    // "ann@x.com.au".
    void find(std::string_view text, const std::function<void(std::uint32_t)>& found) const;

  private:
    const batch_index& index_;
    std::vector<std::string> addresses_;  // lowered
};

}  // namespace consent_sync::hubspot
