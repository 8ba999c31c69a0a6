// processing/ → ledger: hashes, reads and imports what was claimed.
//
// Small files are read whole, many in one transaction, while a large file is read in pieces, so they do not wait for
// it. Home thread, except for the reading itself. After a crash, start() continues each file where its last transaction
// ended.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/bounded_queue.hpp"
#include "async/task_group.hpp"
#include "config/folders.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "observe/counters.hpp"
#include "service/account/subscriptions_service.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/delivery_service.hpp"
#include "service/pipeline/disk_trouble.hpp"
#include "service/pipeline/file_reading.hpp"
#include "service/pipeline/gates.hpp"
#include "service/pipeline/report_service.hpp"

namespace consent_sync::service {

class reading_service {
  public:
    reading_service(const environment& env, const intake::work_folders& folders, disk_trouble& trouble,
                    subscriptions_service& subscriptions, delivery_service& delivery, report_service& reports,
                    observe::counters& counts);

    // Continues with the open files of the ledger. A reload does not change the rules for a file that is being read.
    void start(const std::vector<ledger::file_record>& open_files);
    // A claimed file is to be read. Waits while very many are.
    boost::asio::awaitable<void> take(ledger::file_record file);
    void stop();
    boost::asio::awaitable<bool> drain(base::steady_time deadline) { return tasks_.wait_empty(deadline); }

  private:
    struct small_file {
        small_file(std::string path, ledger::file_record file) : reading(std::move(path), std::move(file)) {}
        bool keeps() const { return !step.piece.rows.empty() || step.piece.ended; }
        file_reading reading;
        read_step step;
        bool left = false;  // to the large ones
    };
    using small_group = std::vector<small_file>;

    intake::read_settings how_to_read(std::uint64_t content_max = std::numeric_limits<std::uint64_t>::max()) const;
    bool counts_rows() const;
    std::string path_of(const ledger::file_record& file) const;
    boost::asio::awaitable<void> wait_for_known();
    boost::asio::awaitable<void> run_small();
    boost::asio::awaitable<void> begin_small(std::shared_ptr<small_group> all);
    boost::asio::awaitable<void> read_small(std::shared_ptr<small_group> all);
    boost::asio::awaitable<void> end_small(small_file& each);
    boost::asio::awaitable<void> run_large();
    boost::asio::awaitable<bool> begin_large(std::shared_ptr<file_reading> reading);
    boost::asio::awaitable<void> read_large(ledger::file_record file);
    boost::asio::awaitable<void> wait_for_disk(base::error why);
    void announce(file_reading& reading, const import_piece& piece);
    void warn_of_doubted(const import_piece& piece);
    boost::asio::awaitable<void> ended(const ledger::file_record& file, const import_piece& piece);
    boost::asio::awaitable<void> refuse(ledger::file_record file, base::error why);
    boost::asio::awaitable<void> record_refused(ledger::file_record file, base::error why);
    boost::asio::awaitable<void> open_gates();

    environment env_;
    config::folders paths_;
    const intake::work_folders& folders_;
    disk_trouble& trouble_;
    subscriptions_service& subscriptions_;
    delivery_service& delivery_;
    report_service& reports_;
    observe::counters& counts_;
    async::task_group tasks_;
    async::bounded_queue<ledger::file_record> small_, large_;
    gates gates_;
    std::set<std::int64_t> doubted_;  // subscriptions of opt-outs that were warned of
    bool stopping_ = false;
    std::atomic<bool> stop_reading_ = false;  // for the threads that read
};

}  // namespace consent_sync::service
