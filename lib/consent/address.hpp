// The normal form of an address: one mailbox has one, however its address is spelled.
#pragma once

#include <string>
#include <string_view>

namespace consent_sync::consent {

// Whether the normal form is the address with its ASCII letters lowered: no byte beyond ASCII, no "xn--". So are nearly
// all.
bool is_plain_address(std::string_view address);

// The domain in ASCII (IDNA2008 by UTS #46, non-transitional: "Exämple.com" and "xn--exmple-cua.com" are one), what is
// before the at sign in small letters and composed (NFC). A label that IDNA does not allow, and what is not UTF-8,
// stays as it is, but for case and composition. The normal form of a normal form is itself. Depends on no locale.
std::string normal_address(std::string_view address);

}  // namespace consent_sync::consent
