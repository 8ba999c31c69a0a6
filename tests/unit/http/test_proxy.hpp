// A small HTTP proxy for the tests: it answers CONNECT as it is told and, after a 200, passes bytes both
// ways.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace consent_sync::http::test {

struct proxy_parts;

class test_proxy {
  public:
    // `answer`: what it says to CONNECT, empty: nothing at all. With a 200 in it, it leads to target_port.
    // With `hang_up` it closes the connection after its answer.
    test_proxy(const boost::asio::any_io_executor& executor, std::string answer, std::uint16_t target_port,
               bool hang_up = false);
    ~test_proxy();
    test_proxy(const test_proxy&) = delete;
    test_proxy& operator=(const test_proxy&) = delete;

    std::uint16_t port() const;
    const std::vector<std::string>& requests() const;

  private:
    std::shared_ptr<proxy_parts> parts_;
};

}  // namespace consent_sync::http::test
