#include "hubspot_sim/simulator.hpp"

#include <fstream>

#include "hubspot_sim/simulator_impl.hpp"

namespace consent_sync::hubspot_sim {
namespace {

std::vector<change_record> of_key(const std::vector<change_record>& all, std::string_view subscriber,
                                  std::int64_t subscription) {
    const std::string wanted = lower_address(subscriber);
    std::vector<change_record> found;
    for (const change_record& c : all) {
        if (c.subscription == subscription && c.subscriber == wanted) found.push_back(c);
    }
    return found;
}

}  // namespace

base::result<std::unique_ptr<simulator>> simulator::start(options o) {
    auto parts = std::make_unique<impl>(std::move(o));
    if (auto started = parts->start(); !started) return started.error();
    return std::unique_ptr<simulator>(new simulator(std::move(parts)));
}

simulator::simulator(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
simulator::~simulator() = default;
void simulator::stop() { impl_->stop(); }

std::uint16_t simulator::port() const { return impl_->port; }

std::string simulator::base_url() const {
    const std::string port = std::to_string(impl_->port);
    return impl_->settings.plain ? "http://127.0.0.1:" + port : "https://localhost:" + port;
}

const std::string& simulator::authority_pem() const { return impl_->authority.authority_pem; }

base::result<void> simulator::write_authority(const std::string& file) const {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << authority_pem() << std::flush;
    if (!out) return base::error{base::errc::io, "cannot write the authority's certificate to " + file};
    return {};
}

void simulator::next(std::vector<fault> faults) { impl_->hubspot.script(std::move(faults)); }
void simulator::next_token(std::vector<fault> faults) { impl_->hubspot.script_token(std::move(faults)); }
void simulator::clear_script() { impl_->hubspot.clear_script(); }
void simulator::change(const std::function<void(options&)>& how) { impl_->hubspot.change(how); }
void simulator::refuse_connections(bool refuse) { impl_->refuse_connections(refuse); }
void simulator::cut_connections() { impl_->cut_connections(); }

counter_values simulator::counters() const { return impl_->hubspot.counters(); }

bool simulator::wait_until(const std::function<bool(const counter_values&)>& reached, milliseconds limit) const {
    return impl_->hubspot.wait_until(reached, limit);
}

std::vector<request_record> simulator::requests() const {
    std::vector<request_record> copy;
    impl_->hubspot.read([&copy](const oracle& o) { copy = o.requests(); });
    return copy;
}

std::vector<change_record> simulator::applied() const {
    std::vector<change_record> copy;
    impl_->hubspot.read([&copy](const oracle& o) { copy = o.applied(); });
    return copy;
}

std::vector<change_record> simulator::applied(std::string_view subscriber, std::int64_t subscription) const {
    std::vector<change_record> found;
    impl_->hubspot.read([&](const oracle& o) { found = of_key(o.applied(), subscriber, subscription); });
    return found;
}

std::vector<change_record> simulator::received(std::string_view subscriber, std::int64_t subscription) const {
    std::vector<change_record> found;
    impl_->hubspot.read([&](const oracle& o) { found = of_key(o.received(), subscriber, subscription); });
    return found;
}

std::vector<change_record> simulator::received() const {
    std::vector<change_record> copy;
    impl_->hubspot.read([&copy](const oracle& o) { copy = o.received(); });
    return copy;
}

std::vector<answer_record> simulator::answers() const { return impl_->hubspot.answers(); }

std::optional<key_state> simulator::state(std::string_view subscriber, std::int64_t subscription) const {
    std::optional<key_state> found;
    impl_->hubspot.read([&](const oracle& o) {
        const auto known = o.states().find(key_of(subscriber, subscription, "EMAIL"));
        if (known != o.states().end()) found = known->second;
    });
    return found;
}

}  // namespace consent_sync::hubspot_sim
