// Removes what is older than `keep` says: rows of the ledger, files in done/ and refused/, days of reports. In small
// steps with pauses between them, so that neither the ledger's thread nor the disk is held for long; once at the start
// and every hour. Each round also makes the ledger a generation newer (ledger/generation.hpp).
//
// What is old is judged by proven time (proven_time.hpp), never by the clock alone. A round says what it will remove
// before it does. Where that is most of what there is, though little time has passed (`keep` was lowered, or somebody
// put files there), it says so and waits for a day of running.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>

#include "async/task_group.hpp"
#include "config/folders.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/disk_trouble.hpp"
#include "service/operation/proven_time.hpp"
#include "service/operation/removal_plan.hpp"

namespace consent_sync::service {

inline constexpr const char* proven_meta = "proven_time";  // in the ledger's meta table

class retention_service {
  public:
    // `proven`: where time goes on, as the ledger has it.
    retention_service(const environment& env, const config::folders& paths, const disk_trouble& trouble,
                      base::wall_time proven);

    void start();
    void configure();  // after a reload: looks at once
    void stop();
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

    // What waits, and for what; empty: nothing does.
    std::string waits_for() const;

  private:
    struct totals;
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> look_at_clock();
    boost::asio::awaitable<void> run_round();
    boost::asio::awaitable<std::optional<removal_plan>> make_plan();
    boost::asio::awaitable<bool> may_remove(removal_plan plan);
    boost::asio::awaitable<void> record_bounds(removal_plan plan);
    boost::asio::awaitable<void> remove_from_ledger(totals& all);
    boost::asio::awaitable<void> remove_files(totals& all);
    boost::asio::awaitable<void> grow_generation();
    void not_removed(const base::error& why);

    environment env_;
    config::folders paths_;
    const disk_trouble& trouble_;
    proven_time proven_;
    std::optional<base::steady_time> looked_at_, round_at_;
    std::optional<removal_plan> waiting_;  // it is most of what there is
    base::milliseconds waited_{0};         // running time, over restarts
    bool ahead_told_ = false;
    boost::asio::steady_timer next_look_;
    async::task_group tasks_;
    bool again_ = false;
    bool stopping_ = false;
    bool told_ = false;  // that something could not be removed
};

}  // namespace consent_sync::service
