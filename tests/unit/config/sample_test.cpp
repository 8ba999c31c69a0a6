// The sample configuration, the schema and the loader agree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <string>

#include "base/file.hpp"
#include "config/difference.hpp"
#include "config/key.hpp"
#include "config/loader.hpp"
#include "source_paths.hpp"

namespace consent_sync::config {
namespace {

namespace json = boost::json;

const std::string folder = CONSENT_SYNC_SOURCE_DIR "/config";

load_options sample_options() { return {.credentials_dir = "/run/credentials/x", .need_credentials = true}; }

std::string read(const std::string& name) { return base::read_small_file(folder + "/" + name, 1U << 20).value(); }

json::object schema() { return json::parse(read("consent-sync.schema.json")).as_object(); }

void collect_keys(const json::object& object, const std::string& prefix, std::set<std::string>& keys) {
    for (const auto& member : object.at("properties").as_object()) {
        const std::string path = prefix + std::string(std::string_view(member.key()));
        const json::object& property = member.value().as_object();
        if (path == "$schema") continue;
        if (property.contains("properties")) {
            EXPECT_EQ(property.at("additionalProperties"), false) << path;
            collect_keys(property, path + '.', keys);
        } else {
            keys.insert(path);
        }
    }
}

json::object collect_defaults(const json::object& object) {
    json::object defaults;
    for (const auto& member : object.at("properties").as_object()) {
        const json::object& property = member.value().as_object();
        if (property.contains("default")) {
            defaults[member.key()] = property.at("default");
        } else if (property.contains("properties")) {
            defaults[member.key()] = collect_defaults(property);
        }
    }
    return defaults;
}

std::vector<std::string> changed(const settings& a, const settings& b) {
    std::vector<std::string> paths;
    for (const changed_key& each : difference(a, b))
        paths.push_back(each.path + ": " + each.before + " → " + each.after);
    return paths;
}

TEST(Sample, HasTheDefaults) {
    const auto sample = load_settings(folder + "/consent-sync.json", sample_options());
    ASSERT_TRUE(sample.has_value()) << sample.error().message;
    const auto defaults = parse_settings("{}", "/c.json", sample_options());
    ASSERT_TRUE(defaults.has_value());
    EXPECT_THAT(changed(*defaults, *sample), testing::IsEmpty());
}

TEST(Sample, ShowsEveryKey) {
    const std::string text = read("consent-sync.json");
    for (const std::string& path : known_keys()) {
        EXPECT_THAT(text, testing::HasSubstr("\"" + path.substr(path.rfind('.') + 1) + "\":")) << path;
    }
}

TEST(Schema, HasTheKeysOfTheLoader) {
    std::set<std::string> in_schema;
    collect_keys(schema(), "", in_schema);
    const std::vector<std::string> known = known_keys();
    EXPECT_EQ(in_schema, std::set<std::string>(known.begin(), known.end()));
}

TEST(Schema, HasTheDefaultsOfTheLoader) {
    const std::string text = json::serialize(collect_defaults(schema()));
    const auto from_schema = parse_settings(text, "/c.json", sample_options());
    ASSERT_TRUE(from_schema.has_value()) << from_schema.error().message;
    const auto defaults = parse_settings("{}", "/c.json", sample_options());
    EXPECT_THAT(changed(*defaults, *from_schema), testing::IsEmpty());
}

TEST(Keys, EachBelongsToAKnownSection) {
    std::set<std::string> sections = {""};
    for (const section& each : all_sections()) sections.insert(each.path);
    std::set<std::string> seen;
    for (const key& each : all_keys()) {
        const std::size_t dot = each.path.rfind('.');
        EXPECT_TRUE(sections.contains(dot == std::string::npos ? "" : each.path.substr(0, dot))) << each.path;
        EXPECT_TRUE(seen.insert(each.path).second) << each.path << " is there twice";
    }
}

TEST(Difference, NamesWhatChangedAndWhatNeedsARestart) {
    const auto before = parse_settings(R"({"hubspot":{"proxy":"http://u:old@p:1"}})", "/c.json", sample_options());
    const auto after = parse_settings(
        R"({"state_dir":"/s","inbox":{"dir":"/var/lib/consent-sync/inbox","settle":"3s"},
            "hubspot":{"proxy":"http://u:new@p:1","oauth":{"client_id":"x"}}})",
        "/c.json", sample_options());
    ASSERT_TRUE(before.has_value() && after.has_value());
    std::map<std::string, changed_key> by_path;
    for (const changed_key& each : difference(*before, *after)) by_path[each.path] = each;
    EXPECT_TRUE(by_path.at("state_dir").needs_restart);
    EXPECT_EQ(by_path.at("state_dir").after, "\"/s\"");
    EXPECT_FALSE(by_path.at("inbox.settle").needs_restart);
    EXPECT_EQ(by_path.at("inbox.settle").before, "\"2s\"");
    EXPECT_FALSE(by_path.contains("inbox.dir"));
    EXPECT_EQ(by_path.at("hubspot.oauth.client_id").before, "null");
    // A changed password counts as a change, but is not shown.
    ASSERT_TRUE(by_path.contains("hubspot.proxy"));
    EXPECT_THAT(by_path.at("hubspot.proxy").after, testing::Not(testing::HasSubstr("new")));
    EXPECT_THAT(difference(*after, *after), testing::IsEmpty());
}

TEST(Difference, ANewTokenFileTakesEffectAtOnceButOauthDoesNot) {
    const auto one = parse_settings(R"({"hubspot":{"token_file":"/one"}})", "/c.json");
    const auto two = parse_settings(R"({"hubspot":{"token_file":"/two"}})", "/c.json");
    const auto oauth = parse_settings(R"({"hubspot":{"oauth":{"client_id":"x"}}})", "/c.json", sample_options());
    ASSERT_TRUE(one.has_value() && two.has_value() && oauth.has_value());
    const auto other_file = difference(*one, *two);
    ASSERT_EQ(other_file.size(), 1u);
    EXPECT_FALSE(other_file[0].needs_restart);
    EXPECT_EQ(reloaded(*one, *two).hubspot.token_file, "/two");
    for (const auto& [from, to] : {std::pair(&one, &oauth), std::pair(&oauth, &one)}) {
        for (const changed_key& each : difference(**from, **to)) EXPECT_TRUE(each.needs_restart) << each.path;
        const settings now = reloaded(**from, **to);
        EXPECT_EQ(now.hubspot.token_file, (*from)->hubspot.token_file);
        EXPECT_EQ(now.hubspot.oauth.has_value(), (*from)->hubspot.oauth.has_value());
    }
}

TEST(Reloaded, TakesEveryKeyExceptThoseThatNeedARestart) {
    const auto before = parse_settings("{}", "/c.json", sample_options());
    const auto after = parse_settings(R"({
        "account": "b", "state_dir": "/b", "stop_grace": "1s", "monitor": {"listen": null, "hosts": ["b"]},
        "inbox": {"dir": "/b/in", "work_dir": "/b/work", "settle": "1s", "rescan": "1s", "max_bytes": "1MiB"},
        "hubspot": {"base_url": "https://b.example", "path": "/b", "ca_file": "/b/ca", "proxy": "none",
                    "oauth": {"client_id": "b", "client_secret_file": "/b/s", "refresh_token_file": "/b/r", "path": "/b/o"},
                    "timeouts": {"connect": "1s", "tls": "1s", "request": "1s"}},
        "batch": {"max_changes": 7, "max_wait": "7s"},
        "limits": {"requests": 7, "interval": "7s", "daily": 7, "daily_reserve": "7%", "time_zone": "Europe/Berlin",
                   "max_connections": 7},
        "retry": {"initial": "7ms", "max": "7s", "max_attempts": 7, "late_write_window": "7s"},
        "defaults": {"statusState": "SUBSCRIBED", "subscriptionId": 7, "legalBasis": "NON_GDPR",
                     "legalBasisExplanation": "b"},
        "rules": {"require_legal_basis": true, "duplicate_window": "7d", "hold_above": 7, "unsubscribe_all": [7],
                  "ignore_columns": ["Tags"],
                  "known_subscriptions": "auto", "contradictions": "last"}, "control": {"socket": "/b/socket"},
        "keep": {"done": "7d", "reports": "7d", "ledger": "7d"}, "log": {"format": "json", "level": "debug"}})",
                                      "/c.json", sample_options());
    ASSERT_TRUE(before.has_value());
    ASSERT_TRUE(after.has_value()) << after.error().message;
    const settings now = reloaded(*before, *after);
    std::set<std::string> applied, waiting;
    for (const changed_key& each : difference(*before, now)) {
        EXPECT_FALSE(each.needs_restart) << each.path;
        applied.insert(each.path);
    }
    for (const changed_key& each : difference(now, *after)) {
        EXPECT_TRUE(each.needs_restart) << each.path;
        waiting.insert(each.path);
    }
    for (const std::string& path : known_keys()) {
        if (path == "defaults.channel" || path == "hubspot.proxy")
            continue;  // one has only one value, the value of the other is hidden
        EXPECT_TRUE(applied.contains(path) || waiting.contains(path)) << path;
    }
}

}  // namespace
}  // namespace consent_sync::config
