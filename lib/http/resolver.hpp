// Name lookup with a deadline.
//
// getaddrinfo cannot be interrupted. It runs on a thread of its own that shares only one reference-counted record with
// the program, so a wait can end at its deadline (or by terminal cancellation, or with the io_context) while the thread
// ends later. Exchanges that need the same name at the same time share one lookup, so that a dead name server costs one
// thread, not one per exchange.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/step_failure.hpp"

namespace consent_sync::http {

using addresses = std::vector<boost::asio::ip::tcp::endpoint>;

struct lookup_answer {
    http::addresses addresses;  // in the order in which they are to be tried
    std::string failure;        // the system's words, when there are no addresses
};

// Called on a thread of its own; may block, may outlive the resolver, must not throw.
using lookup_function = std::function<lookup_answer(const std::string& host, std::uint16_t port)>;

// getaddrinfo.
lookup_answer system_lookup(const std::string& host, std::uint16_t port);

class resolver {
  public:
    resolver(boost::asio::any_io_executor executor, lookup_function lookup);

    // An address literal is answered at once. Fails with name_lookup or cancelled.
    boost::asio::awaitable<step_result<addresses>> resolve(std::string host, std::uint16_t port,
                                                           std::chrono::steady_clock::time_point deadline);

  private:
    struct flight;
    static std::shared_ptr<flight> take_off(lookup_function lookup, const std::string& host, std::uint16_t port);

    boost::asio::any_io_executor executor_;
    lookup_function lookup_;
    std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<flight>> flights_;
};

}  // namespace consent_sync::http
