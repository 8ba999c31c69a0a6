// Brings files from the inbox into the ledger: watch, claim, hash, read, import.
//
// Small files are read whole, many in one transaction, beside a large one that is read in pieces; so they need not wait
// for it. Everything here is on the home thread but the reading itself. After a crash start() goes on with what the
// ledger says: a file that was claimed is read from where its last transaction ended.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "async/bounded_queue.hpp"
#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "config/folders.hpp"
#include "config/settings.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "intake/arrival/watch.hpp"
#include "service/arrived_together.hpp"
#include "service/disk_trouble.hpp"
#include "service/file_reading.hpp"
#include "service/grown_files.hpp"
#include "service/ledger_thread.hpp"

namespace consent_sync::service {

class intake_service {
  public:
    struct listener {
        std::function<void()> watching;                                                      // the inbox is; once
        std::function<void(consent::place first, consent::place last, bool opt_outs)> rows;  // may be chosen now
        std::function<void()> bulk_open;                                  // the bulk lane may find more
        std::function<void(consent::arrival_number)> read;                // a file was read to its end
        std::function<void(consent::verdict, std::uint64_t rows)> ended;  // rows that got their verdict here
        std::function<void()> refused;                                    // a file could not be read
        std::function<bool()> known_is_fresh;  // false: HubSpot is being asked for the subscriptions, look again soon
    };

    intake_service(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking,
                   const base::clock& clock, const config::settings& settings, ledger_thread& ledger,
                   const intake::work_folders& folders, disk_trouble& trouble, listener l);

    // Goes on with the files that the ledger holds open, then watches the inbox.
    void start(const std::vector<ledger::file_record>& open_files);
    void configure();  // after a reload; a file that is being read is read to its end by the old rules
    void stop_claiming();
    boost::asio::awaitable<bool> drain(base::steady_time deadline);
    std::size_t unread() const { return unread_.size(); }
    std::string claims_nothing_because() const;  // for the status; empty: files are claimed as they come
    // For what is read from now on.
    void set_known(known_subscriptions known);

  private:
    struct small_file {
        small_file(std::string path, ledger::file_record file) : reading(std::move(path), std::move(file)) {}
        bool keeps() const { return !step.piece.rows.empty() || step.piece.ended; }
        file_reading reading;
        read_step step;
        bool left = false;  // to the large ones
    };
    using small_group = std::vector<small_file>;
    struct claiming;  // files on their way out of the inbox

    boost::asio::awaitable<void> watch_inbox();
    boost::asio::awaitable<bool> inbox_is_near();
    boost::asio::awaitable<void> refuse_arrived(const std::vector<intake::arrived_file>& arrived);
    boost::asio::awaitable<void> claim(std::vector<intake::arrived_file> arrived);
    boost::asio::awaitable<void> rename_claimed(std::shared_ptr<claiming> w);
    void watching();
    boost::asio::awaitable<void> enqueue(ledger::file_record file);
    intake::read_settings how_to_read(std::uint64_t content_max = std::numeric_limits<std::uint64_t>::max()) const;
    boost::asio::awaitable<void> run_small();
    boost::asio::awaitable<void> run_large();
    boost::asio::awaitable<void> begin_small(std::shared_ptr<small_group> all);
    boost::asio::awaitable<void> read_small(std::shared_ptr<small_group> all);
    boost::asio::awaitable<void> end_small(small_file& each);
    boost::asio::awaitable<void> read_large(ledger::file_record file);
    boost::asio::awaitable<bool> begin_reading(std::shared_ptr<file_reading> reading);
    boost::asio::awaitable<void> refuse_claimed(ledger::file_record file, base::error why);
    boost::asio::awaitable<void> record_refused(ledger::file_record file, base::error why);
    boost::asio::awaitable<void> wait_for_disk(base::error why);
    boost::asio::awaitable<void> wait(base::milliseconds time);
    void announce(file_reading& reading, const import_piece& piece);
    void warn_of_doubted(const import_piece& piece);
    // A reload may have switched the check off a moment ago.
    known_subscriptions known_now() const { return settings_.rules.known_subscriptions ? known_ : nullptr; }
    boost::asio::awaitable<void> ended(const ledger::file_record& file, const import_piece& piece);
    boost::asio::awaitable<void> open_gates();
    boost::asio::awaitable<void> watch_grown();
    boost::asio::awaitable<void> look_for_grown();
    boost::asio::awaitable<void> look_into(std::shared_ptr<changed_file> changed);
    boost::asio::awaitable<consent::arrival_number> continue_file(std::shared_ptr<changed_file> changed,
                                                                  std::uint64_t from);
    boost::asio::awaitable<void> wait_for_known();
    bool counts() const { return settings_.rules.hold_above_rows || settings_.rules.hold_above_share; }
    std::string path_of(const ledger::file_record& file) const;

    boost::asio::any_io_executor home_;
    boost::asio::thread_pool& blocking_;
    const base::clock& clock_;
    const config::settings& settings_;
    config::folders paths_;
    ledger_thread& ledger_;
    const intake::work_folders& folders_;
    disk_trouble& trouble_;
    listener listener_;
    intake::watch watch_;
    async::task_group tasks_;
    async::bounded_queue<ledger::file_record> small_;
    async::bounded_queue<ledger::file_record> large_;
    std::set<consent::arrival_number> unread_;
    std::map<consent::arrival_number, consent::place> gated_;  // first row that waits for the scan
    known_subscriptions known_;
    std::set<std::int64_t> doubted_;  // subscriptions of opt-outs that were warned of
    arrived_together together_;
    grown_files grown_;
    bool watching_ = false;    // has been told
    std::string far_because_;  // nothing can be moved out of the inbox; logged
    bool stopping_ = false;
    std::atomic<bool> stop_reading_ = false;  // for the threads that read
};

}  // namespace consent_sync::service
