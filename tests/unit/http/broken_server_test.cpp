// Everything a server or a network can do wrong: each case ends in time, at the right step, and says whether
// any of the request may have left. Deadlines are 250 ms; nothing here depends on how exactly they are met.
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <future>

#include "unit/http/fixture.hpp"

namespace consent_sync::http::test {
namespace {

using tcp = boost::asio::ip::tcp;

constexpr milliseconds short_time(250);

class BrokenServer : public transport_fixture {
  protected:
    // One exchange with a server that answers so.
    exchange against(reply what) { return against(std::move(what), config::timeout_settings().request); }

    exchange against(reply what, milliseconds timeout) {
        serve([what = std::move(what)](const std::string&) { return what; });
        https_options with = options();
        with.timeouts.request = timeout;
        connect(with);
        exchange outcome = send(post());
        EXPECT_EQ(transport->open_connections(), 0u) << "a failed connection is kept";
        return outcome;
    }

    exchange against_certificate(flaw kind) {
        server_options with;
        with.certificate = kind;
        serve(with, [](const std::string&) { return reply{answer(200, ""), {}, {}, false}; });
        connect(options());
        return send(post());
    }
};

// A listener whose queue is full: the kernel answers no further SYN.
struct full_listener {
    explicit full_listener(boost::asio::io_context& context, const boost::asio::ip::address& at) : acceptor(context) {
        acceptor.open(tcp::endpoint(at, 0).protocol());
        acceptor.bind(tcp::endpoint(at, 0));
        acceptor.listen(0);
        for (int i = 0; i < 4; ++i) {
            fillers.emplace_back(context).async_connect(acceptor.local_endpoint(),
                                                        [](const boost::system::error_code&) {});
        }
        // The first is in the queue once it is connected on this side.
        while (!acceptor_has_one()) context.run_one_for(milliseconds(5));
    }
    bool acceptor_has_one() {
        boost::system::error_code error;
        fillers.front().remote_endpoint(error);
        return !error;
    }
    std::uint16_t port() const { return acceptor.local_endpoint().port(); }

    tcp::acceptor acceptor;
    std::deque<tcp::socket> fillers;
};

TEST_F(BrokenServer, NameIsUnknown) {
    https_options options = options_for(1);
    options.lookup = [](const std::string&, std::uint16_t) {
        lookup_answer none;
        none.failure = "Name or service not known";
        return none;
    };
    connect(options);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "name_lookup", false));
    EXPECT_EQ(outcome.detail, "name lookup of localhost: Name or service not known");
}

TEST_F(BrokenServer, NameServerIsSilentAndIsAskedOnlyOnce) {
    // Shared with the thread, which may outlive the test's body.
    struct lookup_state {
        std::promise<void> release;
        std::shared_future<void> released = release.get_future().share();
        std::atomic<int> calls{0};
    };
    const auto state = std::make_shared<lookup_state>();
    https_options options = options_for(1);
    options.lookup = [state](const std::string&, std::uint16_t) {
        state->calls++;
        state->released.wait();
        return lookup_answer();
    };
    connect(hurry(options, &config::timeout_settings::connect));
    const auto first = begin(post());
    const auto second = begin(post());
    EXPECT_TRUE(ends_with(finish(first), "name_lookup", false));
    EXPECT_TRUE(ends_with(finish(second), "name_lookup", false));
    EXPECT_TRUE(ends_with(send(post()), "name_lookup", false));
    EXPECT_EQ(state->calls, 1);
    transport.reset();
    context = std::make_unique<boost::asio::io_context>(1);  // it all may end while the lookup still runs
    state->release.set_value();
}

TEST_F(BrokenServer, RefusesTheConnection) {
    serve([](const std::string&) { return reply{}; });
    const https_options options = options_for(server->port());
    server.reset();
    connect(options);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "connect", false));
    EXPECT_NE(outcome.detail.find("Connection refused"), std::string::npos) << outcome.detail;
}

TEST_F(BrokenServer, NeverAnswersTheConnection) {
    const full_listener full(*context, boost::asio::ip::address_v4::loopback());
    connect(hurry(options_for(full.port()), &config::timeout_settings::connect));
    EXPECT_TRUE(ends_with(send(post()), "connect_timeout", false));
}

TEST_F(BrokenServer, DeadFirstAddressCostsOnlyTheStagger) {
    serve([](const std::string&) { return reply{answer(200, ""), {}, {}, false}; });
    std::vector<tcp::endpoint> dead;
    std::optional<full_listener> full;
    boost::system::error_code no_ipv6;
    tcp::acceptor probe(*context);
    probe.open(tcp::v6());
    probe.bind(tcp::endpoint(boost::asio::ip::address_v6::loopback(), 0), no_ipv6);
    probe.close();
    if (!no_ipv6) {
        full.emplace(*context, boost::asio::ip::address_v6::loopback());
        dead.push_back(full->acceptor.local_endpoint());  // silent: only the stagger helps
    }
    dead.emplace_back(boost::asio::ip::address_v6::loopback(), 1);  // refused: the next one at once
    https_options with = options();
    with.lookup = [dead, at = server->port()](const std::string&, std::uint16_t) {
        lookup_answer found;
        found.addresses = dead;
        found.addresses.emplace_back(boost::asio::ip::address_v4::loopback(), at);
        return found;
    };
    connect(with);
    EXPECT_TRUE(ends_with(send(post()), "none", true));
}

