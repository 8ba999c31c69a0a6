// Part of every test run: replays the corpora, then the corpora with seeded damage for a bounded number of rounds. Use
// fuzz/run for longer runs guided by coverage.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include "fuzz/targets.hpp"
#include "source_paths.hpp"

namespace consent_sync::fuzz {

void PrintTo(const target& t, std::ostream* out) { *out << t.name; }

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t seed = 20261124;
constexpr auto time_max = std::chrono::seconds(4);  // for the damage of one target; a slow machine does fewer rounds
constexpr int rounds_max = 20'000;
constexpr int rounds_least = 200;
constexpr std::size_t bytes_max = 16 * 1024;

constexpr std::string_view pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       ";",
                                       "\t",
                                       "\"",
                                       "\"\"",
                                       "\\",
                                       "\r\n",
                                       "\n",
                                       "\r",
                                       "\xef\xbb\xbf",
                                       "\xff",
                                       "\xc3",
                                       " ",
                                       "@",
                                       "%40",
                                       "null",
                                       "true",
                                       "-",
                                       "0",
                                       "1e9",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "18446744073709551616",
                                       "\\u0000",
                                       "\\ud800",
                                       std::string_view("\0", 1),
                                       "//",
                                       "/*",
                                       "*/",
                                       "HTTP/1.1 200 OK\r\n",
                                       "Content-Length: ",
                                       "Transfer-Encoding: chunked\r\n",
                                       "Retry-After: ",
                                       "Sun, 06 Nov 1994 08:49:37 GMT",
                                       "X-HubSpot-RateLimit-Daily: ",
                                       "X-HubSpot-RateLimit-Daily-Remaining: ",
                                       "X-HubSpot-RateLimit-Max: ",
                                       "X-HubSpot-RateLimit-Remaining: ",
                                       "\r\n\r\n",
                                       "\"results\":[",
                                       "\"status\":\"SUBSCRIBED\"",
                                       "\"inputs\":[",
                                       "email",
                                       "unsubscribed",
                                       "\x1b[2J",
                                       "a@b.c",
                                       "://"};

std::vector<std::string> read_corpus(std::string_view name) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(std::string(CONSENT_SYNC_SOURCE_DIR "/tests/fuzz/corpus/") += name))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());  // so that a seed has the same effect everywhere
    std::vector<std::string> corpus;
    for (const fs::path& path : paths) {
        std::ifstream in(path, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        corpus.push_back(text.str());
    }
    return corpus;
}

void damage(std::string& text, const std::vector<std::string>& corpus, std::mt19937_64& random) {
    const auto below = [&](std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random() % n); };
    const std::size_t at = below(text.size() + 1);
    switch (below(7)) {
        case 0:
            if (at < text.size()) text[at] = static_cast<char>(below(256));
            break;
        case 1:
            if (at < text.size()) text[at] = static_cast<char>(text[at] ^ static_cast<char>(1 << below(8)));
            break;
        case 2: text.erase(at, 1 + below(40)); break;
        case 3: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 4: text.resize(at); break;
        case 5: text.insert(at, text.substr(below(text.size() + 1), below(200))); break;
        default: {
            const std::string& other = corpus[below(corpus.size())];
            text.insert(at, other.substr(below(other.size() + 1), below(400)));
        }
    }
    if (text.size() > bytes_max) text.resize(bytes_max);
}

std::string shown(const std::string& input) {
    std::ostringstream text;
    for (const char c : input.substr(0, 600)) {
        if (c >= ' ' && c < '\x7f')
            text << c;
        else
            text << "\\x" << std::hex << static_cast<int>(static_cast<unsigned char>(c)) << std::dec;
    }
    return text.str();
}

class Fuzz : public ::testing::TestWithParam<target> {};

TEST_P(Fuzz, CorpusKeepsItsPromises) {
    const auto corpus = read_corpus(GetParam().name);
    ASSERT_GE(corpus.size(), 3U);
    for (const std::string& input : corpus) EXPECT_NO_THROW(GetParam().run(input)) << shown(input);
    EXPECT_NO_THROW(GetParam().run(""));
}

TEST_P(Fuzz, DamagedCorpusKeepsItsPromises) {
    const auto corpus = read_corpus(GetParam().name);
    ASSERT_FALSE(corpus.empty());
    std::mt19937_64 random(seed);
    const auto end = std::chrono::steady_clock::now() + time_max;
    int round = 0;
    for (; round < rounds_max && (round < rounds_least || std::chrono::steady_clock::now() < end); ++round) {
        std::string input = corpus[random() % corpus.size()];
        for (auto times = 1 + random() % 4; times > 0; --times) damage(input, corpus, random);
        ASSERT_NO_THROW(GetParam().run(input)) << "seed " << seed << " round " << round << ": " << shown(input);
    }
    RecordProperty("rounds", round);
}

INSTANTIATE_TEST_SUITE_P(Parsers, Fuzz, ::testing::ValuesIn(targets),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace consent_sync::fuzz
