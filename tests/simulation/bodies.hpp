// Bodies of HubSpot's answers, as text for the real judge.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/change.hpp"
#include "hubspot/answer.hpp"

namespace consent_sync::simulation {

// What the answer says of one change.
struct line {
    const consent::change* of = nullptr;
    enum class word { as_asked, other_status, error, nothing } says = word::as_asked;
    std::string address{};  // the address that it names; empty: that of the change
};

std::string complete_body(std::span<const line> lines);
std::string error_body(std::string_view category, std::string_view message, std::string_view more = {});
hubspot::answer http(unsigned status, std::string body);
hubspot::answer failed(hubspot::no_answer why, bool written);

}  // namespace consent_sync::simulation
