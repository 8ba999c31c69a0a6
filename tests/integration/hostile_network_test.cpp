// Servers, proxies and name servers that are wrong, slow, broken or hostile, against the real binary. Each case ends in
// time with the right verdict or pause, and leaves nothing behind. tests/unit/http tests each step.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "built_paths.hpp"
#include "integration/daemon_under_test.hpp"
#include "unit/http/test_proxy.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;
using hubspot_sim::fault;
using hubspot_sim::fault_kind;

const std::string quick_retry =
    R"("retry": { "initial": "20ms", "max": "300ms", "max_attempts": 50, "late_write_window": "1s" })";

std::string csv(const std::string& who, int rows) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 1; i <= rows; ++i) text += who + std::to_string(i) + "@example.com,7,subscribed\n";
    return text;
}

// Deadlines are short where the test expects one to pass. Where it expects success, they allow for a busy machine.
void set_timeouts(daemon_under_test& d, const std::string& connect, const std::string& tls,
                  const std::string& request) {
    d.replace_in_config("\"ca_file\"", "\"timeouts\": { \"connect\": \"" + connect + "\", \"tls\": \"" + tls +
                                           "\", \"request\": \"" + request + "\" }, \"ca_file\"");
}

bool says(const daemon_under_test& d, const std::string& words) {
    return d.wait([&] { return d.log().find(words) != std::string::npos; });
}

