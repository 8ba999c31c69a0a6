// The fast mode: answers a batch write by string search and copying. No tokens, no oracle, no faults, no
// checks; only the rolling limit, if there is one. Used to measure clients that are faster than the full
// simulator.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "hubspot_sim/fast_stream.hpp"
#include "hubspot_sim/options.hpp"
#include "hubspot_sim/rate_window.hpp"

namespace consent_sync::hubspot_sim {

// Shared by the threads of the fast mode.
class fast_world {
  public:
    explicit fast_world(const options& o);
    // The headers of an answer; `limited`: it is a 429.
    std::string rate_headers(bool& limited);

  private:
    const std::uint32_t limit_;
    const std::int64_t interval_ms_;
    const bool headers_;
    std::mutex mutex_;
    rate_window window_;  // protected by mutex_
};

boost::asio::awaitable<void> run_fast_session(std::unique_ptr<fast_stream> stream, fast_world& world);

}  // namespace consent_sync::hubspot_sim
