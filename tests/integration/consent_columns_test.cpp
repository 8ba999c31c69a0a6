// The real binary with files whose opt-outs are in columns with unknown names. It must never ask HubSpot to subscribe a
// person whom a file may have opted out.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

constexpr const char* default_opt_in = R"("defaults": { "statusState": "SUBSCRIBED", "subscriptionId": 7 })";

// The addresses in requests with a status.
std::vector<std::string> asked(daemon_under_test& d, std::string_view status) {
    std::vector<std::string> who;
    for (const auto& change : d.hubspot().received())
        if (change.status == status) who.push_back(change.subscriber);
    std::sort(who.begin(), who.end());
    return who;
}

std::size_t count_refused(const daemon_under_test& d) {
    std::size_t count = 0;
    std::error_code none;
    for (const auto& each : std::filesystem::directory_iterator(d.state("/refused"), none))
        count += each.path().string().ends_with(".reason.json");
    return count;
}

TEST(ConsentColumns, ADefaultOptInNeverStandsForWhatAFileMaySay) {
    daemon_under_test d({}, default_opt_in);
    d.start();
    const std::vector<std::pair<std::string, std::string>> files{
        {"a.csv", "Name,E-Mail,E-Mail opted out\nA,ann@example.com,1\nB,bob@example.com,0\n"},
        {"b.csv", "email,accepts_newsletter\nann@example.com,no\n"},
        {"c.csv", "Email,UNSUBSCRIBE_TIME,City\nann@example.com,2026-01-02 03:04:05,Ulm\n"},
        {"d.ndjson", "{\"email\":\"bob@example.com\"}\n{\"email\":\"ann@example.com\",\"optouts\":{\"all\":true}}\n"},
        {"e.ndjson", "{\"email\":\"ann@example.com\",\"event\":\"unsubscribe\"}\n"},
        {"f.json", "{\"kind\":\"unsubscribe\",\"inputs\":[{\"email\":\"ann@example.com\"}]}"},
        {"g.csv", "email\tKategorie\nann@example.com\tabgemeldet\n"},
        {"unsubscribed-people.csv", "email\nann@example.com\n"}};
    for (const auto& [name, content] : files) d.drop(name, content);
    d.drop("good.csv", "E-Mail,Vorname,Customer ID\ncarl@example.com,Carl,17\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1U);
    EXPECT_TRUE(d.wait([&] { return count_refused(d) == files.size(); }));
    EXPECT_EQ(asked(d, "SUBSCRIBED"), std::vector<std::string>{"carl@example.com"});
    EXPECT_NE(d.log().find("ignore_columns"), std::string::npos);
}

TEST(ConsentColumns, BesideAStatusOnlyTheOptOutsAreSent) {
    daemon_under_test d({}, R"("defaults": { "subscriptionId": 7 })");
    d.start();
    d.drop(
        "a.csv",
        "email,status,HasOptedOutOfMail,opt_out,State\nann@example.com,subscribed,1,0,TX\nbob@example.com,unsubscribed,1,1,NO\n"
        "carl@example.com,subscribed,,1,NO\ndora@example.com,subscribed,,0,NO\n");
    d.drop("codes.csv", "email,status\nann@example.com,1\nbob@example.com,-1\ncarl@example.com,3\n");
    d.drop("joined.csv", "email,opt_in\neve@example.com,1\nemail,opt_out\nann@example.com,1\n");
    d.drop("marks.csv", "email,status\n'fay@example.com,'subscribed\n‘gus@example.com’,opt-out\n");
    ASSERT_EQ(d.wait_for_files(4).size(), 4U);
    const std::vector<std::string> in = asked(d, "SUBSCRIBED");
    EXPECT_EQ(in, (std::vector<std::string>{"dora@example.com", "eve@example.com", "fay@example.com"}));
    const std::vector<std::string> out = asked(d, "UNSUBSCRIBED");
    EXPECT_EQ(out, (std::vector<std::string>{"bob@example.com", "gus@example.com"}));
    for (const char* event : {"event=file.columns_suspicious", "event=file.noted", "event=file.broke_off"})
        EXPECT_NE(d.log().find(event), std::string::npos) << event;
}

TEST(ConsentColumns, AReloadThatNamesTheColumnsLetsTheFileThrough) {
    daemon_under_test d({}, default_opt_in);
    d.start();
    const std::string file = "email,Tags,profile\nann@example.com,vip,\n";
    d.drop("a.csv", file);
    ASSERT_TRUE(d.wait([&] { return count_refused(d) == 1; }));
    d.write_config(std::string(default_opt_in) + R"(, "rules": { "ignore_columns": ["tags", "Profile"] })");
    d.reload();
    d.drop("b.csv", file);
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(count(files[0], "confirmed"), 1U);
}

TEST(ConsentColumns, CheckIsNotContentWithSuchAFile) {
    daemon_under_test d({}, R"("defaults": { "subscriptionId": 7 })");
    const auto check = [&](const std::string& name, const std::string& content) {
        const std::string path = d.file(name);
        std::ofstream(path) << content;
        return d.command("check", {path});
    };
    const auto suspicious = check("a.csv", "email,status,Unsub date\nann@example.com,no,\n");
    EXPECT_EQ(suspicious.status, 3);
    EXPECT_NE(suspicious.out.find("Unsub date, whose name suggests that it says who may be mailed"), std::string::npos)
        << suspicious.out;
    const auto both = check("b.csv", "email,status\nann@example.com,yes\nAnn@example.com,no\n");
    EXPECT_EQ(both.status, 3);
    EXPECT_NE(both.out.find("contradictions: 1 person"), std::string::npos) << both.out;
    const auto codes = check("c.csv", "email,status\nann@example.com,1\nbob@example.com,2\n");
    EXPECT_EQ(codes.status, 3);
    EXPECT_NE(codes.out.find("codes of another program"), std::string::npos) << codes.out;
    const auto marks = check("d.csv", "email,status,city\n'ann@example.com,yes,Ulm\n");
    EXPECT_EQ(marks.status, 0) << marks.out;
    EXPECT_NE(marks.out.find("taken off in 1 row"), std::string::npos) << marks.out;
}

// What it counts as valid is what the daemon confirms, also behind a header in the middle of the file.
TEST(ConsentColumns, CheckCountsWhatTheDaemonSends) {
    daemon_under_test d({}, default_opt_in);
    d.start();
    const std::vector<std::pair<std::string, std::size_t>> files{
        {"email,city\nann@example.com,Ulm\nbob@example.com,Bonnemail,opt_out\neve@example.com,1\n", 1},
        {"email,city\ncarl@example.com,Ulm\nUser,Flag\neve@example.com,1\n", 1},
        {"email,status\ndora@example.com,no\n#email,opt_out\neve@example.com,1\nfay@example.com,1\n", 1},
        {"email,city\nhal@example.com,Ulm\nemail,city\nivy@example.com,Bonn\nn/a,Bonn\n", 2}};
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string name = std::to_string(i) + ".csv";
        std::ofstream(d.file(name)) << files[i].first;
        const auto checked = d.command("check", {d.file(name)});
        EXPECT_EQ(checked.status, 3);
        const std::string valid = "valid " + std::to_string(files[i].second) + " ";
        EXPECT_NE(checked.out.find(valid), std::string::npos) << checked.out;
        d.drop(name, files[i].first);
        const auto done = d.wait_for_files(i + 1);
        ASSERT_EQ(done.size(), i + 1);
        EXPECT_EQ(count(done[i], "confirmed"), files[i].second) << files[i].first;
    }
    for (const std::string& who : asked(d, "SUBSCRIBED")) EXPECT_NE(who, "eve@example.com");
    std::ofstream(d.file("half.csv")) << "email\nann@example.com\nbob@example.co";
    EXPECT_NE(d.command("check", {d.file("half.csv")}).out.find("the last line has no line end"), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::integration
