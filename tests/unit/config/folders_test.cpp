#include "config/folders.hpp"

#include <gtest/gtest.h>

namespace consent_sync::config {
namespace {

TEST(Folders, AreBelowTheStateFolder) {
    settings s;
    s.state_dir = "/s";
    const folders f = derive_folders(s);
    EXPECT_EQ(f.inbox, "/s/inbox");
    EXPECT_EQ(f.processing, "/s/processing");
    EXPECT_EQ(f.done, "/s/done");
    EXPECT_EQ(f.refused, "/s/refused");
    EXPECT_EQ(f.reports, "/s/reports");
    EXPECT_EQ(f.ledger, "/s/ledger.db");
}

TEST(Folders, FollowAConfiguredInbox) {
    settings s;
    s.state_dir = "/s";
    s.inbox.dir = "/mnt/in";
    s.inbox.work_dir = "/mnt/claimed";
    const folders f = derive_folders(s);
    EXPECT_EQ(f.inbox, "/mnt/in");
    EXPECT_EQ(f.processing, "/mnt/claimed/processing");
    EXPECT_EQ(f.refused, "/mnt/claimed/refused");
    EXPECT_EQ(f.reports, "/s/reports");
    EXPECT_EQ(f.ledger, "/s/ledger.db");
}

// A unit with PrivateTmp= has a private /tmp.
TEST(Folders, BelowTmpAreReported) {
    settings s;
    s.state_dir = "/var/lib/x";
    EXPECT_EQ(why_private(s), "");
    for (const std::string inbox : {"/tmp/inbox", "/var/tmp/a/inbox"}) {
        s.inbox.dir = inbox;
        EXPECT_NE(why_private(s).find("inbox.dir is below"), std::string::npos) << inbox;
        EXPECT_NE(why_private(s).find("PrivateTmp"), std::string::npos) << inbox;
    }
    s.inbox.dir = "/tmpfiles/inbox";
    EXPECT_EQ(why_private(s), "");
    s.inbox.work_dir = "/tmp";
    EXPECT_NE(why_private(s), "");
}

}  // namespace
}  // namespace consent_sync::config
