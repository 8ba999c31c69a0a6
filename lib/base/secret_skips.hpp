// Where in a text a registered secret may begin, without a look at most of its bytes: every answer is searched, and
// nearly none holds a secret.
//
// After Wu and Manber: of a window as long as the shortest secret only the last three bytes are looked at. How often
// these three stand where in a secret tells how far the window may move on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::base {

class secret_skips {
  public:
    secret_skips() = default;
    // Requires: no secret is shorter than three bytes.
    explicit secret_skips(const std::vector<std::string>& secrets);

    // The first place from `from` on where a secret may begin; every secret in the text begins at such a place. Beyond
    // the end of the text if there is none.
    std::size_t next(std::string_view text, std::size_t from) const;

  private:
    std::size_t window_ = 0;            // bytes of the shortest secret, at most 255; 0: there are no secrets
    std::vector<std::uint8_t> shifts_;  // by hash of three bytes: how far the window may move
};

}  // namespace consent_sync::base
