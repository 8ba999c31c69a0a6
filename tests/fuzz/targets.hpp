// The parsers of untrusted data and of data from disk, each as a function of bytes. It returns, or throws
// broken_promise if an invariant does not hold. libfuzzer.cpp makes a program of each, replay_test.cpp a test.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace consent_sync::fuzz {

struct broken_promise : std::logic_error {
    using std::logic_error::logic_error;
};

inline void require(bool holds, const std::string& what) {
    if (!holds) throw broken_promise(what);
}

void fuzz_csv(std::string_view input);
void fuzz_ndjson(std::string_view input);
void fuzz_json(std::string_view input);
void fuzz_gzip(std::string_view input);           // the packed bytes
void fuzz_configuration(std::string_view input);  // the file
void fuzz_response_body(std::string_view input);
void fuzz_response_head(std::string_view input);  // all bytes of a connection; the first one says how they are split
void fuzz_token_response(std::string_view input);
void fuzz_address_line(std::string_view input);  // a text for a log line
void fuzz_url(std::string_view input);           // base_url, proxy, no_proxy
void fuzz_control(std::string_view input);       // lines of the control socket, requests to the monitor
void fuzz_row_block(std::string_view input);     // of the ledger
void fuzz_verdict_block(std::string_view input);

struct target {
    std::string_view name;  // also of its folder in corpus/
    void (*run)(std::string_view input);
};

inline constexpr std::array targets = {
    target{"csv", fuzz_csv},
    target{"ndjson", fuzz_ndjson},
    target{"json", fuzz_json},
    target{"gzip", fuzz_gzip},
    target{"configuration", fuzz_configuration},
    target{"response_body", fuzz_response_body},
    target{"response_head", fuzz_response_head},
    target{"token_response", fuzz_token_response},
    target{"address_line", fuzz_address_line},
    target{"url", fuzz_url},
    target{"control", fuzz_control},
    target{"row_block", fuzz_row_block},
    target{"verdict_block", fuzz_verdict_block},
};

}  // namespace consent_sync::fuzz
