// Many bad rows: each gets its verdict, no other row waits for them, and sending never pauses because of them.
#include <gtest/gtest.h>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

const std::string quick = R"("retry": { "initial": "50ms", "max": "2s" })";

// Rows 1 to `rows`; `bad` says whose addresses begin with `prefix`.
std::string csv(int rows, const std::string& prefix, const std::function<bool(int)>& bad) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 1; i <= rows; ++i) text += (bad(i) ? prefix : "p") + std::to_string(i) + "@example.com,7,subscribed\n";
    return text;
}

struct bad_rows {
    const char* name;
    int rows;
    std::uint64_t rejected;
    const char* prefix;
    std::function<bool(int)> bad;
    std::uint64_t requests_most;
    int batch = 100;
    friend void PrintTo(const bad_rows& b, std::ostream* out) { *out << b.name; }
};

bool in_clusters(int i) { return i > 100 && i % 100 >= 1 && i % 100 <= 3; }
bool in_small_clusters(int i) { return i > 4 && i % 4 >= 1; }
bool three_of_a_hundred(int i) { return i * 37 % 100 < 3; }
bool one_of_ten(int i) { return i * 7 % 10 == 0 || (i > 390 && i % 2 == 0); }

class BadRows : public testing::TestWithParam<bad_rows> {};

TEST_P(BadRows, GoThroughWithoutAPauseWhileOptOutsOfOtherFilesDoNotWait) {
    const bad_rows& b = GetParam();
    hubspot_sim::options o;
    o.limit_requests = 1'900;
    o.latency = std::chrono::milliseconds(5);
    daemon_under_test d(std::move(o), quick);
    if (b.batch != 100)
        d.replace_in_config("\"max_wait\": \"100ms\"",
                            "\"max_wait\": \"100ms\", \"max_changes\": " + std::to_string(b.batch));
    d.start();
    d.drop("bulk.csv", csv(b.rows, b.prefix, b.bad));
    ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().requests > 2; }));
    for (int i = 1; i <= 3; ++i) {
        const std::string who = "ann" + std::to_string(i) + "@example.com";
        d.drop("out" + std::to_string(i) + ".csv", "email,subscription_id,status\n" + who + ",7,unsubscribed\n");
        EXPECT_TRUE(d.wait([&] { return d.hubspot().state(who, 7).has_value(); }, 15s)) << who;
    }
    // After the last bad rows HubSpot has nothing left to accept, so a good row has to be dropped.
    std::size_t dropped = 4;
    const auto done = [&d] { return d.log().find("event=file.done file=00000001") != std::string::npos; };
    for (; !d.wait(done, 3s) && dropped < 40; ++dropped)
        d.drop("others" + std::to_string(dropped) + ".csv",
               "email,subscription_id,status\nlate" + std::to_string(dropped) + "@example.com,7,subscribed\n");
    const auto files = d.wait_for_files(dropped, 60s);
    ASSERT_EQ(files.size(), dropped);
    std::uint64_t confirmed = 0, rejected = 0;
    for (const auto& f : files) {
        confirmed += count(f, "confirmed");
        rejected += count(f, "rejected");
    }
    EXPECT_EQ(rejected, b.rejected);
    EXPECT_EQ(confirmed, static_cast<std::uint64_t>(b.rows) - b.rejected + dropped - 1);
    EXPECT_EQ(d.log().find("event=pause.begun"), std::string::npos);
    EXPECT_LE(d.hubspot().counters().requests, b.requests_most + dropped);
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Of, BadRows,
    testing::Values(bad_rows{"ClustersOf400EachNamed", 400, 9, "refuse-each-", in_clusters, 40},
                    bad_rows{"ClustersOf400TheFirstNamed", 400, 9, "refuse-", in_clusters, 40},
                    bad_rows{"ClustersOf16InBatchesOf4", 16, 9, "refuse-each-", in_small_clusters, 40, 4},
                    bad_rows{"ThreeOfAHundredOf10000Named", 10'000, 300, "refuse-each-", three_of_a_hundred, 1'300},
                    bad_rows{"ThreeOfAHundredOf10000", 10'000, 300, "refuse-unnamed-", three_of_a_hundred, 4'500},
                    bad_rows{"OneOfTenOf400", 400, 44, "refuse-unnamed-", one_of_ten, 900}),
    [](const auto& b) { return std::string(b.param.name); });

}  // namespace
}  // namespace consent_sync::integration