std::size_t descriptors(const daemon_under_test& d) {
    const fs::directory_iterator open("/proc/" + std::to_string(d.process()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

std::size_t memory_kib(const daemon_under_test& d) {
    std::ifstream status("/proc/" + std::to_string(d.process()) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
    return 0;
}

// The words of the only pause, which has this reason.
std::string pause_words(const daemon_under_test& d, const std::string& reason) {
    const std::string begun = "event=pause.begun reason=" + reason;
    EXPECT_TRUE(says(d, begun)) << d.log();
    const std::string log = d.log();
    const std::size_t at = log.find(begun);
    return at == std::string::npos ? "" : log.substr(at, log.find('\n', at) - at);
}

// Each fault twice, one after the other, and all of them again: everything is confirmed, and no resource accumulates.
TEST(HostileNetwork, WhateverAServerDoesEndsInTimeAndLeavesNothingBehind) {
    daemon_under_test d({}, quick_retry);
    set_timeouts(d, "20s", "500ms", "500ms");
    d.start();
    std::size_t files = 0;
    const auto suffer = [&](const fault& f) {
        d.hubspot().next({f, f});
        const std::string name = "f" + std::to_string(++files);
        d.drop(name + ".csv", csv(name + "r", 20));
        const auto done = d.wait_for_files(files);
        ASSERT_EQ(done.size(), files) << hubspot_sim::name(f);
        EXPECT_EQ(count(done.back(), "confirmed"), 20u) << hubspot_sim::name(f);
        EXPECT_LT(d.hubspot().counters().script_left, 2u) << hubspot_sim::name(f);  // one fault may have been enough
        d.hubspot().clear_script();
    };
    const std::vector<fault> quick = {fault::of(fault_kind::truncated),
                                      fault::of(fault_kind::hang_up),
                                      fault::of(fault_kind::garbage),
                                      fault::of(fault_kind::endless_headers),
                                      fault::of(fault_kind::endless_body),
                                      fault::reset(),
                                      fault::reset().applied(),
                                      fault::of(fault_kind::close).applied(),
                                      fault::of(fault_kind::wrong_length)};
    const std::vector<fault> slow = {fault::of(fault_kind::drip).after(std::chrono::milliseconds(50)),
                                     fault::of(fault_kind::stall_before_read), fault::of(fault_kind::stall).applied()};
    suffer(fault::none());
    const std::size_t descriptors_before = descriptors(d);
    for (const fault& f : quick) suffer(f);
    const std::size_t memory_before = memory_kib(d);
    for (const fault& f : slow) suffer(f);
    d.hubspot().cut_connections();  // the next one is a new connection
    suffer(fault::of(fault_kind::stall_handshake));
    for (const fault& f : quick) suffer(f);
    EXPECT_TRUE(d.wait([&] { return descriptors(d) <= descriptors_before + 2; })) << descriptors(d) << " descriptors";
    EXPECT_TRUE(d.wait([&] { return d.hubspot().counters().connections_open <= 3; }));
    if (memory_tells) {
        EXPECT_LT(memory_kib(d), memory_before + 32'768);
    }
    for (const char* outcome : {"timeout", "connection_lost"})
        EXPECT_NE(d.log().find(outcome), std::string::npos) << outcome;
    EXPECT_EQ(d.log().find(" ERROR "), std::string::npos) << "two failures in a row need nobody";
    EXPECT_EQ(d.stop(), 0);
}

TEST(HostileNetwork, ServersThatMayNotBeTrustedGetNothing) {
    struct untrusted {
        hubspot_sim::certificate_fault certificate;
        hubspot_sim::tls_version newest;
        bool other_authority;
        const char* words;
    };
    using enum hubspot_sim::certificate_fault;
    using enum hubspot_sim::tls_version;
    for (const untrusted& each :
         {untrusted{wrong_name, v1_3, false, "certificate verify failed: hostname mismatch"},
          untrusted{expired, v1_3, false, "certificate verify failed: certificate has expired"},
          untrusted{self_signed, v1_3, false, "certificate verify failed: self-signed certificate"},
          untrusted{none, v1_3, true, "certificate verify failed"}, untrusted{none, v1_0, false, "protocol"}}) {
        hubspot_sim::options o;
        o.certificate = each.certificate;
        o.tls_min = each.newest == v1_0 ? v1_0 : v1_2;
        o.tls_max = each.newest;
        daemon_under_test d(std::move(o), quick_retry);
        const std::string own = d.file("ca.pem");
        if (each.other_authority) {
            fs::rename(own, d.file("right.pem"));
            std::ofstream(own) << hubspot_sim::make_certificate(none).value().authority_pem;
        }
        d.start();
        d.drop("a.csv", csv("tls", 5));
        const std::string words = pause_words(d, "outage");
        EXPECT_NE(words.find(each.words), std::string::npos) << words;
        EXPECT_EQ(d.hubspot().counters().requests, 0u);
        EXPECT_TRUE(d.lines("files.ndjson").empty()) << "rows were burnt";
        EXPECT_EQ(d.stop(), 0);
        if (!each.other_authority) continue;
        fs::rename(d.file("right.pem"), own);
        d.start();
        const auto files = d.wait_for_files(1);
        ASSERT_EQ(files.size(), 1u);
        EXPECT_EQ(count(files[0], "confirmed"), 5u);
    }
}

TEST(HostileNetwork, ARedirectPausesAndNothingGoesToTheOtherHost) {
    auto other = hubspot_sim::simulator::start({}).value();
    for (const unsigned status : {301u, 307u}) {
        daemon_under_test d({}, quick_retry);
        d.hubspot().next({fault::status(status).with_header("Location", other->base_url() + "/elsewhere")});
        d.start();
        d.drop("a.csv", csv("redirect", 5));
        EXPECT_NE(pause_words(d, "configuration").find(std::to_string(status)), std::string::npos);
        const auto files = d.wait_for_files(1);  // a probe finds it gone
        ASSERT_EQ(files.size(), 1u);
        EXPECT_EQ(count(files[0], "confirmed"), 5u);
    }
    EXPECT_EQ(other->counters().connections_accepted, 0u);
}

// A proxy on its own thread.
class running_proxy {
  public:
    running_proxy(std::string answer, std::uint16_t target)
        : proxy_(std::make_unique<http::test::test_proxy>(context_.get_executor(), std::move(answer), target)),
          port_(proxy_->port()),
          thread_([this] { context_.run(); }) {}
    ~running_proxy() { stop(); }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    std::vector<std::string> stop() {
        if (thread_.joinable()) {
            context_.stop();
            thread_.join();
        }
        return proxy_->requests();
    }

  private:
    boost::asio::io_context context_{1};
    std::unique_ptr<http::test::test_proxy> proxy_;
    std::uint16_t port_;
    std::thread thread_;
};

TEST(HostileNetwork, AProxyLeadsThereByConfigurationAndByEnvironment) {
    for (const bool configured : {true, false}) {
        daemon_under_test d({}, quick_retry);
        running_proxy proxy("HTTP/1.1 200 Connection established\r\n\r\n", d.hubspot().port());
        const std::string address = "http://ann:hunter2secret@" + proxy.address();
        d.secrets().add_secret("hunter2secret");
        if (configured)
            d.replace_in_config("\"ca_file\"", "\"proxy\": \"" + address + "\", \"ca_file\"");
        else
            d.set_environment("HTTPS_PROXY", address);
        d.start();
        d.drop("a.csv", csv("proxy", 5));
        const auto files = d.wait_for_files(1);
        ASSERT_EQ(files.size(), 1u);
        EXPECT_EQ(count(files[0], "confirmed"), 5u);
        EXPECT_EQ(d.stop(), 0);
        const auto requests = proxy.stop();
        ASSERT_FALSE(requests.empty());
        for (const std::string& request : requests) {
            EXPECT_TRUE(request.starts_with("CONNECT localhost:")) << request;
            EXPECT_EQ(request.find(daemon_under_test::token), std::string::npos) << "the proxy got the token";
        }
    }
}

TEST(HostileNetwork, AProxyThatSaysNoIsNamedAndNothingIsBurnt) {
    struct row {
        const char* answer;
        const char* words;
    };
    for (const row& each : {row{"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "proxy asks for a password (407)"},
                            row{"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "proxy refuses the way to localhost:"},
                            row{"", "no answer to CONNECT in time"}}) {
        daemon_under_test d({}, quick_retry);
        running_proxy proxy(each.answer, d.hubspot().port());
        d.replace_in_config("\"ca_file\"", "\"proxy\": \"http://" + proxy.address() + "\", \"ca_file\"");
        if (*each.answer == '\0') set_timeouts(d, "300ms", "20s", "20s");
        d.start();
        d.drop("a.csv", csv("proxy", 5));
        const std::string words = pause_words(d, "outage");
        EXPECT_NE(words.find(each.words), std::string::npos) << words;
        EXPECT_EQ(d.hubspot().counters().connections_accepted, 0u);
        EXPECT_TRUE(d.lines("files.ndjson").empty());
        EXPECT_EQ(d.stop(), 0);
    }
}

class names {
  public:
    explicit names(daemon_under_test& d) : file_(d.file("names")) {
        std::vector<std::string> environment = preload({SLOW_NAMES_LIBRARY});
        environment.push_back("SLOW_NAMES=" + file_);
        d.set_environment(std::move(environment));
    }
    void are(const std::string& words) const {
        std::ofstream(file_ + ".new") << words;
        fs::rename(file_ + ".new", file_);
    }

  private:
    std::string file_;
};

TEST(HostileNetwork, ANameServerThatIsSlowOrFailsPausesAndHoldsNobodyUp) {
    daemon_under_test d({}, quick_retry);
    set_timeouts(d, "300ms", "20s", "20s");
    const names n(d);
    n.are("fail");
    d.start();
    d.drop("a.csv", csv("names", 5));
    EXPECT_NE(pause_words(d, "outage").find("name lookup of localhost: "), std::string::npos) << d.log();
    n.are("address 127.0.0.1");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_TRUE(says(d, "event=pause.ended reason=outage"));
    // Slow: there is one lookup at a time, each attempt ends at its deadline, and a stop does not wait for lookups.
    n.are("wait 60000 address 127.0.0.1");
    d.hubspot().cut_connections();
    const std::size_t before = d.log().size();
    d.drop("b.csv", csv("more", 5));
    EXPECT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=outage", before) != std::string::npos; }));
    EXPECT_NE(d.log().find("name lookup of localhost: no answer in time", before), std::string::npos);
    const fs::directory_iterator threads("/proc/" + std::to_string(d.process()) + "/task");
    EXPECT_LT(std::distance(begin(threads), end(threads)), 12) << "a thread for every attempt";
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(d.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
    n.are("address 127.0.0.1");
    d.start();
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 5u);
    EXPECT_EQ(d.stop(), 0);
}

// 192.0.2.1 and 2001:db8::1 are documentation addresses: they are unreachable at once, or never answer.
TEST(HostileNetwork, DeadAddressesBeforeTheGoodOneCostNoAttempt) {
    daemon_under_test d({}, quick_retry);
    const names n(d);
    n.are("address 2001:db8::1 address 192.0.2.1 address 127.0.0.2 address 127.0.0.1");
    d.start();
    d.drop("a.csv", csv("dead", 5));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 5u);
    EXPECT_EQ(d.batches().size(), 1u) << "an attempt failed";
    EXPECT_EQ(d.stop(), 0);
}

}  // namespace
}  // namespace consent_sync::integration
