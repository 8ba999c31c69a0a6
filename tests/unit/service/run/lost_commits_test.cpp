#include "service/run/lost_commits.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;

struct comparison {
    const char* words;
    ledger_progress in;
    progress_on_disk seen;
};

TEST(LostCommits, LedgerIsBehindWhenAnythingKnowsMore) {
    const ledger_progress in{5, 100, 7, 30, 0};
    const comparison all[] = {
        {"", in, {}},  // the first start after an upgrade
        {"", in, {5, 100, 7, 30}},
        {"", in, {4, 99, 6, 29}},             // a crash between the commit and its record
        {"", in, {std::nullopt, 100, 0, 0}},  // everything was tidied away
        {"newest commit 100 of 101", in, {5, 101, 7, 30}},
        {"generation 5 of 6", in, {6, 100, 7, 30}},
        {"files up to 00000007 of 00000008", in, {5, 100, 8, 30}},
        {"attempts up to 30 of 31", in, {5, 100, 7, 31}},
        {"open files whose rows do not add up: 2", {5, 100, 7, 30, 2}, {5, 100, 7, 30}},
        {"newest commit 0 of 9; generation 0 of 1; files up to 00000000 of 00000003; attempts up to 0 of 4",
         {},
         {1, 9, 3, 4}},
    };
    for (const comparison& each : all) EXPECT_EQ(describe_lost(each.in, each.seen), each.words);
}

TEST(LostCommits, LossIsRecentUpToTwoGenerations) {
    const auto recent = [](std::int64_t in, std::optional<std::int64_t> seen) {
        return is_recent_loss({in, 0, 0, 0, 0}, {seen, {}, 0, 0});
    };
    EXPECT_TRUE(recent(5, 5));
    EXPECT_TRUE(recent(3, 5));
    EXPECT_FALSE(recent(2, 5));
    EXPECT_FALSE(recent(0, std::nullopt));
}

class AcceptLoss : public ledger::LedgerTest {
  protected:
    std::string accept(std::int64_t generation, const traces& found) {
        std::string words;
        run([&](ledger::store& s) {
            const ledger_progress in{generation, 1, s.files().newest(), 0, 0};
            words = accept_loss(s, found, in, {5, 2, found.newest_arrival, found.newest_attempt}, {});
        });
        return words;
    }
};

TEST_F(AcceptLoss, TakesFilesAgainUnderTheirNumbersAndHeld) {
    traces found;
    found.newest_arrival = 9;
    found.newest_attempt = 40;
    found.processing = {{8, "00000008.csv.gz", "00000008.csv.gz"}};
    found.done = {{7, "00000007-b.csv", "b.csv"}};
    const std::string words = accept(4, found);
    EXPECT_NE(words.find("1 of processing/ and 1 of done/ are read again and held, 0 of done/"), std::string::npos)
        << words;
    run([](ledger::store& s) {
        const auto b = s.files().find(7);
        ASSERT_TRUE(b);
        EXPECT_EQ(b->name, "b.csv");
        EXPECT_EQ(b->stored_name, "00000007.csv");
        EXPECT_EQ(b->gate, ledger::file_gate::held);
        EXPECT_EQ(b->state, ledger::file_state::claiming);
        EXPECT_EQ(s.files().find(8)->stored_name, "00000008.csv.gz");
        EXPECT_EQ(s.files().newest(), 9u);
        EXPECT_GT(s.recover({}, base::milliseconds(0)).next_attempt, 40);
    });
}

TEST_F(AcceptLoss, LeavesDoneFilesOfALongLossToTheOperator) {
    traces found;
    found.newest_arrival = 7;
    found.done = {{7, "00000007-b.csv", "b.csv"}};
    const std::string words = accept(2, found);
    EXPECT_NE(words.find("0 of done/ are read again and held, 1 of done/ are left there"), std::string::npos) << words;
    run([](ledger::store& s) {
        EXPECT_FALSE(s.files().find(7));
        EXPECT_EQ(s.files().newest(), 7u);
    });
}

// What was sent after them is unknown, so their opt-ins may undo an opt-out. A recent loss is read again as a whole.
TEST_F(AcceptLoss, HoldsOpenFilesAfterALongLossOnly) {
    const auto gate_after = [this](std::int64_t generation) {
        std::vector<ledger::file_record> files(1);
        files[0].name = "open.csv";
        files[0].stored_name = ".csv";
        run([&](ledger::store& s) { s.files().add(files); });
        accept(generation, {});
        ledger::file_gate gate{};
        run([&](ledger::store& s) { gate = s.files().find(files[0].arrival)->gate; });
        return gate;
    };
    EXPECT_EQ(gate_after(4), ledger::file_gate::open);
    EXPECT_EQ(gate_after(2), ledger::file_gate::held);
}

