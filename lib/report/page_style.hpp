// The CSS of report.html, and its hash for the Content-Security-Policy.
#pragma once

#include <string>

namespace consent_sync::report {

extern const char* const page_style;
std::string page_style_hash();  // "sha256-…" in base64

}  // namespace consent_sync::report
