// Sends GET requests to HubSpot beside the deliveries, with the same token and within the same limits. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "delivery/engine.hpp"
#include "http/transport.hpp"
#include "service/account/token_service.hpp"
#include "service/common/environment.hpp"

namespace consent_sync::service {

class lookup {
  public:
    struct reply {
        unsigned status = 0;  // 0: no answer
        std::string body;
        std::string words;  // "no answer: WHY" or "HTTP 403"
        bool ok() const { return status == 200; }
    };

    // All of them outlive this object.
    lookup(const environment& env, delivery::engine& engine, http::transport& transport, token_service& tokens)
        : env_(env), engine_(engine), transport_(transport), tokens_(tokens) {}

    // False: the limits allow no request now. True: one get() must follow.
    bool take_slot() { return engine_.take_slot(env_.clock.now()); }

    // Requires: take_slot() returned true. The slot is returned if the request was never written. If an idle connection
    // has died, the request is sent once more on a new connection, in another slot. Cancelled: there is no answer.
    boost::asio::awaitable<reply> get(std::string path);

  private:
    boost::asio::awaitable<http::exchange> send(http::request request);
    boost::asio::awaitable<bool> wait_for_slot();

    environment env_;
    delivery::engine& engine_;
    http::transport& transport_;
    token_service& tokens_;
};

}  // namespace consent_sync::service
