// What to do about a failed row, in a sentence for the owner of the data. Pure.
#pragma once

#include <string_view>

#include "consent/verdict.hpp"

namespace consent_sync::report {

std::string_view advice(consent::verdict verdict, std::string_view category);
std::string_view meaning(consent::verdict verdict);  // of a verdict, in a sentence

}  // namespace consent_sync::report
