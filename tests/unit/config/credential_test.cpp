#include "config/credential.hpp"

#include <gtest/gtest.h>

namespace consent_sync::config {
namespace {

TEST(Credential, NamesTheStoreOfThePackagedUnit) {
    const auto one =
        find_credential("/run/credentials/consent-sync.service/hubspot-token", "/run/credentials/consent-sync.service");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->name, "hubspot-token");
    EXPECT_EQ(one->store, "/etc/credstore/consent-sync.hubspot-token");
    const auto account = find_credential("/run/credentials/consent-sync@big-corp.service/hubspot-client-secret",
                                         "/run/credentials/consent-sync@big-corp.service/");
    ASSERT_TRUE(account);
    EXPECT_EQ(account->store, "/etc/credstore/consent-sync.big-corp.hubspot-client-secret");
    EXPECT_EQ(how_to_replace(*account, "the secret"),
              "put the secret into /etc/credstore/consent-sync.big-corp.hubspot-client-secret (or wherever the unit's "
              "LoadCredential= looks), then systemctl restart consent-sync@big-corp.service");
}

TEST(Credential, OtherFilesAreNotCredentials) {
    const std::string folder = "/run/credentials/consent-sync.service";
    for (const std::string& file : {std::string("/etc/consent-sync/token"), folder, folder + "/", folder + "/a/b",
                                    folder + "-2/hubspot-token", std::string()})
        EXPECT_FALSE(find_credential(file, folder)) << file;
    EXPECT_FALSE(find_credential("/etc/token", ""));
    EXPECT_FALSE(find_credential("/token", "/"));
}

}  // namespace
}  // namespace consent_sync::config
