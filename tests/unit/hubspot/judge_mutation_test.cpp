// Seeded damage to real bodies. Whatever is left of a body, judging it ends, and confirms only what an
// independent reader finds in it: a result with the key of the change and, literally, the asked status.
#include <gtest/gtest.h>

#include <random>

#include "hubspot/judge.hpp"
#include "unit/hubspot/batches.hpp"
#include "unit/hubspot/proof.hpp"
#include "unit/hubspot/real_bodies.hpp"

namespace consent_sync::hubspot {
namespace {

const std::vector batch{make_change("bh@hubspot.com", 530858989), make_change("ann@example.com", 1, unsubscribed),
                        make_change("ann@example.com", 2), make_change("new@example.com", 1),
                        make_change("test@husbpot.com", 63722844)};

std::vector<std::string> make_seeds() {
    std::vector<std::string> seeds;
    for (const std::string_view text :
         {real::guide_example, real::portal_example, real::error_in_success, real::already_subscribed, real::opted_out,
          real::binding_failure, real::rolling_limit, real::missing_scopes, real::expired_token, real::edge_timeout})
        seeds.emplace_back(text);
    seeds.push_back(complete(
        result_json("bh@hubspot.com", 530858989, "SUBSCRIBED") + "," +
            result_json("ann@example.com", 1, "UNSUBSCRIBED") + "," + result_json("ann@example.com", 2, "SUBSCRIBED"),
        R"({"category":"VALIDATION_ERROR","message":"no","context":{"subscriberIdString":["new@example.com"],"subscriptionId":["1"]}})"));
    return seeds;
}

// What JSON is made of: much of the damage stays well-formed.
constexpr std::string_view pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\"",
                                       "\\",
                                       "null",
                                       "0",
                                       "1",
                                       "-",
                                       "\"status\"",
                                       "\"SUBSCRIBED\"",
                                       "\"UNSUBSCRIBED\"",
                                       "\"COMPLETE\"",
                                       "\"results\":[",
                                       "\"errors\":[",
                                       "\"context\":{",
                                       "\"subscriberIdString\":",
                                       "\"ann@example.com\"",
                                       "\\u0053",
                                       "\xff",
                                       " ",
                                       "{\"status\":\"SUBSCRIBED\"},"};

void damage(std::string& text, const std::vector<std::string>& seeds, std::mt19937_64& random) {
    const auto below = [&](std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random() % n); };
    const std::size_t at = below(text.size() + 1);
    switch (below(7)) {
        case 0:
            if (at < text.size()) text[at] = static_cast<char>(below(256));
            break;
        case 1: text.erase(at, 1 + below(40)); break;
        case 2: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 3: text.resize(at); break;
        case 4: text.insert(at, text.substr(below(text.size() + 1), below(200))); break;
        case 5: {
            const std::string& other = seeds[below(seeds.size())];
            text.insert(at, other.substr(below(other.size()), below(200)));
            break;
        }
        default: {  // swaps the two statuses somewhere
            const auto found = text.find(below(2) == 0 ? "\"SUBSCRIBED\"" : "\"UNSUBSCRIBED\"", at);
            if (found == std::string::npos) break;
            if (text[found + 1] == 'S')
                text.insert(found + 1, "UN");
            else
                text.erase(found + 1, 2);
        }
    }
}

TEST(JudgeMutation, NeverConfirmsWhatTheBodyDoesNotSay) {
    constexpr std::uint64_t seed = 20250108;
    std::mt19937_64 random(seed);
    const auto seeds = make_seeds();
    std::size_t confirmed = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string text = seeds[random() % seeds.size()];
        for (auto times = random() % 4; times > 0; --times) damage(text, seeds, random);
        const unsigned status = random() % 4 == 0 ? 400 : 200;
        const auto j = judge(batch, make_answer(status, text), {});
        ASSERT_EQ(j.changes.size(), j.kind == answer_kind::judged ? batch.size() : 0U);
        for (std::size_t i = 0; i < j.changes.size(); ++i) {
            ASSERT_LE(j.changes[i].words, j.words.size());
            if (j.changes[i].outcome != change_outcome::confirmed) continue;
            ++confirmed;
            ASSERT_TRUE(is_proven(text, batch, i)) << "seed " << seed << " round " << round << "\n" << text;
        }
        for (const std::uint32_t suspect : j.suspects) ASSERT_LT(suspect, batch.size());
    }
    EXPECT_GT(confirmed, 1000U) << "the damage left nothing to confirm: the test proves nothing";
}

}  // namespace
}  // namespace consent_sync::hubspot
