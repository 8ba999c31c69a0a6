// Reads the results of an answer by what they have in common (base::json_shape): a hundred of them come one after
// another, and differ in their values alone.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/json_shape.hpp"
#include "hubspot/body_reader.hpp"

namespace consent_sync::hubspot {

class alike_results {
  public:
    // Reads the item of results[] at the start of `text` and gives its size; 0: it is not like the one that was learnt,
    // or not certain to be in order. The views of `into` point into `text`.
    std::size_t read(std::string_view text, body_result& into);

    // Takes over what the item at the start of `text` looks like, and gives its size; 0: nothing can be like it. The
    // caller lets a parser read the item, to find out whether it is in order.
    std::size_t learn(std::string_view text);

  private:
    base::json_shape shape_;
};

}  // namespace consent_sync::hubspot
