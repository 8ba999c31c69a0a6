// A question to HubSpot beside the deliveries: a GET request with the token, in a slot of the same limits. Home thread.
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

    // False: the limits leave no room now. True: one get() must follow.
    bool take_slot() { return engine_.take_slot(env_.clock.now()); }

    // The slot has been taken; it is given back if the request was never written. Cancelled: no answer. An idle
    // connection that died is no answer yet: it is asked once more on a new one, in a slot of its own.
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