TEST_F(BrokenServer, NeverAnswersTheHandshake) {
    server_options with;
    with.secure = server_options::security::tls_stalls;
    serve(with, [](const std::string&) { return reply{}; });
    connect(hurry(options(), &config::timeout_settings::tls));
    EXPECT_TRUE(ends_with(send(post()), "tls_timeout", false));
}

TEST_F(BrokenServer, SpeaksNoTls) {
    // It takes the client's hello for a request that never ends, so it is closed as idle.
    server_options with;
    with.secure = server_options::security::plain;
    with.idle_close = milliseconds(20);
    serve(with, [](const std::string&) { return reply{}; });
    connect(options());
    EXPECT_TRUE(ends_with(send(post()), "tls", false));
}

TEST_F(BrokenServer, SpeaksOnlyOldTls) {
    server_options with;
    with.secure = server_options::security::old_tls;
    serve(with, [](const std::string&) { return reply{}; });
    connect(options());
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "tls", false));
    EXPECT_NE(outcome.detail.find("protocol"), std::string::npos) << outcome.detail;
    EXPECT_EQ(server->handshakes(), 0u);
}

TEST_F(BrokenServer, HasABadCertificate) {
    struct row {
        flaw kind;
        const char* words;
    };
    const row rows[] = {
        {flaw::expired, "certificate verify failed: certificate has expired"},
        {flaw::wrong_name, "certificate verify failed: hostname mismatch"},
        {flaw::self_signed, "certificate verify failed: self-signed certificate"},
        {flaw::other_authority, "certificate verify failed: unable to get local issuer certificate"},
    };
    for (const row& each : rows) {
        const exchange outcome = against_certificate(each.kind);
        EXPECT_TRUE(ends_with(outcome, "tls", false));
        EXPECT_EQ(outcome.detail.substr(0, std::string(each.words).size()), each.words);
        EXPECT_TRUE(server->requests().empty());
    }
}

TEST_F(BrokenServer, HasACertificateForAnotherAddress) {
    server_options wrong;
    wrong.certificate = flaw::wrong_name;
    serve(wrong, [](const std::string&) { return reply{}; });
    auto with = options();
    with.to = config::parse_endpoint("https://127.0.0.1:" + std::to_string(server->port())).value();
    connect(with);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "tls", false));
    EXPECT_EQ(outcome.detail, "certificate verify failed: IP address mismatch");
}

TEST_F(BrokenServer, NeverReadsTheRequest) {
    // More than the kernel's buffers of both sides hold.
    serve([](const std::string&) { return reply{answer(200, ""), reply::then::hang, {}, false}; });
    connect(hurry(options(), &config::timeout_settings::request));
    const auto pending = begin(post(std::string(1, 'x')));
    EXPECT_TRUE(ends_with(finish(pending), "none", true));
    const auto second = begin(post(std::string(30'000'000, 'x')));
    EXPECT_TRUE(ends_with(finish(second), "request_timeout", true));
    EXPECT_EQ(second->written_calls, 0u);
}

TEST_F(BrokenServer, NeverAnswersTheRequest) {
    serve([](const std::string&) { return reply{"", reply::then::hang, {}, false}; });
    connect(hurry(options(), &config::timeout_settings::request));
    const auto pending = begin(post());
    const exchange outcome = finish(pending);
    EXPECT_TRUE(ends_with(outcome, "request_timeout", true));
    EXPECT_EQ(outcome.detail, "no complete response within 250 ms, 0 bytes of it came");
    EXPECT_EQ(pending->written_calls, 1u);
}

TEST_F(BrokenServer, StopsInTheMiddleOfTheResponse) {
    const std::string whole = answer(200, "0123456789");
    for (const std::size_t at : {std::size_t(1), std::size_t(20), whole.size() - 1}) {
        EXPECT_TRUE(ends_with(against({whole.substr(0, at), reply::then::hang, {}, false}, short_time),
                              "request_timeout", true));
        EXPECT_TRUE(ends_with(against({whole.substr(0, at), reply::then::close, {}, false}), "bad_response", true));
        EXPECT_TRUE(ends_with(against({whole.substr(0, at), reply::then::reset, {}, false}), "connection_lost", true));
    }
}

TEST_F(BrokenServer, SendsByteByByte) {
    const exchange outcome =
        against({answer(200, "0123456789"), reply::then::keep, milliseconds(20), false}, short_time);
    EXPECT_TRUE(ends_with(outcome, "request_timeout", true));
}

