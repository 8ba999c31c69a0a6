// Who of a batch is meant: by an address, or by words in which an address stands.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/change.hpp"
#include "consent/key.hpp"

namespace consent_sync::hubspot {

// Finds the changes of a batch by address: an open-addressed table that is built for one answer. A batch holds no key
// twice, but it may hold several changes of one address.
class batch_index {
  public:
    // Ownership: `batch` must outlive the index.
    explicit batch_index(std::span<const consent::change> batch)
        : batch_(batch), slots_(std::bit_ceil(batch.size() * 2 + 2)) {
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
            const std::uint64_t hash = hash_address(batch[i].subscriber);
            std::size_t at = hash & mask();
            while (slots_[at].number != 0) at = (at + 1) & mask();
            slots_[at] = {tag(hash), i + 1};
        }
    }

    // Calls `found(index)` for each change of the address, whatever its case and the white space around it.
    template <class Found>
    void for_each(std::string_view address, Found&& found) const {
        const std::string_view wanted = consent::trim(address);
        const std::uint64_t hash = hash_address(wanted);
        for (std::size_t at = hash & mask(); slots_[at].number != 0; at = (at + 1) & mask()) {
            const std::uint32_t index = slots_[at].number - 1;
            if (slots_[at].tag == tag(hash) && consent::same_subscriber(batch_[index].subscriber, wanted)) found(index);
        }
    }

  private:
    struct slot {
        std::uint32_t tag = 0;
        std::uint32_t number = 0;  // 1 + index in the batch; 0: empty
    };

    static std::uint64_t hash_address(std::string_view address) {
        return consent::hash_key(address, 0, consent::channel::email);
    }
    static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
    std::size_t mask() const { return slots_.size() - 1; }

    std::span<const consent::change> batch_;
    std::vector<slot> slots_;  // at most half full
};

// Finds the addresses of a batch that stand in HubSpot's words: in a message, a context, anywhere.
class mention_finder {
  public:
    // Ownership: `batch` and `index`, which is the batch's, must outlive it.
    mention_finder(std::span<const consent::change> batch, const batch_index& index);

    // Calls `found(index)` for each change whose address stands in `text`, whatever its case or spelling, perhaps more
    // than once. An address within a longer one does not count: "ann@x.com" is not in "joann@x.com", nor in
    // "ann@x.com.au".
    void find(std::string_view text, const std::function<void(std::uint32_t)>& found) const;

  private:
    const batch_index& index_;
    std::vector<std::string> addresses_;  // lowered
};

}  // namespace consent_sync::hubspot
