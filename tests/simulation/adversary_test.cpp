// An adversary that does not share the daemon's assumptions. A failing seed is printed;
// CONSENT_SYNC_ADVERSARY=N runs only that one. Campaigns, with --gtest_filter=AdversaryCampaign.*:
// CONSENT_SYNC_ADVERSARY_SEEDS="count start".
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "simulation/adversary_world.hpp"

namespace consent_sync::simulation {
namespace {

constexpr std::uint64_t seeds_a_test = 250;
constexpr std::uint64_t failures_most = 5;

// Faults of a single request, its connection or its rows; none concerns all requests.
const std::vector<random_hubspot::fault> of_single_requests = {
    random_hubspot::fault::odd_body,   random_hubspot::fault::respelled,   random_hubspot::fault::not_json,
    random_hubspot::fault::unclear,    random_hubspot::fault::refused,     random_hubspot::fault::named,
    random_hubspot::fault::too_large,  random_hubspot::fault::unavailable, random_hubspot::fault::lost,
    random_hubspot::fault::unreachable};
const std::vector<random_hubspot::fault> of_everybody = {
    random_hubspot::fault::forbidden, random_hubspot::fault::unauthorized, random_hubspot::fault::misconfigured,
    random_hubspot::fault::locked,    random_hubspot::fault::rate_limited, random_hubspot::fault::daily_limited,
    random_hubspot::fault::moving,    random_hubspot::fault::odd_status,   random_hubspot::fault::silent};

adversary_kinds everything() {
    adversary_kinds kinds;
    kinds.faults = of_single_requests;
    kinds.faults.insert(kinds.faults.end(), of_everybody.begin(), of_everybody.end());
    return kinds;
}

adversary_kinds single_requests() {
    adversary_kinds kinds;
    kinds.faults = of_single_requests;
    return kinds;
}

// CONSENT_SYNC_ADVERSARY_WITHOUT="odd_headers respells": omits these kinds.
adversary_kinds without(adversary_kinds kinds) {
    const char* unwanted = std::getenv("CONSENT_SYNC_ADVERSARY_WITHOUT");
    std::istringstream words(unwanted ? unwanted : "");
    for (std::string word; words >> word;) {
        std::erase_if(kinds.faults, [&word](random_hubspot::fault f) { return random_hubspot::name(f) == word; });
        if (word == "odd_headers") kinds.odd_headers = false;
        if (word == "retry_after") kinds.retry_after = false;
        if (word == "respells") kinds.respells = false;
        if (word == "spellings") kinds.spellings = false;
        if (word == "bad_rows") kinds.bad_rows = false;
        if (word == "crashes") kinds.crashes = false;
    }
    return kinds;
}

// Whether everything was right.
bool run_seed(std::uint64_t seed, bool one_good_a_second) {
    std::vector<std::string> wrong;
    try {
        const adversary_kinds kinds = without(one_good_a_second ? single_requests() : everything());
        adversary_world w(seed, draw_adversary(seed, kinds, one_good_a_second));
        wrong = w.run();
    } catch (const std::exception& e) {
        wrong = {std::string("the daemon ended: ") + e.what()};
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(wrong.size(), 3); ++i)
        ADD_FAILURE() << "CONSENT_SYNC_ADVERSARY=" << seed << (one_good_a_second ? " (one good a second)" : "") << ": "
                      << wrong[i] << (wrong.size() > 3 ? " (of " + std::to_string(wrong.size()) + ")" : "");
    return wrong.empty();
}

void run_seeds(std::uint64_t first, std::uint64_t count, bool one_good_a_second) {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    if (const char* only = std::getenv("CONSENT_SYNC_ADVERSARY")) {
        run_seed(std::strtoull(only, nullptr, 10), one_good_a_second);
        return;
    }
    std::uint64_t failed = 0;
    for (std::uint64_t seed = first; seed < first + count && failed < failures_most; ++seed)
        failed += run_seed(seed, one_good_a_second) ? 0 : 1;
}

class Adversary : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Adversary, BreaksNoPromise) { run_seeds(1 + GetParam() * seeds_a_test, seeds_a_test, false); }
TEST_P(Adversary, KeepsNoOptOutLongerThanAMinute) {
    run_seeds(1 + GetParam() * seeds_a_test / 10, seeds_a_test / 10, true);
}

INSTANTIATE_TEST_SUITE_P(Worlds, Adversary, testing::Range<std::uint64_t>(0, 8));

TEST(AdversaryCampaign, BreaksNoPromise) {
    const bool one = std::getenv("CONSENT_SYNC_ADVERSARY") != nullptr;
    const char* wanted = one ? "1 1" : std::getenv("CONSENT_SYNC_ADVERSARY_SEEDS");
    if (!wanted) GTEST_SKIP() << "set CONSENT_SYNC_ADVERSARY_SEEDS=\"count start\"";
    std::uint64_t count = 0;
    std::uint64_t start = 1'000'000;
    std::istringstream(wanted) >> count >> start;
    run_seeds(start, count, false);
    run_seeds(start, count / 10, true);
}

}  // namespace
}  // namespace consent_sync::simulation
