// The server side of TLS, set up by the options.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "base/result.hpp"
#include "hubspot_sim/certificate.hpp"
#include "hubspot_sim/options.hpp"

namespace consent_sync::hubspot_sim {

base::result<void> set_up_tls(boost::asio::ssl::context& context, const certificate& c, const options& o);

}  // namespace consent_sync::hubspot_sim
