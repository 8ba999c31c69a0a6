// Reads responses out of the bytes of one connection: no sockets, so that every kind of garbage is a plain
// test.
//
// start(), then room() / added() for what arrives, until complete or failed; then take(). The buffer is kept
// from response to response. Informational answers (1xx) are skipped, a bounded number of them. Redirects are
// responses like any other. Not copyable, one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "http/transport.hpp"

namespace consent_sync::http {

struct response_limits {
    std::size_t header_bytes = 64 * 1024;
    std::size_t body_bytes = 8 * 1024 * 1024;
};

class response_reader {
  public:
    enum class progress { more, complete, failed };
    enum class expect { body, no_body };  // no_body: the answer to HEAD or CONNECT

    explicit response_reader(response_limits limits);
    ~response_reader();
    response_reader(const response_reader&) = delete;
    response_reader& operator=(const response_reader&) = delete;

    void start(expect what);
    std::span<char> room();             // where the next bytes go; never empty
    progress added(std::size_t bytes);  // so many were put there
    progress ended();                   // the peer closed its side in an orderly way

    std::size_t received() const;        // bytes since start()
    const std::string& failure() const;  // after failed: what is wrong with the response

    // After complete:
    bool keeps_alive() const;  // another request may follow on this connection: agreed by the server, nothing left over
    bool has_leftover() const;  // bytes follow after the response
    response take();

  private:
    progress parse();
    progress fail(std::string reason);
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace consent_sync::http
