#include "hubspot_sim/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_client.hpp"

namespace consent_sync::hubspot_sim {
namespace {

using ::testing::HasSubstr;

std::string handshake_error(certificate_fault fault) {
    options o;
    o.certificate = fault;
    const auto sim = simulator::start(o);
    EXPECT_TRUE(sim);
    test_client client(**sim);
    return client.connect().message();
}

TEST(Certificate, OfGoodMakingIsTrusted) {
    EXPECT_EQ(handshake_error(certificate_fault::none), boost::system::error_code().message());
}

TEST(Certificate, WithAFaultIsNotTrusted) {
    for (const auto fault :
         {certificate_fault::wrong_name, certificate_fault::expired, certificate_fault::self_signed}) {
        EXPECT_THAT(handshake_error(fault), HasSubstr("certificate verify failed")) << static_cast<int>(fault);
    }
}

TEST(Certificate, OfTheAuthorityHoldsNoKey) {
    const auto made = make_certificate(certificate_fault::none);
    ASSERT_TRUE(made);
    EXPECT_THAT(made->authority_pem, HasSubstr("BEGIN CERTIFICATE"));
    EXPECT_EQ(made->authority_pem.find("KEY"), std::string::npos);
}

TEST(TlsServer, WithOldVersionsOnlyIsRefusedByDefault) {
    options o;
    o.tls_min = tls_version::v1_0;
    o.tls_max = tls_version::v1_1;
    const auto sim = simulator::start(o);
    ASSERT_TRUE(sim);
    test_client client(**sim);
    EXPECT_TRUE(client.connect());
}

TEST(TlsServer, SpeaksTheNewestVersionItMay) {
    options o;
    o.tls_max = tls_version::v1_2;
    const auto sim = simulator::start(o);
    ASSERT_TRUE(sim);
    test_client client(**sim);
    EXPECT_FALSE(client.connect());
    EXPECT_EQ(client.write({item("a@b.c")}).status, 200u);
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
