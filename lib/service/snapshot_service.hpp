// Takes the picture of the running daemon: from the engine, the counters, and the ledger by a read-only connection of
// its own on a blocking thread. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "config/folders.hpp"
#include "config/settings.hpp"
#include "delivery/engine.hpp"
#include "ledger/status_queries.hpp"
#include "observe/counters.hpp"
#include "observe/snapshot.hpp"

namespace consent_sync::service {

class snapshot_service {
  public:
    snapshot_service(boost::asio::thread_pool& blocking, const base::clock& clock, const config::settings& settings,
                     delivery::engine& engine, const observe::counters& counts, std::function<std::string()> kept,
                     std::function<std::string()> trouble);

    static constexpr base::milliseconds fresh_for{1'000};
    // At most as old as that: a scraper that asks often costs little.
    boost::asio::awaitable<observe::snapshot> take(base::milliseconds old_max = fresh_for);
    bool is_fresh() const { return last_ && clock_.now().steady - taken_at_ < fresh_for; }
    const observe::snapshot* last() const { return last_ ? &*last_ : nullptr; }
    void begin_stop() { stopping_ = true; }

  private:
    // What the blocking thread finds out.
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

    boost::asio::thread_pool& blocking_;
    const base::clock& clock_;
    const config::settings& settings_;
    delivery::engine& engine_;
    const observe::counters& counts_;
    std::function<std::string()> kept_, trouble_;
    base::moment started_;
    std::shared_ptr<reading> reading_;
    std::optional<observe::snapshot> last_;
    base::steady_time taken_at_{};
    bool stopping_ = false;
};

}  // namespace consent_sync::service
