// ledger → reports: writes them as the ledger fills: a line for every ended attempt, the files' own reports when they
// are settled, and brings finished files to done/.
//
// It writes and syncs on a blocking thread, which has its own connection to the ledger, and then records its progress
// in the ledger. After a crash in between, the same is written again. Trouble with the disk is logged once; writing is
// retried.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "async/task_group.hpp"
#include "config/folders.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "observe/counters.hpp"
#include "report/report_writer.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/report_turns.hpp"

namespace consent_sync::service {

class report_service {
  public:
    report_service(const environment& env, const intake::work_folders& folders, observe::counters& counts);

    void start();
    void attempts_ended();  // there is something for batches.ndjson
    void files_settled();   // files may be finished
    void begin_stop();      // writes what is due, then ends
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> write_batches();
    boost::asio::awaitable<bool> finish_files();
    boost::asio::awaitable<bool> open_writer();
    boost::asio::awaitable<void> record(report::ledger_marks marks);
    boost::asio::awaitable<void> wait(report_turns::pause how);
    void trouble(const base::error& e);

    environment env_;
    config::folders paths_;
    const intake::work_folders& folders_;
    observe::counters& counts_;
    async::task_group tasks_;
    boost::asio::steady_timer changed_;
    std::unique_ptr<report::report_writer> writer_;
    report_turns turns_;
    bool troubled_ = false;
    bool stopping_ = false;
};

}  // namespace consent_sync::service
