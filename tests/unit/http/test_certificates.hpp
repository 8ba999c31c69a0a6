// Certificates for the TLS tests, made anew in every run: an authority, and server certificates with one flaw
// each.
#pragma once

#include <string>

namespace consent_sync::http::test {

enum class flaw { none, expired, wrong_name, self_signed, other_authority };

struct certificate {
    std::string chain_pem;
    std::string key_pem;
};

// The file of the authority that the clients of the tests trust. It lives as long as the process.
const std::string& authority_file();

// For localhost, 127.0.0.1 and ::1, or for other.example with flaw::wrong_name.
const certificate& server_certificate(flaw kind);

}  // namespace consent_sync::http::test
