// Removes what is older than `keep`: rows of the ledger, files in done/ and refused/, days of reports. It runs at the
// start and every hour, in small steps with pauses in between, so that it delays neither the ledger's thread nor the
// disk. Each round also increases the generation of the ledger (ledger/generation.hpp).
//
// Age is judged by proven time (proven_time.hpp), never by the clock alone. A round logs what it is going to remove. If
// that is most of what there is although little time has passed (`keep` was lowered, or files were copied there), it
// logs that and waits for a day of running time.
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
    // `proven`: the proven time of the last run, from the ledger.
    retention_service(const environment& env, const config::folders& paths, const disk_trouble& trouble,
                      base::wall_time proven);

    void start();
    void configure();  // after a reload: starts a round at once
    void stop();
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

    // What waits to be removed, and why it waits; empty: nothing.
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
