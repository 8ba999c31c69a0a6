// The table of answers (lib/delivery/README.md) against hubspot_sim, over TLS: one test per row, named after it.
#include <gtest/gtest.h>

#include <ctime>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

using hubspot_sim::fault;
using hubspot_sim::fault_kind;
using std::chrono::milliseconds;

constexpr const char* quick = R"("retry": { "initial": "20ms", "max": "1s" })";

std::string rows(const std::string& who, int count, const std::string& status = "subscribed") {
    std::string text;
    for (int i = 0; i < count; ++i) text += who + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

std::string csv(const std::string& lines) { return "email,subscription_id,status\n" + lines; }

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

std::uint64_t errors_of(daemon_under_test& d) {
    std::uint64_t errors = 0;
    for (const auto& [status, count] : d.hubspot().counters().statuses)
        if (status >= 400) errors += count;
    return errors;
}

// --- answers about the whole request: no row gets a verdict from them

struct answer_row {
    const char* name;
    std::vector<fault> script;  // for the first requests; then HubSpot works
    const char* pause = "";     // the reason of the only pause; empty: none
    milliseconds wait{0};       // at least, between the first request and the next
    const char* says = "";      // in the log
    friend void PrintTo(const answer_row& r, std::ostream* out) { *out << r.name; }
};

class Answer : public testing::TestWithParam<answer_row> {};

TEST_P(Answer, HasItsActionAndCostsNoRow) {
    const answer_row& row = GetParam();
    daemon_under_test d({}, quick);
    d.replace_in_config("\"ca_file\"", "\"timeouts\": { \"request\": \"1s\" }, \"ca_file\"");
    d.replace_in_config("\"max_wait\": \"100ms\"", "\"max_wait\": \"100ms\", \"max_changes\": 5");
    d.hubspot().next(row.script);
    d.start();
    d.drop("a.csv", csv(rows("p", 15)));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 15u);
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    const std::string log = d.log();
    const std::size_t pauses = *row.pause ? 1 : 0;
    EXPECT_EQ(count_of(log, "event=pause.begun"), pauses);
    EXPECT_EQ(count_of(log, std::string("event=pause.begun reason=") + row.pause), pauses);
    EXPECT_EQ(count_of(log, std::string("event=pause.ended reason=") + row.pause), pauses);
    if (pauses > 0) {
        EXPECT_GE(count_of(log, "event=pause.probe"), 1u);
    }
    EXPECT_NE(log.find(row.says), std::string::npos) << row.says;
    const auto requests = d.hubspot().requests();
    ASSERT_GE(requests.size(), 2u);
    std::int64_t next = INT64_MAX;
    for (const auto& r : requests)
        if (r.fault.empty() && r.arrived_ms > requests[0].ended_ms) next = std::min(next, r.arrived_ms);
    EXPECT_GE(next - requests[0].arrived_ms, row.wait.count());
}

std::string http_date(std::chrono::seconds from_now) {
    const std::time_t at = std::time(nullptr) + from_now.count();
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
}

constexpr const char* missing_scope =
    R"({"status":"error","message":"This app hasn't been granted all required scopes to make this call.","category":"MISSING_SCOPES",)"
    R"("errors":[{"message":"One or more of the following scopes are required.","context":{"requiredGranularScopes":["communication_preferences.statuses.batch.write"]}}]})";

