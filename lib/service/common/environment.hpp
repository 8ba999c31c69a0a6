// What every part of the running daemon needs. It is copied; what it refers to outlives all parts.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/clock.hpp"
#include "config/settings.hpp"
#include "service/common/ledger_thread.hpp"

namespace consent_sync::service {

struct environment {
    boost::asio::any_io_executor home;   // the thread of all logic
    boost::asio::thread_pool& blocking;  // for files: their reading, writing and syncing
    const base::clock& clock;
    const config::settings& settings;  // a reload changes them in place, in one turn of the home thread
    ledger_thread& ledger;
};

}  // namespace consent_sync::service
