// What went through a run and may not be told: every text that the daemon says is held against it.
//
// A text gives somebody away by anything that looks like an address, by the local part of an address that was in a
// dropped file (where it is long enough to be no ordinary word), or by a secret, as it is or in Base64.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace consent_sync::integration {

class secrecy {
  public:
    void add_secret(std::string_view secret);
    void add_addresses_of(std::string_view file);  // every address in it; packed files are not looked into
    std::size_t addresses() const { return local_parts_.size(); }

    // Each line that gives something away, with what it is; none: empty.
    std::vector<std::string> leaks(std::string_view text) const;

  private:
    std::string leak_in(std::string_view line) const;

    std::vector<std::string> secrets_;
    std::unordered_set<std::string> local_parts_;  // in lower case
};

// Folders below `state` that others may enter, and files of the daemon's own that they may read; the inbox and what
// was dropped there keep their modes. None: empty.
std::vector<std::string> open_to_others(const std::string& state);

}  // namespace consent_sync::integration
