// The private data of a run. Every output of the daemon is searched for it.
//
// An output must not contain anything that looks like an address, the local part of an address in a dropped file (if it
// is too long for an ordinary word), or a secret, plain or in Base64.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace consent_sync::integration {

class secrecy {
  public:
    void add_secret(std::string_view secret);
    void add_addresses_of(std::string_view file);  // every address in it; packed files are not searched
    std::size_t addresses() const { return local_parts_.size(); }

    // Each line with private data, and what it contains; empty: there is none.
    std::vector<std::string> leaks(std::string_view text) const;

  private:
    std::string leak_in(std::string_view line) const;

    std::vector<std::string> secrets_;
    std::unordered_set<std::string> local_parts_;  // in lower case
};

// Folders below `state` that others can enter, and files of the daemon that they can read; empty: none. The inbox and
// dropped files keep their modes and are not checked.
std::vector<std::string> open_to_others(const std::string& state);

}  // namespace consent_sync::integration
