#include "http/response_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace consent_sync::http {
namespace {

using progress = response_reader::progress;

struct reading {
    explicit reading(response_limits limits = {}) : reader(limits) { reader.start(response_reader::expect::body); }

    // Until complete, failed, or all given.
    progress give(std::string_view text, std::size_t piece = 1 << 20) {
        progress state = progress::more;
        while (!text.empty() && state == progress::more) {
            const auto room = reader.room();
            const std::size_t size = std::min({room.size(), text.size(), piece});
            std::copy_n(text.begin(), size, room.begin());
            text.remove_prefix(size);
            state = reader.added(size);
        }
        return state;
    }

    response_reader reader;
};

TEST(ResponseReader, ReadsAnySplitting) {
    const std::string text = "HTTP/1.1 207 Multi\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 10\r\n\r\n0123456789";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        reading r;
        ASSERT_EQ(r.give(text, piece), progress::complete) << piece;
        EXPECT_TRUE(r.reader.keeps_alive());
        EXPECT_EQ(r.reader.received(), text.size());
        const response got = r.reader.take();
        EXPECT_EQ(got.status, 207u);
        EXPECT_EQ(got.header("x-a"), "1");
        EXPECT_EQ(got.header("missing"), "");
        EXPECT_EQ(got.body, "0123456789");
        ASSERT_EQ(got.headers.size(), 3u);
        EXPECT_EQ(got.headers[1].second, "2");
    }
}

TEST(ResponseReader, ReadsChunks) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n0123\r\n6\r\n456789\r\n0\r\nT: "
        "x\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        reading r;
        ASSERT_EQ(r.give(text, piece), progress::complete) << piece;
        EXPECT_EQ(r.reader.take().body, "0123456789");
        EXPECT_TRUE(r.reader.keeps_alive());
    }
}

TEST(ResponseReader, ReadsUntilTheEndWhenThereIsNoLength) {
    reading r;
    EXPECT_EQ(r.give("HTTP/1.1 200 OK\r\n\r\n0123"), progress::more);
    EXPECT_EQ(r.reader.ended(), progress::complete);
    EXPECT_FALSE(r.reader.keeps_alive());
    EXPECT_EQ(r.reader.take().body, "0123");
}

TEST(ResponseReader, AStatusThatIsNoAnswerIsNoneAtTheEndEither) {
    for (const char* status : {"002", "000", "099"}) {
        reading r;
        EXPECT_EQ(r.give(std::string("HTTP/1.1 ") + status + " OK\r\n\r\n0123"), progress::more);
        EXPECT_EQ(r.reader.ended(), progress::failed) << status;
    }
}

TEST(ResponseReader, SaysWhetherTheConnectionLives) {
    const auto keeps = [](const std::string& head) {
        reading r;
        EXPECT_EQ(r.give(head + "Content-Length: 0\r\n\r\n"), progress::complete) << head;
        return r.reader.keeps_alive();
    };
    EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\n"));
    EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"));
}

TEST(ResponseReader, LeftoverEndsTheConnection) {
    reading r;
    EXPECT_EQ(r.give("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n01\r\n"), progress::complete);
    EXPECT_TRUE(r.reader.has_leftover());
    EXPECT_FALSE(r.reader.keeps_alive());
}

TEST(ResponseReader, ReadsOneResponseAfterTheOther) {
    reading r;
    for (int i = 0; i < 3; ++i) {
        r.reader.start(response_reader::expect::body);
        EXPECT_EQ(r.give("HTTP/1.1 204 X\r\nN: x\r\n\r\n"), progress::complete);
        EXPECT_EQ(r.reader.take().status, 204u);
        EXPECT_TRUE(r.reader.keeps_alive());
    }
}

TEST(ResponseReader, NoBodyIsExpectedAfterHead) {
    reading r;
    r.reader.start(response_reader::expect::no_body);
    EXPECT_EQ(r.give("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), progress::complete);
}

TEST(ResponseReader, SkipsInformationalAnswersUpToABound) {
    const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    std::string text;
    for (int i = 0; i < 8; ++i) text += hint;
    for (const std::size_t piece : {std::size_t(1), std::size_t(7), text.size() + last.size()}) {
        reading r;
        EXPECT_EQ(r.give(text + last, piece), progress::complete);
        EXPECT_EQ(r.reader.take().status, 200u);
    }
    reading r;
    EXPECT_EQ(r.give(text + hint + last), progress::failed);
    EXPECT_EQ(r.reader.failure(), "too many informational (1xx) answers");
}

TEST(ResponseReader, RefusesWhatIsNoResponse) {
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
        reading r;
        EXPECT_EQ(r.give(text), progress::failed) << text;
        EXPECT_FALSE(r.reader.failure().empty());
    }
}

TEST(ResponseReader, BoundsHeaderBodyAndChunkTexts) {
    const response_limits limits{1000, 100};
    const auto give = [&](const std::string& text) {
        reading r(limits);
        const progress state = r.give(text);
        return state == progress::failed ? r.reader.failure() : state == progress::more ? "more" : "complete";
    };
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    EXPECT_EQ(give(ok + "A: " + std::string(900, 'x') + "\r\nContent-Length: 0\r\n\r\n"), "complete");
    EXPECT_EQ(give(ok + "A: " + std::string(1000, 'x') + "\r\nContent-Length: 0\r\n\r\n"),
              "the header is larger than 1000 bytes");
    EXPECT_EQ(give(std::string(2000, 'x')).substr(0, 5), "not a");
    EXPECT_EQ(give(ok + "Content-Length: 100\r\n\r\n" + std::string(100, 'x')), "complete");
    EXPECT_EQ(give(ok + "Content-Length: 101\r\n\r\n"), "the body is larger than 100 bytes");
    EXPECT_EQ(give(ok + "\r\n" + std::string(101, 'x')), "the body is larger than 100 bytes");
    EXPECT_EQ(give(ok + "Transfer-Encoding: chunked\r\n\r\n65\r\n"), "the body is larger than 100 bytes");
    EXPECT_EQ(give(ok + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'x')),
              "a chunk header or trailer does not end");
    EXPECT_EQ(give(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(100'000, 'x')),
              "a chunk header or trailer does not end");
}

TEST(ResponseReader, AnEndInTheMiddleIsAFailure) {
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n01";
    for (std::size_t size = 1; size < text.size(); ++size) {
        reading r;
        ASSERT_EQ(r.give(text.substr(0, size)), progress::more);
        EXPECT_EQ(r.reader.ended(), progress::failed) << size;
    }
    reading informational;
    EXPECT_EQ(informational.give("HTTP/1.1 100 Continue\r\n\r\n"), progress::more);
    EXPECT_EQ(informational.reader.ended(), progress::failed);
    reading chunks;
    EXPECT_EQ(chunks.give("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123"), progress::more);
    EXPECT_EQ(chunks.reader.ended(), progress::failed);
}

}  // namespace
}  // namespace consent_sync::http
