#include "config/loader.hpp"

#include "config/checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "config/difference.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::config {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

load_options with_credentials() { return {.credentials_dir = "/run/credentials/x", .need_credentials = true}; }

base::result<settings> parse(std::string_view text) {
    return parse_settings(text, "/etc/consent-sync/c.json", with_credentials());
}

settings parsed(std::string_view text) {
    const auto s = parse(text);
    EXPECT_TRUE(s.has_value()) << s.error().message;
    return s ? *s : settings();
}

std::string fault(std::string_view text) {
    const auto s = parse(text);
    EXPECT_TRUE(s.has_error()) << text;
    return s ? "" : s.error().message;
}

// {"a":{"b":VALUE}} for "a.b".
std::string config_with(const std::string& path, const std::string& value) {
    const std::size_t dot = path.find('.');
    if (dot == std::string::npos) return "{\"" + path + "\":" + value + "}";
    return "{\"" + path.substr(0, dot) + "\":" + config_with(path.substr(dot + 1), value) + "}";
}

TEST(Loader, AnEmptyObjectMeansTheDefaults) {
    const settings s = parsed("{}");
    const settings fresh;
    EXPECT_EQ(s.inbox.dir, "/var/lib/consent-sync/inbox");
    EXPECT_EQ(s.inbox.work_dir, "/var/lib/consent-sync");
    EXPECT_EQ(s.hubspot.token_file, "/run/credentials/x/hubspot-token");
    EXPECT_EQ(s.hubspot.base_url, fresh.hubspot.base_url);
    EXPECT_EQ(s.limits.max_connections, fresh.limits.max_connections);
    EXPECT_FALSE(s.hubspot.oauth);
}

