#include "http/read_response.hpp"

#include <gtest/gtest.h>

#include "unit/http/read_text.hpp"

namespace consent_sync::http::test {
namespace {

// What became of one response: "more" bytes are needed, "complete", why it was refused, or how the connection ended.
std::string end_of(const std::optional<read_outcome>& outcome) {
    if (!outcome) return "more";
    if (outcome->lost) return outcome->lost.message();
    return outcome->refused.empty() ? "complete" : outcome->refused;
}

std::optional<read_outcome> read_one(std::string_view text, std::size_t piece = text_reader::in_one_piece) {
    return text_reader({}, piece).gets(text).read();
}

TEST(ReadResponse, ReadsAnySplitting) {
    const std::string text = "HTTP/1.1 207 Multi\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 10\r\n\r\n0123456789";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read_one(text, piece);
        ASSERT_EQ(end_of(outcome), "complete") << piece;
        EXPECT_TRUE(outcome->keeps_alive);
        EXPECT_EQ(outcome->received, text.size());
        const response& got = outcome->response;
        EXPECT_EQ(got.status, 207u);
        EXPECT_EQ(got.header("x-a"), "1");
        EXPECT_EQ(got.header("missing"), "");
        EXPECT_EQ(got.body, "0123456789");
        ASSERT_EQ(got.headers.size(), 3u);
        EXPECT_EQ(got.headers[1].second, "2");
    }
}

TEST(ReadResponse, ReadsChunks) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n0123\r\n6\r\n456789\r\n0\r\nT: "
        "x\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read_one(text, piece);
        ASSERT_EQ(end_of(outcome), "complete") << piece;
        EXPECT_EQ(outcome->response.body, "0123456789");
        EXPECT_TRUE(outcome->keeps_alive);
    }
}

TEST(ReadResponse, ReadsUntilTheEndWhenThereIsNoLength) {
    EXPECT_EQ(end_of(read_one("HTTP/1.1 200 OK\r\n\r\n0123")), "more");
    const auto outcome = text_reader().gets("HTTP/1.1 200 OK\r\n\r\n0123").ends().read();
    ASSERT_EQ(end_of(outcome), "complete");
    EXPECT_FALSE(outcome->keeps_alive);
    EXPECT_EQ(outcome->response.body, "0123");
}

TEST(ReadResponse, RefusesAStatusThatIsNotAnAnswerAtTheEndToo) {
    for (const std::string status : {"002", "000", "099"}) {
        const auto outcome = text_reader().gets("HTTP/1.1 " + status + " OK\r\n\r\n0123").ends().read();
        EXPECT_NE(end_of(outcome).find("was not asked for"), std::string::npos) << status;
    }
}

TEST(ReadResponse, SaysWhetherTheConnectionLives) {
    const auto keeps = [](const std::string& head) {
        const auto outcome = read_one(head + "Content-Length: 0\r\n\r\n");
        EXPECT_EQ(end_of(outcome), "complete") << head;
        return outcome && outcome->keeps_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\n"));
    EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"));
}

TEST(ReadResponse, BytesAfterAResponseEndTheConnection) {
    const auto outcome = read_one("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n01\r\n");
    EXPECT_EQ(end_of(outcome), "complete");
    EXPECT_FALSE(outcome->keeps_alive);
}

TEST(ReadResponse, ReadsOneResponseAfterTheOther) {
    text_reader reader;
    for (int i = 0; i < 3; ++i) {
        const auto outcome = reader.gets("HTTP/1.1 204 X\r\nN: x\r\n\r\n").read();
        ASSERT_EQ(end_of(outcome), "complete");
        EXPECT_EQ(outcome->response.status, 204u);
        EXPECT_TRUE(outcome->keeps_alive);
    }
}

TEST(ReadResponse, ExpectsNoBodyAfterHead) {
    const auto outcome = text_reader().gets("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").read(false);
    EXPECT_EQ(end_of(outcome), "complete");
}

TEST(ReadResponse, SkipsInformationalAnswersUpToABound) {
    const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    std::string text;
    for (int i = 0; i < 8; ++i) text += hint;
    for (const std::size_t piece : {std::size_t(1), std::size_t(7), text_reader::in_one_piece}) {
        const auto outcome = read_one(text + last, piece);
        ASSERT_EQ(end_of(outcome), "complete");
        EXPECT_EQ(outcome->response.status, 200u);
        EXPECT_EQ(outcome->received, text.size() + last.size());
    }
    EXPECT_EQ(end_of(read_one(text + hint + last)), "too many informational (1xx) answers");
}

TEST(ReadResponse, RefusesWhatIsNotAResponse) {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    const std::string rows[] = {
        "garbage\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\n\r\n",
        ok + "Content-Length: -1\r\n\r\n",
        ok + "Content-Length: 1x\r\n\r\n",
        ok + "Content-Length: 99999999999999999999999\r\n\r\n",
        ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n",
        ok + "Bad Name: x\r\n\r\n",
        ok + " folded first\r\n\r\n",
    };
    for (const std::string& text : rows) {
        const auto outcome = read_one(text);
        ASSERT_TRUE(outcome) << text;
        EXPECT_FALSE(outcome->refused.empty()) << text << ": " << end_of(outcome);
    }
}

TEST(ReadResponse, BoundsHeaderBodyAndChunkTexts) {
    const auto end = [&](const std::string& text) { return end_of(text_reader({1000, 100}).gets(text).read()); };
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    EXPECT_EQ(end(ok + "A: " + std::string(900, 'x') + "\r\nContent-Length: 0\r\n\r\n"), "complete");
    EXPECT_EQ(end(ok + "A: " + std::string(1000, 'x') + "\r\nContent-Length: 0\r\n\r\n"),
              "the header is larger than 1000 bytes");
    EXPECT_EQ(end(std::string(2000, 'x')).substr(0, 5), "not a");
    EXPECT_EQ(end(ok + "Content-Length: 100\r\n\r\n" + std::string(100, 'x')), "complete");
    EXPECT_EQ(end(ok + "Content-Length: 101\r\n\r\n"), "the body is larger than 100 bytes");
    EXPECT_EQ(end(ok + "\r\n" + std::string(101, 'x')), "the body is larger than 100 bytes");
    EXPECT_EQ(end(ok + "Transfer-Encoding: chunked\r\n\r\n65\r\n"), "the body is larger than 100 bytes");
    EXPECT_EQ(end(ok + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'x')),
              "a chunk header or trailer does not end");
    EXPECT_EQ(end(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(100'000, 'x')),
              "a chunk header or trailer does not end");
}

TEST(ReadResponse, AnEndInTheMiddleIsALoss) {
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n01";
    for (std::size_t size = 0; size < text.size(); ++size) {
        const auto outcome = text_reader().gets(text.substr(0, size)).ends().read();
        ASSERT_TRUE(outcome);
        EXPECT_TRUE(outcome->lost) << size;
        EXPECT_EQ(outcome->received, size);
    }
    const auto informational = text_reader().gets("HTTP/1.1 100 Continue\r\n\r\n").ends().read();
    EXPECT_EQ(informational->lost, boost::beast::http::error::end_of_stream);
    EXPECT_GT(informational->received, 0u);
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123";
    EXPECT_EQ(text_reader().gets(chunked).ends().read()->lost, boost::beast::http::error::partial_message);
}

}  // namespace
}  // namespace consent_sync::http::test
