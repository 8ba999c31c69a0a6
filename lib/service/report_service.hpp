// Writes the reports as the ledger fills: a line for every ended attempt, the files' own reports when they
// are settled, and brings finished files to done/.
//
// Writes and syncs on a blocking thread, which reads the ledger by a connection of its own, then records in
// the ledger how far it came; so any crash in between writes the same again. Trouble with the disk is logged
// once and tried again.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>

#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "config/folders.hpp"
#include "config/settings.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "report/report_writer.hpp"
#include "service/ledger_thread.hpp"
#include "service/report_turns.hpp"

namespace consent_sync::service {

class report_service {
  public:
    report_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                   const base::clock& clock, const config::settings& settings, ledger_thread& ledger,
                   const intake::work_folders& folders);

    void start();
    void attempts_ended();  // there is something for batches.ndjson
    void files_settled();   // files may be finished
    void set_counter(std::function<void()> on_done) { on_done_ = std::move(on_done); }  // called once a file
    void begin_stop();                                                                  // writes what is due, then ends
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> write_batches();
    boost::asio::awaitable<bool> finish_files();
    boost::asio::awaitable<bool> open_writer();
    boost::asio::awaitable<void> record(report::ledger_marks marks);
    boost::asio::awaitable<void> wait(report_turns::pause how);
    void trouble(const base::error& e);

    boost::asio::any_io_executor home_;
    boost::asio::thread_pool& blocking_;
    const base::clock& clock_;
    const config::settings& settings_;
    config::folders paths_;
    ledger_thread& ledger_;
    const intake::work_folders& folders_;
    async::task_group tasks_;
    boost::asio::steady_timer changed_;
    std::unique_ptr<report::report_writer> writer_;
    std::function<void()> on_done_;
    report_turns turns_;
    bool troubled_ = false;
    bool stopping_ = false;
};

}  // namespace consent_sync::service
