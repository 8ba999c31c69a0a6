// A text of a change: an address, an explanation. Nearly all are short, so up to `inside_max` bytes lie in the object
// itself: a change that passes through memory allocates nothing. A longer text lies on the heap.
//
// Holds any bytes, as std::string does. One that was moved from is empty.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "consent/place.hpp"

namespace consent_sync::consent {

class text {
  public:
    static constexpr std::size_t inside_max = 44;

    text() = default;
    text(std::string_view bytes) { put(bytes); }
    text(const std::string& bytes) : text(std::string_view(bytes)) {}
    text(const char* bytes) : text(std::string_view(bytes)) {}
    text(const text& other) : text(other.view()) {}
    text(text&& other) noexcept { take(other); }
    text& operator=(const text& other) { return this == &other ? *this : *this = text(other.view()); }
    text& operator=(text&& other) noexcept {
        if (this == &other) return *this;
        clear();
        take(other);
        return *this;
    }
    ~text() { clear(); }

    void clear() {
        if (size_ > inside_max) delete[] outside();
        size_ = 0;
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    // Valid until the text is changed, moved or destroyed.
    std::string_view view() const { return {size_ > inside_max ? outside() : inside_, size_}; }
    operator std::string_view() const { return view(); }

    template <std::convertible_to<std::string_view> Text>
    friend bool operator==(const text& a, const Text& b) {
        return a.view() == std::string_view(b);
    }

  private:
    // The bytes inside begin with the pointer to those outside, so that moving copies the object, whatever it holds.
    char* outside() const {
        char* at = nullptr;
        std::memcpy(&at, inside_, sizeof at);
        return at;
    }
    void put(std::string_view bytes) {
        char* at = inside_;
        if (bytes.size() > inside_max) {
            at = new char[bytes.size()];
            std::memcpy(inside_, &at, sizeof at);
        }
        if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
        size_ = static_cast<std::uint32_t>(bytes.size());
    }
    void take(text& other) noexcept {
        std::memcpy(inside_, other.inside_, inside_max);
        size_ = std::exchange(other.size_, 0);
    }

    std::uint32_t size_ = 0;  // a row has at most 1 MiB
    char inside_[inside_max];
};

// A change: one row of a file. For whom it is, and what it asks for.
//
// Names and values are HubSpot's (PublicStatusRequest in its OpenAPI file of the communication preferences v4).

// Stored in the ledger as these numbers: never renumber.
enum class channel : std::uint8_t { email = 1 };
enum class status_state : std::uint8_t { subscribed = 1, unsubscribed = 2, not_specified = 3 };
enum class legal_basis : std::uint8_t {
    legitimate_interest_pql = 1,
    legitimate_interest_client = 2,
    legitimate_interest_other = 3,
    performance_of_contract = 4,
    consent_with_notice = 5,
    non_gdpr = 6,
    process_and_store = 7,
};

// HubSpot's spelling ("UNSUBSCRIBED"). parse_* want exactly that; aliases are the business of intake.
std::string_view name(channel c);
std::string_view name(status_state s);
std::string_view name(legal_basis b);
std::optional<channel> parse_channel(std::string_view text);
std::optional<status_state> parse_status_state(std::string_view text);
std::optional<legal_basis> parse_legal_basis(std::string_view text);

struct change {
    place id;
    text subscriber;  // subscriberIdString, trimmed, in the spelling of the file
    std::int64_t subscription = 0;
    consent::channel channel = channel::email;
    status_state state = status_state::subscribed;
    std::optional<legal_basis> basis;
    std::optional<text> explanation;

    bool is_opt_out() const { return state == status_state::unsubscribed; }
};

}  // namespace consent_sync::consent