TEST(Loader, ReadsEveryKindOfValue) {
    const settings s = parsed(R"({
        // a comment
        "account": "acme", "state_dir": "/srv/acme/", /* another */
        "inbox": {"dir": "/mnt/in", "work_dir": "/mnt/work", "settle": "500ms", "max_bytes": "64MiB"},
        "hubspot": {"base_url": "http://127.0.0.1:8080", "token_file": "/secret/token", "proxy": "none",
                    "timeouts": {"request": "2m"}},
        "limits": {"requests": 190, "daily": 250000, "daily_reserve": "12.5%", "time_zone": "Europe/Berlin"},
        "defaults": {"statusState": "UNSUBSCRIBED", "subscriptionId": 7, "legalBasis": "NON_GDPR",
                     "legalBasisExplanation": "asked by phone"},
        "rules": {"require_legal_basis": true, "duplicate_window": "2d", "hold_above": "20%",
                  "unsubscribe_all": [1, 2], "ignore_columns": ["Tags", "profile.vip"]},
        "log": {"format": "json", "level": "debug"},
        "monitor": {"listen": null, "hosts": ["db1", "db1.example.com"]},
    })");
    EXPECT_EQ(s.account, "acme");
    EXPECT_EQ(s.state_dir, "/srv/acme");
    EXPECT_EQ(s.inbox.dir, "/mnt/in");
    EXPECT_EQ(s.inbox.work_dir, "/mnt/work");
    EXPECT_EQ(s.inbox.settle, 500ms);
    EXPECT_EQ(s.inbox.max_bytes, 64U << 20);
    EXPECT_EQ(s.hubspot.base_url, "http://127.0.0.1:8080");
    EXPECT_EQ(s.hubspot.token_file, "/secret/token");
    EXPECT_EQ(s.hubspot.proxy, "none");
    EXPECT_EQ(s.hubspot.timeouts.request, 2min);
    EXPECT_EQ(s.limits.requests, 190U);
    EXPECT_EQ(s.limits.daily, 250'000U);
    EXPECT_DOUBLE_EQ(s.limits.daily_reserve, 0.125);
    EXPECT_EQ(s.limits.time_zone, "Europe/Berlin");
    EXPECT_EQ(s.defaults.state, consent::status_state::unsubscribed);
    EXPECT_EQ(s.defaults.subscription, 7);
    EXPECT_EQ(s.defaults.basis, consent::legal_basis::non_gdpr);
    EXPECT_EQ(s.defaults.explanation, "asked by phone");
    EXPECT_TRUE(s.rules.require_legal_basis);
    EXPECT_EQ(s.rules.duplicate_window, 48h);
    EXPECT_EQ(s.rules.hold_above_share, 0.2);
    EXPECT_FALSE(s.rules.hold_above_rows);
    EXPECT_EQ(s.rules.unsubscribe_all, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(s.rules.ignore_columns, (std::vector<std::string>{"Tags", "profile.vip"}));
    EXPECT_EQ(s.log.format, base::log_format::json);
    EXPECT_EQ(s.log.level, base::level::debug);
    EXPECT_EQ(s.monitor_listen, "");
    EXPECT_EQ(s.monitor_hosts, (std::vector<std::string>{"db1", "db1.example.com"}));
}

TEST(Loader, ResolvesRelativePathsAgainstTheFileItself) {
    const settings s = parsed(R"({"state_dir": "state", "hubspot": {"token_file": "../token"}})");
    EXPECT_EQ(s.state_dir, "/etc/consent-sync/state");
    EXPECT_EQ(s.inbox.dir, "/etc/consent-sync/state/inbox");
    EXPECT_EQ(s.hubspot.token_file, "/etc/token");
}

TEST(Loader, NeedsCredentials) {
    const load_options none{.credentials_dir = "", .need_credentials = true};
    const auto without = parse_settings("{}", "c.json", none);
    ASSERT_TRUE(without.has_error());
    EXPECT_THAT(without.error().message, StartsWith("c.json: hubspot.token_file: must name the file"));
    EXPECT_TRUE(parse_settings(R"({"hubspot":{"token_file":"/t"}})", "c.json", none).has_value());
    EXPECT_TRUE(parse_settings("{}", "c.json", {.credentials_dir = "", .need_credentials = false}).has_value());
    const auto oauth = parse_settings(R"({"hubspot":{"oauth":{"client_id":"x"}}})", "c.json", none);
    ASSERT_TRUE(oauth.has_error());
    EXPECT_THAT(oauth.error().message, HasSubstr("hubspot.oauth.client_secret_file: must name a file"));
    EXPECT_THAT(oauth.error().message, HasSubstr("hubspot.oauth.refresh_token_file: must name a file"));
}

TEST(Loader, TakesOauthCredentialsFromSystemdToo) {
    const settings s = parsed(R"({"hubspot":{"oauth":{"client_id":"app"}}})");
    ASSERT_TRUE(s.hubspot.oauth);
    EXPECT_EQ(s.hubspot.oauth->client_id, "app");
    EXPECT_EQ(s.hubspot.oauth->client_secret_file, "/run/credentials/x/hubspot-client-secret");
    EXPECT_EQ(s.hubspot.oauth->refresh_token_file, "/run/credentials/x/hubspot-refresh-token");
    EXPECT_EQ(s.hubspot.oauth->path, "/oauth/v3/token");
    EXPECT_EQ(s.hubspot.token_file, "");
    EXPECT_THAT(fault(R"({"hubspot":{"oauth":{}}})"), HasSubstr("hubspot.oauth.client_id: is required"));
    EXPECT_THAT(fault(R"({"hubspot":{"token_file":"/t","oauth":{"client_id":"x"}}})"), HasSubstr("but has both"));
    EXPECT_FALSE(parsed(R"({"hubspot":{"oauth":null}})").hubspot.oauth);
}

TEST(Loader, NamesLineAndColumnOfASyntaxError) {
    EXPECT_EQ(fault("{\n  \"account\" \"x\"\n}"),
              "/etc/consent-sync/c.json:2:13: this is not valid JSON (syntax error)");
    EXPECT_THAT(fault("{\"account\": \"x\""), HasSubstr("c.json:1:16: the text ends too early"));
    EXPECT_THAT(fault("{}\n{}"), HasSubstr("c.json:2:1: there is text after"));
    EXPECT_THAT(fault("\xef\xbb\xbf{\"\xc3\xbc\": x}"), HasSubstr("c.json:1:7:"));
    EXPECT_THAT(fault("{\"log\":{},\"log\":{}}"), HasSubstr("\"log\" appears twice"));
    EXPECT_THAT(fault(""), HasSubstr("ends too early"));
    EXPECT_THAT(fault(std::string(100'000, '[')), HasSubstr("nested deeper"));
    EXPECT_THAT(fault(std::string(2U << 20, ' ')), HasSubstr("larger than"));
    EXPECT_THAT(fault("{\"a\": \"\xff\"}"), HasSubstr("c.json:1:"));
    EXPECT_THAT(fault("[]"), HasSubstr("must be an object"));
}

TEST(Loader, ReportsAllFaultsAtOnce) {
    const std::string message = fault(R"({"acount": "x", "inbox": {"settle": 5, "max_bytes": "1"}, "batch": 7,
                                          "log": {"level": "loud"}, "keep": null})");
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 5);
    EXPECT_THAT(message, HasSubstr("c.json: acount: unknown key; did you mean \"account\"?"));
    EXPECT_THAT(message, HasSubstr("c.json: inbox.settle: must be a duration from 0s to 1h"));
    EXPECT_THAT(message, HasSubstr("but is 5"));
    EXPECT_THAT(message, HasSubstr("inbox.max_bytes: must be a size from 1KiB to 1TiB"));
    EXPECT_THAT(message, HasSubstr("batch: must be an object { … }"));
    EXPECT_THAT(message, HasSubstr("log.level: must be one of \"debug\" \"info\" \"warn\" \"error\", but is \"loud\""));
    EXPECT_THAT(message, HasSubstr("keep: must be an object { … }"));
}

TEST(Loader, BoundsTheListOfFaults) {
    std::string text = "{";
    for (int i = 0; i < 1'000; ++i) text += "\"zzz" + std::to_string(i) + "\":0,";
    const std::string message = fault(text + "}");
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 50);
    EXPECT_THAT(message, HasSubstr("and 950 more errors"));
}

TEST(Loader, SuggestsTheNearestKey) {
    EXPECT_THAT(fault(R"({"hubspot":{"token":"x"}})"),
                HasSubstr("hubspot.token: unknown key; did you mean \"token_file\"?"));
    EXPECT_THAT(fault(R"({"batch":{"maxChanges":1}})"), HasSubstr("did you mean \"max_changes\"?"));
    EXPECT_THAT(fault(R"({"Inbox":{}})"), HasSubstr("did you mean \"inbox\"?"));
    EXPECT_THAT(fault(R"({"inbox.settle":"1s"})"), HasSubstr("inbox.settle: unknown key"));
    EXPECT_THAT(fault(R"({"xylophone":1})"), HasSubstr("allowed here are account, state_dir"));
}

TEST(Loader, ShowsNoSecretAndNoControlCharacter) {
    EXPECT_THAT(fault(R"({"hubspot":{"token_file":"pat-na1-11111111-2222"}})"), Not(HasSubstr("1111")));
    EXPECT_THAT(fault(R"({"hubspot":{"proxy":"socks5://me:hunter2@h"}})"), Not(HasSubstr("hunter2")));
    EXPECT_THAT(fault("{\"a\\u001b[2J\\n\": 1}"), HasSubstr("a\\x1b[2J\\n: unknown key"));
    EXPECT_LT(fault("{\"" + std::string(100'000, 'k') + "\": 1}").size(), 400U);
    EXPECT_LT(fault("{\"account\": \"" + std::string(100'000, ' ') + "\"}").size(), 400U);
}

TEST(Loader, ChecksTexts) {
    struct table_row {
        const char* path;
        std::vector<const char*> good;
        std::vector<const char*> bad;
    };
    const std::vector<table_row> rows = {
        {"account", {"a", "acme-EU_1.x"}, {"", "a b", "a/b", "..", "\xc3\xbc"}},
        {"state_dir", {"/x", "x"}, {"", "/a\\nb"}},
        {"hubspot.base_url",
         {"https://api.hubapi.com", "https://h:8443/prefix", "https://[::2]:1", "http://localhost:80", "http://[::1]:1",
          "http://127.9.9.9"},
         {"", "api.hubapi.com", "ftp://x", "http://api.hubapi.com", "http://127.0.0.1.evil.com",
          "http://localhost.evil", "https://user@h", "https://", "https://h:0", "https://h:65536", "https://h?x",
          "https://h/a?b", "https://h h", "https://.", "https://h.", "https://.h:1"}},
        {"hubspot.path", {"/", "/a/b"}, {"", "a", "/a?b", "/a b", "/a#b"}},
        {"hubspot.proxy",
         {"none", "http://proxy:3128", "http://proxy", "http://u:p@proxy:1", "http://u:%25@proxy:1",
          "http://proxy:3128/"},
         {"http://u:p%@proxy:1", "http://u:%4@proxy:1", "http://u:%zz@proxy:1", "http://u:p@.:1", "", "proxy:3128",
          "https://p", "socks5://p", "http://p:99999", "http://"}},
        {"limits.time_zone", {"auto", "UTC", "US/Eastern"}, {"", "Europe/Atlantis", "../../etc/passwd", "CEST+1"}},
        {"monitor.listen",
         {"127.0.0.1:0", "0.0.0.0:9464", "[::1]:9464"},
         {"", "9464", ":9464", "localhost:1", "1.2.3.4", "1.2.3.4:65536", "::1:80"}},
        {"rules.hold_above", {"20%", "0.5%", "100%"}, {"", "0%", "101%", "20", "-1%"}},
        {"limits.daily_reserve", {"0%", "10%", "12.25%", "100%"}, {"", "10", "100.01%", "-1%", "1.234%", ".5%", "5.%"}},
        {"defaults.statusState", {"SUBSCRIBED", "NOT_SPECIFIED"}, {"", "subscribed", "X"}},
        {"defaults.legalBasisExplanation", {"x"}, {"", " "}},
    };
    for (const table_row& row : rows) {
        for (const char* value : row.good) {
            const auto s = parse(config_with(row.path, "\"" + std::string(value) + "\""));
            EXPECT_TRUE(s.has_value()) << s.error().message;
        }
        for (const char* value : row.bad) {
            EXPECT_THAT(fault(config_with(row.path, "\"" + std::string(value) + "\"")),
                        HasSubstr("c.json: " + std::string(row.path) + ": must be "));
        }
    }
}

TEST(Loader, ChecksBounds) {
    struct table_row {
        const char* path;
        std::vector<const char*> good;
        std::vector<const char*> bad;
    };
    const std::vector<table_row> rows = {
        {"inbox.settle", {R"("0s")", R"("1h")"}, {R"("3600001ms")", "null", "2", R"("2")", R"("-1s")"}},
        {"inbox.rescan", {R"("100ms")", R"("1h")"}, {R"("99ms")", R"("61m")"}},
        {"inbox.max_bytes",
         {"1024", R"("1KiB")", R"("1TiB")"},
         {"1023", R"("2TiB")", "-1", R"("4GB")", R"("99999999TiB")"}},
        {"hubspot.timeouts.connect", {R"("10ms")", R"("5m")"}, {R"("9ms")", R"("301s")"}},
        {"hubspot.timeouts.request", {R"("10m")"}, {R"("11m")"}},
        {"batch.max_changes", {"1", "1000"}, {"0", "1001", "1.0", "\"1\"", "-1", "18446744073709551615", "1e999"}},
        {"batch.max_wait", {R"("0s")", R"("1h")"}, {R"("2h")"}},
        {"limits.requests", {"1", "10000", R"("auto")"}, {"0", "10001", R"("all")", "null"}},
        {"limits.interval", {R"("100ms")", R"("1m")"}, {R"("99ms")", R"("61s")"}},
        {"limits.daily", {"1", "1000000000"}, {"0", "1000000001"}},
        {"limits.max_connections", {"1", "1024"}, {"0", "1025"}},
        {"retry.initial", {R"("1ms")"}, {R"("0s")", R"("301s")"}},
        {"retry.max", {R"("500ms")", R"("1h")"}, {R"("499ms")", R"("2h")"}},
        {"retry.max_attempts", {"1", "100"}, {"0", "101"}},
        {"retry.late_write_window", {R"("0s")", R"("24h")"}, {R"("25h")"}},
        {"defaults.subscriptionId",
         {"1", "9223372036854775807", "null"},
         {"0", "9223372036854775808", R"("7")", "1.5"}},
        {"rules.duplicate_window", {R"("0s")", R"("400d")"}, {R"("3651d")", R"("90m")"}},
        {"rules.hold_above", {"1", "null"}, {"0", "-5", "true", "[]"}},
        {"rules.ignore_columns", {"[\"Tags\"]", "[\"a\",\"a\"]", "null"}, {"[]", "\"Tags\"", "[1]", "[\"\"]", "{}"}},
        {"rules.unsubscribe_all", {"[1]", "null"}, {"[]", "[0]", "[1,1]", "[\"1\"]", "1", "[9223372036854775808]"}},
        {"rules.require_legal_basis", {"true", "false"}, {"null", "1", "\"true\""}},
        {"keep.done", {R"("1h")", R"("3650d")"}, {R"("0s")", R"("59m")", R"("3651d")"}},
        {"keep.ledger", {R"("30d")"}, {R"("29d")", R"("23h")"}},
        {"stop_grace", {R"("0s")", R"("10m")"}, {R"("11m")"}},
    };
    for (const table_row& row : rows) {
        for (const char* value : row.good) {
            const auto s = parse(config_with(row.path, value));
            EXPECT_TRUE(s.has_value()) << s.error().message;
        }
        for (const char* value : row.bad) {
            EXPECT_THAT(fault(config_with(row.path, value)), HasSubstr("c.json: " + std::string(row.path) + ": must "))
                << value;
        }
    }
}

TEST(Loader, KeepsTheLedgerForTheWholeDuplicateWindow) {
    EXPECT_TRUE(parse(R"({"rules":{"duplicate_window":"40d"},"keep":{"ledger":"40d"}})").has_value());
    EXPECT_THAT(fault(R"({"rules":{"duplicate_window":"41d"},"keep":{"ledger":"40d"}})"),
                HasSubstr("keep.ledger: must not be less than rules.duplicate_window"));
}

TEST(Loader, AcceptsOrRefusesEveryTypeForEveryKey) {
    for (const std::string& path : known_keys()) {
        for (const char* value : {"null", "true", "0", "-1", "1.5", "1e400", "\"\"", "\"\\u0000\"", "[]", "[[]]", "{}",
                                  "{\"\":null}", "18446744073709551615"}) {
            const auto s = parse(config_with(path, value));
            if (s.has_error()) {
                EXPECT_THAT(s.error().message, HasSubstr("c.json: ")) << path << ' ' << value;
            }
        }
    }
}

TEST(Loader, ReadsAFileOrReportsTheFailure) {
    const base::temp_folder dir;
    dir.write("c.json", R"({"state_dir":"state"})");
    const auto s = load_settings(dir / "c.json", with_credentials());
    ASSERT_TRUE(s.has_value()) << s.error().message;
    EXPECT_EQ(s->state_dir, dir / "state");
    const auto none = load_settings(dir / "none.json", with_credentials());
    ASSERT_TRUE(none.has_error());
    EXPECT_EQ(none.error().code, base::errc::not_found);
    EXPECT_THAT(none.error().message, HasSubstr("none.json: No such file"));
}

TEST(NearestWord, IsEmptyWhenNoWordIsSimilar) {
    EXPECT_EQ(nearest_word("settel", {"settle", "rescan"}), "settle");
    EXPECT_EQ(nearest_word("max-bytes", {"max_bytes", "max"}), "max_bytes");
    EXPECT_EQ(nearest_word("q", {"settle", "rescan"}), "");
    EXPECT_EQ(nearest_word("completely_else", {"settle", "rescan"}), "");
    EXPECT_EQ(nearest_word(std::string(100'000, 's'), {"settle"}), "");
}

// Well-known names that a machine may lack, because Debian has them in a separate package.
TEST(TimeZone, ThatWasRenamedIsReportedWithItsNewName) {
    EXPECT_EQ(time_zone.hint("US/Eastern"),
              "write \"America/New_York\", its current name, or install the package tzdata-legacy");
    EXPECT_EQ(time_zone.hint("Mars/Base"), "");
    const auto wrong = parse_settings(R"({"limits": {"time_zone": "Mars/Base"}})", "/c.json",
                                      {.credentials_dir = "", .need_credentials = false});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message.find("tzdata-legacy"), std::string::npos);
}

TEST(Credentials, ThatTheUnitLostAreReported) {
    const auto lost = parse_settings("{}", "/c.json", {.credentials_dir = "", .need_credentials = true});
    ASSERT_FALSE(lost);
    EXPECT_NE(lost.error().message.find("a drop-in resets it"), std::string::npos) << lost.error().message;
    EXPECT_NE(lost.error().message.find("LoadCredential="), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::config