// The ledger had it, and forgot it when its time was over: nothing of it was lost.
TEST_F(AcceptLoss, LeavesFilesThatAreOlderThanTheLoss) {
    traces found;
    found.newest_arrival = 10;
    found.processing = {{9, "00000009.csv", "00000009.csv"}};
    found.done = {{10, "00000010-b.csv", "b.csv"}};
    run([&](ledger::store& s) {
        const std::string words = accept_loss(s, found, {4, 1, 9, 0, 0}, {5, 2, 10, 0}, {});
        EXPECT_NE(words.find("0 of processing/ and 1 of done/"), std::string::npos) << words;
        EXPECT_FALSE(s.files().find(9));
        EXPECT_TRUE(s.files().find(10));
    });
}

class Traces : public ::testing::Test {
  protected:
    Traces() {
        std::string name = (fs::temp_directory_path() / "consent-sync-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        paths_.processing = make("processing");
        paths_.done = make("done");
        paths_.refused = make("refused");
        paths_.reports = make("reports");
    }
    ~Traces() override { fs::remove_all(root_); }
    std::string make(const std::string& below) {
        fs::create_directories(root_ + "/" + below);
        return root_ + "/" + below;
    }
    void put(const std::string& below, const std::string& text = "") { std::ofstream(root_ + "/" + below) << text; }
    traces find(consent::arrival_number known) {
        return find_traces(paths_, known, [] {});
    }

    std::string root_;
    config::folders paths_;
};

TEST_F(Traces, OfNothing) {
    EXPECT_EQ(find(0).newest_arrival, 0u);
    fs::remove_all(root_);
    EXPECT_EQ(find(0).newest_arrival, 0u);
}

TEST_F(Traces, InEveryFolder) {
    put("processing/00000003.csv");
    EXPECT_EQ(find(0).newest_arrival, 3u);
    put("done/00000004-a.csv");
    EXPECT_EQ(find(0).newest_arrival, 4u);
    put("refused/00000005-b.csv");
    put("refused/00000005-b.csv.reason.json", R"({"name":"b.csv","file_id":"00000005","reason":"…"})");
    EXPECT_EQ(find(0).newest_arrival, 5u);
    make("reports/2026-11-23/00000006-c.csv");
    EXPECT_EQ(find(0).newest_arrival, 6u);
    put("reports/2026-11-23/files.ndjson", "{\"file_id\":\"00000007\"}\n");
    EXPECT_EQ(find(0).newest_arrival, 7u);
    put("reports/2026-11-23/batches.ndjson",
        "{\"attempt_id\":12,\"files\":[{\"file_id\":\"00000008\"}]}\n{\"attempt_id\":11}\n");
    const traces found = find(3);
    EXPECT_EQ(found.newest_arrival, 8u);
    EXPECT_EQ(found.newest_attempt, 12);
    ASSERT_EQ(found.processing.size(), 1u);
    ASSERT_EQ(found.done.size(), 1u);
    EXPECT_EQ(found.done[0].name, "a.csv");
    EXPECT_TRUE(find(4).done.empty());
}

TEST_F(Traces, NamesOfOtherPeopleAreNone) {
    put("processing/notes.txt");
    put("processing/00000003-x.csv");   // not as the daemon names it there
    put("done/20261130-contacts.csv");  // far above
    put("done/9-a.csv");
    put("done/0000000000000000000000000099-a.csv");
    put("refused/00000011-contacts.csv");  // refused in the inbox, and named so by its owner
    put("refused/00000011-contacts.csv.reason.json", R"({"name":"00000011-contacts.csv","reason":"…"})");
    make("reports/2026-11-23");
    put("reports/2026-11-23/files.ndjson", R"({"name":"\"attempt_id\":99 \"file_id\":\"00000012\""})");
    put("reports/2026-11-23/batches.ndjson", "{\"attempt_id\":");
    const traces found = find(0);
    EXPECT_EQ(found.newest_arrival, 0u);
    EXPECT_EQ(found.newest_attempt, 0);
    EXPECT_TRUE(found.processing.empty());
}

}  // namespace
}  // namespace consent_sync::service
