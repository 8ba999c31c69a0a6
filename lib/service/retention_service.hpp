// Removes what is older than `keep` says: rows of the ledger, files in done/ and refused/, days of reports. In small
// steps with pauses between them, so that neither the ledger's thread nor the disk is held for long; once at the start
// and every hour. Each round also makes the ledger a generation newer (ledger/generation.hpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>

#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "config/folders.hpp"
#include "config/settings.hpp"
#include "service/disk_trouble.hpp"
#include "service/ledger_thread.hpp"

namespace consent_sync::service {

class retention_service {
  public:
    retention_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                      const base::clock& clock, const config::settings& settings, const config::folders& paths,
                      ledger_thread& ledger, const disk_trouble& trouble);

    void start();
    void configure();  // after a reload: looks at once
    void stop();
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

  private:
    struct totals;
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> run_round();
    boost::asio::awaitable<void> remove_from_ledger(totals& all);
    boost::asio::awaitable<void> remove_files(totals& all);
    boost::asio::awaitable<void> grow_generation();
    boost::asio::awaitable<void> wait(base::milliseconds time);

    boost::asio::any_io_executor home_;
    boost::asio::thread_pool& blocking_;
    const base::clock& clock_;
    const config::settings& settings_;
    config::folders paths_;
    ledger_thread& ledger_;
    const disk_trouble& trouble_;
    boost::asio::steady_timer next_round_;
    async::task_group tasks_;
    bool again_ = false;
    bool stopping_ = false;
    bool told_ = false;  // that something could not be removed
};

}  // namespace consent_sync::service
