// The style of report.html, and the hash by which its Content-Security-Policy knows it.
#pragma once

#include <string>

namespace consent_sync::report {

extern const char* const page_style;
std::string page_style_hash();  // "sha256-…" in base64

}  // namespace consent_sync::report
