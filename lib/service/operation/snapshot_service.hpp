// Makes the snapshot of the running daemon from the engine, the counters and the ledger, which it reads on a blocking
// thread through its own read-only connection. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "config/folders.hpp"
#include "delivery/engine.hpp"
#include "ledger/status_queries.hpp"
#include "observe/counters.hpp"
#include "observe/snapshot.hpp"
#include "service/common/environment.hpp"
#include "service/operation/retention_service.hpp"
#include "service/operation/supervision.hpp"
#include "service/pipeline/claiming_service.hpp"

namespace consent_sync::service {

class snapshot_service final : public supervision::subject {
  public:
    snapshot_service(const environment& env, delivery::engine& engine, const observe::counters& counts,
                     const claiming_service& claiming, const retention_service& retention);

    static constexpr base::milliseconds fresh_for{1'000};
    // Not older than `old_max`, so that frequent scrapes cost little.
    boost::asio::awaitable<observe::snapshot> take(base::milliseconds old_max = fresh_for);
    void begin_stop() { stopping_ = true; }

    observe::status_facts facts() override;
    bool facts_are_fresh() const override { return last_ && env_.clock.now().steady - taken_at_ < fresh_for; }
    boost::asio::awaitable<void> refresh() override;
    std::optional<base::steady_time> due() override { return engine_.next_wake(env_.clock.now()); }

  private:
    // What the blocking thread finds.
    struct outside {
        base::result<ledger::ledger_picture> ledger = ledger::ledger_picture{};
        observe::surroundings around;
        std::optional<observe::process_use> process;
    };
    struct reading {  // shared with the blocking thread
        std::mutex mutex;
        std::unique_ptr<ledger::status_reader> ledger;
        config::folders paths;
    };
    static outside look(reading& shared);
    void add_engine(observe::snapshot& s, base::moment now) const;

    environment env_;
    delivery::engine& engine_;
    const observe::counters& counts_;
    const claiming_service& claiming_;
    const retention_service& retention_;
    base::moment started_;
    std::shared_ptr<reading> reading_;
    std::optional<observe::snapshot> last_;
    base::steady_time taken_at_{};
    bool stopping_ = false;
};

}  // namespace consent_sync::service