TEST_F(BrokenServer, ClosesOrResetsInsteadOfAnswering) {
    EXPECT_TRUE(ends_with(against({"", reply::then::reset, {}, false}), "connection_lost", true));
    const exchange closed = against({"", reply::then::close, {}, false});
    EXPECT_TRUE(ends_with(closed, "connection_lost", true));
    EXPECT_EQ(closed.detail, "closed by the server before the response");
}

TEST_F(BrokenServer, ResetsAKeptConnectionAfterItReadTheRequest) {
    bool reset_now = false;
    serve([&](const std::string&) {
        return reset_now ? reply{"", reply::then::reset, {}, false} : reply{answer(200, ""), {}, {}, false};
    });
    connect(options());
    EXPECT_TRUE(ends_with(send(post()), "none", true));
    reset_now = true;
    EXPECT_TRUE(ends_with(send(post()), "connection_lost", true));
    EXPECT_EQ(server->requests().size(), 2u) << "nothing is sent twice";
    EXPECT_EQ(transport->open_connections(), 0u);
}

TEST_F(BrokenServer, SendsGarbage) {
    EXPECT_TRUE(ends_with(against({"SSH-2.0-OpenSSH_9.2\r\n\r\n", {}, {}, false}), "bad_response", true));
    EXPECT_TRUE(ends_with(against({std::string(100, '\0'), {}, {}, false}), "bad_response", true));
    EXPECT_TRUE(
        ends_with(against({"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", {}, {}, false}), "bad_response", true));
}

TEST_F(BrokenServer, SendsEndlessHeadersOrBody) {
    const exchange header = against({"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), {}, {}, false});
    EXPECT_TRUE(ends_with(header, "bad_response", true));
    EXPECT_EQ(header.detail, "the header is larger than 65536 bytes");
    const exchange body = against({"HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n", {}, {}, false});
    EXPECT_TRUE(ends_with(body, "bad_response", true));
    EXPECT_EQ(body.detail, "the body is larger than 8388608 bytes");
    const exchange informational = against({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}, true});
    EXPECT_TRUE(ends_with(informational, "bad_response", true));
}

TEST_F(BrokenServer, PromisesMoreThanItSends) {
    const std::string longer = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789";
    EXPECT_TRUE(ends_with(against({longer, reply::then::keep, {}, false}, short_time), "request_timeout", true));
    EXPECT_TRUE(ends_with(against({longer, reply::then::close, {}, false}), "bad_response", true));
}

TEST_F(BrokenServer, SendsMoreThanItPromises) {
    const std::string shorter = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n0123456789";
    const exchange outcome = against({shorter, reply::then::keep, {}, false});
    EXPECT_TRUE(ends_with(outcome, "none", true));
    EXPECT_EQ(outcome.response.body, "01234");
}

TEST_F(BrokenServer, CancellationEndsEveryStage) {
    // Lookup.
    const auto release = std::make_shared<std::promise<void>>();
    const auto released = release->get_future().share();
    const auto asked = std::make_shared<std::atomic<bool>>(false);
    https_options stuck = options_for(1);
    stuck.lookup = [released, asked](const std::string&, std::uint16_t) {
        *asked = true;
        released.wait();
        return lookup_answer();
    };
    connect(stuck);
    auto pending = begin(post());
    run_until([&] { return asked->load(); });
    cancel(pending);
    EXPECT_TRUE(ends_with(finish(pending), "cancelled", false));
    release->set_value();
    // TCP.
    std::optional<full_listener> full(std::in_place, *context, boost::asio::ip::address_v4::loopback());
    https_options silent = options_for(full->port());
    connect(silent);
    pending = begin(post());
    context->restart();
    context->poll();
    cancel(pending);
    EXPECT_TRUE(ends_with(finish(pending), "cancelled", false));
    full.reset();
    // TLS.
    server_options stalls;
    stalls.secure = server_options::security::tls_stalls;
    serve(stalls, [](const std::string&) { return reply{}; });
    connect(options());
    pending = begin(post());
    run_until([&] { return server->connections() == 1; });
    cancel(pending);
    EXPECT_TRUE(ends_with(finish(pending), "cancelled", false));
    // The response, before it and in its middle.
    for (const std::string half : {"", "HTTP/1.1 200 OK\r\nConte"}) {
        serve([&](const std::string&) { return reply{half, reply::then::hang, {}, false}; });
        connect(options());
        pending = begin(post());
        run_until([&] { return !server->requests().empty(); });
        cancel(pending);
        EXPECT_TRUE(ends_with(finish(pending), "cancelled", true));
        EXPECT_EQ(transport->open_connections(), 0u);
    }
}

TEST_F(BrokenServer, CancellationOfTheRequestsWriting) {
    serve([](const std::string&) { return reply{answer(200, ""), reply::then::hang, {}, false}; });
    connect(options());
    send(post());
    const auto pending = begin(post(std::string(30'000'000, 'x')));
    context->restart();
    context->poll();
    cancel(pending);
    EXPECT_TRUE(ends_with(finish(pending), "cancelled", true));
    EXPECT_EQ(pending->written_calls, 0u);
}

}  // namespace
}  // namespace consent_sync::http::test