// Three batches are in flight at once, and each gets an answer that stops sending.
INSTANTIATE_TEST_SUITE_P(
    To, Answer,
    testing::Values(
        answer_row{"Http200WithStatusPending", {fault::batch_status("PENDING")}},
        answer_row{"Http200WithoutABody", {fault::empty(200)}}, answer_row{"Http202WithHtml", {fault::html(202)}},
        answer_row{"Http200CutInHalf", {fault::of(fault_kind::truncated)}},
        answer_row{"Http200ThatNamesNobody", {fault::of(fault_kind::empty_results)}},
        answer_row{"Http200WithStrangers", {fault::of(fault_kind::strangers)}},
        answer_row{"Http400ForAMoment", {fault::status(400).times(18)}},
        // Too few refusals for a pause: each change is tried again by itself, and the first acceptance brings the
        // others.
        answer_row{
            "Http400ForEverything", {fault::status(400).times(21)}, "", {}, "event=refusals.undecided changes=15"},
        answer_row{"Http413", {fault::status(413)}, "", {}, "event=batch.limit_halved changes=2"},
        answer_row{"Http403ScopeMissing",
                   {fault::custom(403, missing_scope).times(3)},
                   "scope",
                   {},
                   "communication_preferences.statuses.batch.write"},
        answer_row{"Http403OfAnEdge",
                   {fault::html(403).times(3)},
                   "scope",
                   {},
                   "something before HubSpot's API refuses the requests"},
        answer_row{"Http301", {fault::status(301).times(3)}, "configuration", {}, "HubSpot has no such endpoint"},
        answer_row{"Http404", {fault::html(404).times(3)}, "configuration"},
        answer_row{"Http405", {fault::status(405).times(3)}, "configuration"},
        answer_row{"Http415", {fault::status(415).times(3)}, "configuration"},
        answer_row{"Http423", {fault::status(423).times(3)}, "", milliseconds(2'000)},
        answer_row{"Http429WithRetryAfterInSeconds",
                   {fault::status(429).with_header("Retry-After", "2").times(3)},
                   "",
                   milliseconds(2'000),
                   "event=limit.refused wait_ms=2000"},
        answer_row{"Http477WithRetryAfter",
                   {fault::status(477).with_header("Retry-After", "2").times(3)},
                   "moving",
                   milliseconds(2'000),
                   "probe_in_s=2"},
        answer_row{"Http503Once", {fault::status(503)}},
        answer_row{"Http500WithRetryAfter",
                   {fault::status(500).with_header("Retry-After", "2").times(3)},
                   "",
                   milliseconds(2'000)},
        answer_row{"Http503WithRetryAfter",
                   {fault::status(503).with_header("Retry-After", "2").times(3)},
                   "",
                   milliseconds(2'000)},
        answer_row{"Http524WithRetryAfter",
                   {fault::html(524).with_header("Retry-After", "2").applied().times(3)},
                   "",
                   milliseconds(2'000)},
        answer_row{"Http5xxOfManyKinds",
                   {fault::status(500), fault::html(502).applied(), fault::status(503), fault::html(504).applied(),
                    fault::html(520), fault::html(524).applied(), fault::html(530), fault::status(500)},
                   "outage",
                   {},
                   "event=pause.begun reason=outage"},
        answer_row{"AReset", {fault::reset().applied()}},
        answer_row{"AClosedConnection", {fault::of(fault_kind::close)}},
        answer_row{"NoHttp", {fault::of(fault_kind::garbage)}},
        answer_row{"ATimeout", {fault::of(fault_kind::stall).applied()}, "", milliseconds(1'000)}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Answers, RetryAfterAsADateIsWaitedFor) {
    daemon_under_test d({}, quick);
    d.start();
    d.drop("first.csv", csv(rows("first", 5)));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.hubspot().next({fault::status(429).with_header("Retry-After", http_date(8s))});
    d.drop("a.csv", csv(rows("p", 5)));
    ASSERT_EQ(d.wait_for_files(2).size(), 2u);
    const auto requests = d.hubspot().requests();
    ASSERT_EQ(requests.size(), 3u);
    const auto waited = requests[2].arrived_ms - requests[1].arrived_ms;
    EXPECT_GE(waited, 2'000) << "a date has no fractions of a second";
    EXPECT_LE(waited, 9'000) << "and it is not the 10 s of a 429 that says nothing";
}

TEST(Answers, TheDailyLimitPausesUntilTheAccountsMidnightAlsoOverARestart) {
    daemon_under_test d({}, quick);
    d.start();
    d.drop("first.csv", csv(rows("first", 5)));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    // HubSpot told the account's time zone, because there is a daily limit.
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=account.time_zone zone=US/Eastern") != std::string::npos; }));
    d.hubspot().next({fault::daily_limit().times(1'000)});
    d.drop("a.csv", csv(rows("p", 5)));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=\"daily limit\"") != std::string::npos; }));
    EXPECT_NE(d.log().find("goes_on=20"), std::string::npos) << "the log says when it goes on";
    const std::string status = d.command("status").out;
    EXPECT_NE(status.find("daily limit"), std::string::npos) << status;
    EXPECT_NE(status.find("looks again at"), std::string::npos) << status;
    const auto requests = d.hubspot().counters().requests;
    ASSERT_EQ(d.stop(), 0);
    d.start();
    EXPECT_NE(d.log().find("event=pause.goes_on reason=\"daily limit\""), std::string::npos);
    EXPECT_LE(d.hubspot().counters().requests, requests + 5) << "probes alone";
}

TEST(Answers, AZoneThatHubSpotDoesNotTellIsOneWarning) {
    hubspot_sim::options o;
    o.time_zone = "Mars/Olympus";  // an unknown zone: HubSpot's offset is used
    daemon_under_test d(std::move(o), quick);
    d.start();
    d.drop("a.csv", csv(rows("p", 5)));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=account.time_zone zone=UTC-05:00") != std::string::npos; }));
    EXPECT_EQ(d.log().find("event=account.time_zone_not_known"), std::string::npos);
}

// --- answers about one row: only this row is affected

struct bad_row {
    const char* name;
    const char* address;
    const char* status;
    const char* category;
    std::uint64_t errors;  // answers at most
    friend void PrintTo(const bad_row& r, std::ostream* out) { *out << r.name; }
};

class AnswerAboutOneRow : public testing::TestWithParam<bad_row> {};

TEST_P(AnswerAboutOneRow, IsItsVerdictAlone) {
    const bad_row& bad = GetParam();
    daemon_under_test d({}, quick);
    d.start();
    d.drop("first.csv", csv(rows("first", 5)));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.drop("a.csv", csv(rows("p", 42) + bad.address + "@example.com,7," + bad.status + "\n" + rows("q", 57)));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 99u);
    EXPECT_EQ(count(files[1], "rejected"), 1u);
    EXPECT_NE(d.report("failed.csv").find(bad.category), std::string::npos) << d.report("failed.csv");
    EXPECT_LE(errors_of(d), bad.errors);
    EXPECT_EQ(d.log().find("event=pause.begun"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    As, AnswerAboutOneRow,
    testing::Values(bad_row{"AnErrorThatNamesIt", "reject-1", "subscribed", "VALIDATION_ERROR", 0},
                    bad_row{"AnotherStatus", "other-1", "subscribed", "STATUS_NOT_APPLIED", 0},
                    bad_row{"Http400ThatNamesIt", "refuse-1", "subscribed", "VALIDATION_ERROR", 1},
                    bad_row{"Http400ThatNamesAnOptOut", "refuse-1", "unsubscribed", "VALIDATION_ERROR", 2},
                    bad_row{"Http400ThatNamesNobody", "refuse-unnamed-1", "subscribed", "VALIDATION_ERROR", 8},
                    bad_row{"Http400InvalidJson", "badjson-1", "subscribed", "Invalid input JSON", 8},
                    bad_row{"Http404ObjectNotFound", "notfound-1", "subscribed", "OBJECT_NOT_FOUND", 8},
                    bad_row{"Http409", "conflict-1", "subscribed", "CONFLICT", 8},
                    bad_row{"Http422", "unprocessable-1", "subscribed", "VALIDATION_ERROR", 8}),
    [](const auto& row) { return std::string(row.param.name); });

// It is sent alone in the end, and never counts as done.
TEST(Answers, AChangeThatNoAnswerNamesIsUnconfirmedWhileOthersGoOn) {
    daemon_under_test d({}, quick);
    d.start();
    d.drop("a.csv", csv(rows("p", 20) + "missing-1@example.com,7,subscribed\n"));
    const auto reported = [&d] { return d.report("failed.csv").find(",unconfirmed,") != std::string::npos; };
    for (int i = 0; i < 100 && !d.wait(reported, 1s); ++i)
        d.drop("other" + std::to_string(i) + ".csv", csv(rows("other" + std::to_string(i) + "-", 1)));
    EXPECT_TRUE(reported());
    EXPECT_FALSE(d.hubspot().state("missing-1@example.com", 7));
    EXPECT_EQ(d.hubspot().state("p3@example.com", 7)->status, "SUBSCRIBED");
}

// --- addresses that have more than one spelling

TEST(Spelling, TwoOfOneMailboxAreOneKeyWhateverHubSpotAnswersWith) {
    const std::string composed = "j\xc3\xb6rg@ex\xc3\xa4mple.com";
    const std::string decomposed = "jo\xcc\x88rg@exa\xcc\x88mple.com";
    const std::string ascii = "j\xc3\xb6rg@xn--exmple-cua.com";
    hubspot_sim::options o;
    o.answers_as = {{composed, ascii}, {decomposed, "J\xc3\x96RG@EX\xc3\x84MPLE.COM"}, {ascii, decomposed}};
    daemon_under_test d(std::move(o), quick);
    d.start();
    std::string lines;
    for (const std::string& spelling : {composed, ascii, decomposed})
        lines += spelling + ",7,subscribed\n" + spelling + ",8,unsubscribed\n" + spelling + ",8,subscribed\n";
    d.drop("a.csv", csv(lines + composed + ",7,unsubscribed\n" + ascii + ",8,unsubscribed\n" + rows("p", 50)));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed") + count(files[0], "superseded"), 61u);
    EXPECT_EQ(d.hubspot().state(composed, 7)->status, "UNSUBSCRIBED");
    EXPECT_EQ(d.hubspot().state(ascii, 8)->status, "UNSUBSCRIBED");
    EXPECT_EQ(count_of(d.log(), "event=pause.begun"), 0u);
    const auto history = d.command("history J\xc3\x96RG@XN--exmple-cua.com");
    EXPECT_NE(history.out.find("11 changes"), std::string::npos) << history.out;
}

TEST(Spelling, AnAddressThatNoAnswerNamesIsUnconfirmedAndNobodyElseWaits) {
    hubspot_sim::options o;
    o.answers_as = {{"odd@example.com", "0dd@example.com"}};
    daemon_under_test d(std::move(o), quick);
    d.start();
    d.drop("a.csv", csv("odd@example.com,7,subscribed\n"));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "unconfirmed"), 1u);
    d.drop("b.csv", csv("odd@example.com,7,unsubscribed\n" + rows("p", 50, "unsubscribed")));
    const auto both = d.wait_for_files(2);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(count(both[1], "unconfirmed"), 1u);
    EXPECT_EQ(count(both[1], "confirmed"), 50u);
    EXPECT_EQ(count_of(d.log(), "event=pause.begun"), 0u);
}

}  // namespace
}  // namespace consent_sync::integration
