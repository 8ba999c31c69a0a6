// What the transport's tests share: an io_context, a server with a script, a transport with short deadlines,
// and a check that nothing is left behind: no descriptor, no timer, no work.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "http/https_transport.hpp"
#include "unit/http/test_server.hpp"

namespace consent_sync::http::test {

using std::chrono::milliseconds;

inline std::size_t count_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) count++;
    return count;
}

// Its outcome, once there.
struct pending_exchange {
    std::optional<exchange> outcome;
    unsigned written_calls = 0;
    boost::asio::cancellation_signal signal;
};

class transport_fixture : public ::testing::Test {
  protected:
    void SetUp() override { descriptors_before_ = count_descriptors(); }

    void TearDown() override {
        transport.reset();
        server.reset();
        context->restart();
        context->run_for(std::chrono::seconds(5));
        EXPECT_TRUE(context->stopped()) << "work is left behind";
        context.reset();
        // A lookup's thread may need a moment to let go of its descriptor.
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (count_descriptors() != descriptors_before_ && std::chrono::steady_clock::now() < until) {
            std::this_thread::yield();
        }
        EXPECT_EQ(count_descriptors(), descriptors_before_) << "descriptors are left behind";
    }

    void serve(server_options options, test_server::script script) {
        server.reset();
        server = std::make_unique<test_server>(context->get_executor(), options, std::move(script));
    }
    void serve(test_server::script script) { serve(server_options(), std::move(script)); }

    // For the server, by the name localhost, without a proxy.
    https_options options_for(std::uint16_t port, const std::string& scheme = "https") {
        https_options options;
        options.to = config::parse_endpoint(scheme + "://localhost:" + std::to_string(port)).value();
        options.ca_file = authority_file();
        options.lookup = [](const std::string&, std::uint16_t at) {
            lookup_answer found;
            found.addresses.emplace_back(boost::asio::ip::address_v4::loopback(), at);
            return found;
        };
        return options;
    }
    https_options options() { return options_for(server->port()); }

    // Only a test of a deadline has a short one: what is to succeed gets all the time that a busy machine
    // needs.
    static https_options hurry(https_options slow, milliseconds config::timeout_settings::*which) {
        slow.timeouts.*which = milliseconds(250);
        return slow;
    }

    void connect(https_options with) {
        transport.reset();
        transport = https_transport::make(context->get_executor(), std::move(with)).value();
    }

    static request post(const std::string& body = R"({"inputs":[]})") {
        request result;
        result.target = "/batch/write";
        result.headers.emplace_back("Authorization", "Bearer secret");
        result.body = body;
        return result;
    }

    std::shared_ptr<pending_exchange> begin(request r) {
        auto pending = std::make_shared<pending_exchange>();
        auto on_end = [pending](const std::exception_ptr& bug, exchange outcome) {
            if (bug) std::rethrow_exception(bug);
            pending->outcome = std::move(outcome);
        };
        boost::asio::co_spawn(*context, transport->send(std::move(r), [pending] { pending->written_calls++; }),
                              boost::asio::bind_cancellation_slot(pending->signal.slot(), std::move(on_end)));
        return pending;
    }

    void run_until(const std::function<bool()>& reached) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!reached() && std::chrono::steady_clock::now() < until) {
            context->restart();
            context->run_one_for(milliseconds(5));
        }
        ASSERT_TRUE(reached()) << "it did not happen within 20 s";
    }

    exchange finish(const std::shared_ptr<pending_exchange>& pending) {
        run_until([&] { return pending->outcome.has_value(); });
        return pending->outcome ? *pending->outcome : exchange();
    }

    // Inside run(), where Asio passes the signal on at once.
    void cancel(const std::shared_ptr<pending_exchange>& pending) {
        boost::asio::post(*context, [pending] { pending->signal.emit(boost::asio::cancellation_type::terminal); });
    }

    exchange send(request r) { return finish(begin(std::move(r))); }

    std::unique_ptr<boost::asio::io_context> context = std::make_unique<boost::asio::io_context>(1);
    std::unique_ptr<test_server> server;
    std::unique_ptr<https_transport> transport;

  private:
    std::size_t descriptors_before_ = 0;
};

inline std::string name_of(const std::optional<failure_step>& step) {
    if (!step) return "none";
    switch (*step) {
        case failure_step::name_lookup: return "name_lookup";
        case failure_step::connect: return "connect";
        case failure_step::connect_timeout: return "connect_timeout";
        case failure_step::tls: return "tls";
        case failure_step::tls_timeout: return "tls_timeout";
        case failure_step::proxy: return "proxy";
        case failure_step::request_timeout: return "request_timeout";
        case failure_step::connection_lost: return "connection_lost";
        case failure_step::bad_response: return "bad_response";
        case failure_step::cancelled: return "cancelled";
    }
    return "?";
}

// Step ("none": a response) and `written` in one comparison, with the detail shown when it differs.
inline ::testing::AssertionResult ends_with(const exchange& outcome, const std::string& step, bool is_written) {
    if (name_of(outcome.failure) == step && outcome.written == is_written) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "it ended with " << name_of(outcome.failure)
                                         << (outcome.written ? ", written" : ", not written") << ", \""
                                         << outcome.detail << "\", status " << outcome.response.status;
}

}  // namespace consent_sync::http::test
