// The rooms that carry changes, as they are shipped, between a real inbox and a HubSpot that is a function.
#include "service/pipeline/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/log.hpp"
#include "unit/service/test_environment.hpp"

namespace consent_sync::service {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

// Every change as it was asked for.
http::exchange accept_all(const http::request& r) {
    const json::value body = json::parse(r.body);
    json::array results;
    for (const json::value& input : body.at("inputs").as_array()) {
        json::object result = input.as_object();
        result["status"] = input.at("statusState");
        result["setStatusSuccessReason"] = "REQUESTED_CHANGE_OCCURRED";
        results.push_back(std::move(result));
    }
    return scripted_transport::answer(200, json::serialize(json::object{{"status", "COMPLETE"}, {"results", results}}));
}

class carrying : public test_environment {
  public:
    carrying() {
        clock.runs = true;
        settings.state_dir = folder.path();
        settings.hubspot.token_file = folder / "token";
        settings.retry.initial = base::milliseconds(1);
        settings.inbox.settle = base::milliseconds(10);
        folder.write("token", "token-of-the-pipeline-test");
        ::chmod(settings.hubspot.token_file.c_str(), 0600);
        paths = config::derive_folders(settings);
        ::umask(077);
        const auto made = intake::ensure_folders(paths);
        if (!made) throw std::runtime_error(made.error().message);
        transport.otherwise = accept_all;
        auto folders = intake::open_work_folders(paths);
        if (!folders) throw std::runtime_error(folders.error().message);
        all.emplace(env, std::move(*folders), past, random, transport);
    }
    ~carrying() {
        all->begin_stop();
        wait_for(finished());
        all->end();
        end_coroutines();
    }

    void start() { all->start(past, {}); }
    void drop(const std::string& name, const std::string& content) {
        folder.write(".dropped", content);
        std::filesystem::rename(folder / ".dropped", paths.inbox + "/" + name);
    }
    bool wait_for_files(std::uint64_t done) {
        return run_until([&] { return all->counts.files_done() >= done; });
    }
    std::uint64_t count(consent::verdict v) const { return all->counts.verdicts()[static_cast<std::size_t>(v)]; }

    config::folders paths;
    base::random_engine random{1};
    scripted_transport transport;
    ledger::recovery past;
    std::optional<pipeline> all;

  private:
    boost::asio::awaitable<bool> finished() {
        const auto deadline = clock.now().steady + std::chrono::seconds(5);
        co_await all->finish_requests(deadline);
        co_await all->finish_files(deadline);
        co_return true;
    }
};

constexpr const char* three_rows =
    "email,subscription_id,status\n"
    "ann@example.com,7,unsubscribed\nbob@example.com,7,subscribed\nnobody,7,subscribed\n";

TEST(Pipeline, CarriesAChangeFromTheInboxToHubSpotAndItsReport) {
    carrying t;
    t.start();
    t.drop("a.csv", three_rows);
    ASSERT_TRUE(t.wait_for_files(1));
    EXPECT_EQ(t.count(consent::verdict::confirmed), 2u);
    EXPECT_EQ(t.count(consent::verdict::invalid), 1u);
    ASSERT_FALSE(t.transport.sent.empty());
    for (const http::request& r : t.transport.sent) {
        EXPECT_EQ(r.headers.at(0).second, "Bearer token-of-the-pipeline-test");
        EXPECT_EQ(r.body.find("nobody"), std::string::npos);
    }
    EXPECT_TRUE(std::filesystem::exists(t.paths.done + "/00000001-a.csv"));
    EXPECT_FALSE(std::filesystem::is_empty(t.paths.reports));
}

TEST(Pipeline, AnAttemptThatIsNotAnsweredIsMadeAgain) {
    carrying t;
    t.transport.answers.push_back(scripted_transport::answer(503, ""));
    t.start();
    t.drop("a.csv", "email,subscription_id,status\nann@example.com,7,unsubscribed\n");
    ASSERT_TRUE(t.wait_for_files(1));
    EXPECT_EQ(t.count(consent::verdict::confirmed), 1u);
    EXPECT_GE(t.transport.sent.size(), 2u);
}

TEST(Pipeline, TroubleWithTheDiskPausesUntilItIsOver) {
    carrying t;
    t.start();
    t.all->trouble.begin("test", {base::errc::no_space, "the disk is full"});
    t.all->trouble.begin("another", {base::errc::io, "likewise"});
    t.drop("a.csv", three_rows);
    const auto* held = t.all->engine.held().find(delivery::pause_reason::disk);
    ASSERT_NE(held, nullptr);
    EXPECT_EQ(held->words, "the disk is full");
    t.all->trouble.end("test");
    EXPECT_NE(t.all->engine.held().find(delivery::pause_reason::disk), nullptr) << "somebody still has trouble";
    EXPECT_TRUE(t.transport.sent.empty());
    t.all->trouble.end("another");
    ASSERT_TRUE(t.wait_for_files(1));
    EXPECT_EQ(t.count(consent::verdict::confirmed), 2u);
}

TEST(Pipeline, APauseIsToldToWhoeverWaitsForIt) {
    carrying t;
    t.start();
    t.all->delivery.pause(delivery::pause_reason::operator_, "uid 0 asked for it");
    EXPECT_TRUE(t.wait_for([](pipeline& p) -> boost::asio::awaitable<bool> {
        co_await p.delivery.pauses_changed();
        co_return true;
    }(*t.all)));
    t.drop("a.csv", three_rows);
    ASSERT_TRUE(t.run_until([&] { return t.all->counts.files_read() == 1; })) << "files are read meanwhile";
    EXPECT_TRUE(t.transport.sent.empty());
    t.all->delivery.resume(delivery::pause_reason::operator_);
    EXPECT_TRUE(t.wait_for_files(1));
}

}  // namespace
}  // namespace consent_sync::service
