// The place of a change in the order of all changes: (arrival number of its file, row). It is the change's id.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace consent_sync::consent {

using arrival_number = std::uint32_t;  // given to a file at its claim, counted from 1, below 2^31

class place {
  public:
    static constexpr int row_bits = 32;
    static constexpr std::uint64_t row_max = (std::uint64_t{1} << row_bits) - 1;

    constexpr place() = default;
    constexpr explicit place(std::int64_t id) : id_(id) {}
    constexpr place(arrival_number arrival, std::uint64_t row)
        : id_(static_cast<std::int64_t>((std::uint64_t{arrival} << row_bits) | row)) {}

    constexpr std::int64_t id() const { return id_; }  // the ledger's row id; positive
    constexpr arrival_number arrival() const {
        return static_cast<arrival_number>(static_cast<std::uint64_t>(id_) >> row_bits);
    }
    constexpr std::uint64_t row() const { return static_cast<std::uint64_t>(id_) & row_max; }  // from 1
    constexpr explicit operator bool() const { return id_ != 0; }
    constexpr auto operator<=>(const place&) const = default;

  private:
    std::int64_t id_ = 0;
};

// A file's name in logs, metrics, reports and commands: its arrival number, eight digits or more.
std::string format_file_id(arrival_number arrival);

}  // namespace consent_sync::consent
