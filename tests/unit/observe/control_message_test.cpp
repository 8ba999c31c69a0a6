#include "observe/control_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/control_client.hpp"

namespace consent_sync::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ControlMessage, RequestsComeBackAsTheyWere) {
    control_request asked;
    asked.command = control_command::refuse;
    asked.file = 42;
    asked.words = "a \"bought\" list\n";
    asked.state_dir = "/var/lib/x";
    asked.config = "/etc/consent-sync/x.json";
    const std::string line = format_request(asked);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto got = parse_request(line);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->command, control_command::refuse);
    EXPECT_EQ(got->file, 42u);
    EXPECT_EQ(got->words, asked.words);
    EXPECT_EQ(got->state_dir, asked.state_dir);
    EXPECT_EQ(got->config, asked.config);
}

TEST(ControlMessage, LongWordsAreCut) {
    control_request asked;
    asked.command = control_command::pause;
    asked.words = std::string(10'000, 'x');
    EXPECT_LE(format_request(asked).size(), control_request_max);
    EXPECT_EQ(parse_request("{\"command\":\"pause\",\"words\":\"" + std::string(3'000, 'y') + "\"}")->words.size(),
              control_words_max);
}

TEST(ControlMessage, RefusesWhatIsNoRequest) {
    for (const char* line : {"", "x", "[]", "{}", R"({"command":"rm"})", R"({"command":1})", R"({"command":"retry"})",
                             R"({"command":"retry","file_id":-1})", R"({"command":"retry","file_id":"1"})",
                             R"({"command":"retry","file_id":4294967296})", "{\"command\":\"pause\"", "\x00\x01"})
        EXPECT_FALSE(parse_request(line)) << line;
}

TEST(ControlMessage, RepliesComeBackAsTheyWere) {
    control_reply said;
    said.ok = true;
    said.words = "paused";
    said.status["a"] = 1;
    const auto got = parse_reply(format_reply(said));
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->ok);
    EXPECT_FALSE(got->other_daemon);
    EXPECT_EQ(got->words, "paused");
    EXPECT_EQ(got->status, said.status);
    EXPECT_FALSE(parse_reply("nonsense"));
}

TEST(ControlRights, RootServiceAndAdminsSteerTheGroupLooks) {
    const control_rights rights{990, 991, true, 992};
    EXPECT_TRUE(may_steer({0, {0}}, rights));
    EXPECT_TRUE(may_steer({990, {5}}, rights));
    EXPECT_TRUE(may_steer({1000, {1000, 992}}, rights));
    EXPECT_FALSE(may_steer({1000, {1000, 991}}, rights));
    EXPECT_TRUE(may_look({1000, {1000, 991}}, rights));
    EXPECT_FALSE(may_look({1000, {1000}}, rights));
    EXPECT_FALSE(may_steer({1000, {0}}, {990, 991, false, 0}));  // there is no such group: its id means nothing
}

TEST(FileId, IsDigits) {
    EXPECT_EQ(*parse_file_id("00000042"), 42u);
    EXPECT_EQ(*parse_file_id("7"), 7u);
    for (const char* text : {"", "0", "-1", "1x", " 1", "4294967296", "2147483648"})
        EXPECT_FALSE(parse_file_id(text)) << text;
}

TEST(ControlSocket, LiesInTheRuntimeFolderElseInTheStateFolder) {
    config::settings s;
    s.state_dir = "/var/lib/acme";
    EXPECT_EQ(control_socket_path(s, "/run/consent-sync-accounts/acme:/run/other"),
              "/run/consent-sync-accounts/acme/control.sock");
    EXPECT_EQ(control_socket_path(s, ""), "/var/lib/acme/control.sock");
    EXPECT_THAT(control_socket_places(s, "/etc/consent-sync/acme.json"),
                testing::IsSupersetOf({"/run/consent-sync-accounts/acme/control.sock", "/run/consent-sync/control.sock",
                                       "/var/lib/acme/control.sock"}));
    s.control_socket = "/x";
    EXPECT_EQ(control_socket_path(s, "/run/y"), "/x");
    EXPECT_THAT(control_socket_places(s, "/c.json"), ElementsAre("/x"));
}

}  // namespace
}  // namespace consent_sync::observe
