// A certificate authority and a server certificate, made anew at every start with OpenSSL (ECDSA P-256).
//
// Only the authority's certificate leaves the process. Both keys exist only in memory.
#pragma once

#include <string>

#include "base/result.hpp"

namespace consent_sync::hubspot_sim {

// What is wrong with the server's certificate.
enum class certificate_fault {
    none,
    wrong_name,   // issued to example.invalid
    expired,      // its last day was yesterday
    self_signed,  // the authority did not sign it
};

struct certificate {
    std::string authority_pem;   // what a client has to trust
    std::string server_pem;      // for localhost, 127.0.0.1 and ::1
    std::string server_key_pem;  // secret
};

base::result<certificate> make_certificate(certificate_fault fault);

}  // namespace consent_sync::hubspot_sim
