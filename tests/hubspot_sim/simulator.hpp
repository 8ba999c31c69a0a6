// The simulated HubSpot as a server: start it, point a client at base_url(), ask the account what happened.
//
//   auto sim = simulator::start(options{}).value();
//   sim->next({fault::status(503), fault::reset().applied()});
//   … client works against sim->base_url(), trusting sim->authority_pem() …
//   ASSERT_TRUE(sim->wait_until([](const auto& c) { return c.changes_applied == 100; }, 5s));
//   EXPECT_EQ(sim->counters().violations.sum(), 0);
//
// It runs on its own threads; all members may be called from any thread. The destructor stops it: it cuts connections
// and discards changes that are still to be applied.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hubspot_sim/account.hpp"
#include "hubspot_sim/options.hpp"

namespace consent_sync::hubspot_sim {

class simulator {
  public:
    // Errors: the address cannot be bound, the oracle file cannot be opened.
    static base::result<std::unique_ptr<simulator>> start(options o);
    ~simulator();
    simulator(const simulator&) = delete;
    simulator& operator=(const simulator&) = delete;
    void stop();

    std::uint16_t port() const;
    std::string base_url() const;              // "https://localhost:12345"
    const std::string& authority_pem() const;  // empty for plain http
    base::result<void> write_authority(const std::string& file) const;

    void next(std::vector<fault> faults);        // one each for the next batch writes
    void next_token(std::vector<fault> faults);  // for the next OAuth token requests
    void clear_script();
    void change(const std::function<void(options&)>& how);  // options, while it runs
    void refuse_connections(bool refuse);                   // closes the port, or opens the same port again
    void cut_connections();                                 // TCP reset of all open connections

    counter_values counters() const;
    bool wait_until(const std::function<bool(const counter_values&)>& reached, milliseconds limit) const;
    std::vector<request_record> requests() const;
    std::vector<change_record> applied() const;
    // Of one key, in order; the address's case does not matter.
    std::vector<change_record> applied(std::string_view subscriber, std::int64_t subscription) const;
    std::vector<change_record> received(std::string_view subscriber, std::int64_t subscription) const;
    std::vector<change_record> received() const;  // all, in order
    std::vector<answer_record> answers() const;   // with options::keep_answers
    std::optional<key_state> state(std::string_view subscriber, std::int64_t subscription) const;

  private:
    class impl;
    explicit simulator(std::unique_ptr<impl> parts);
    std::unique_ptr<impl> impl_;
};

}  // namespace consent_sync::hubspot_sim
