// Reads the configuration again (SIGHUP, `consent-sync reload`) and brings what may change at run time into effect, all
// of it in one turn of the home thread; so nothing ever sees half of it. A bad file is refused as a whole and the old
// configuration goes on.
//
// Home thread only; the file is read on a blocking thread. A request while one is being served is served afterwards.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "base/result.hpp"
#include "config/loader.hpp"
#include "config/settings.hpp"
#include "service/common/environment.hpp"
#include "service/operation/retention_service.hpp"
#include "service/operation/supervision.hpp"
#include "service/pipeline/pipeline.hpp"

namespace consent_sync::service {

struct reload_outcome {
    bool done = false;  // false: refused, nothing has changed
    std::string words = "the daemon stops";
};

class reloading {
  public:
    // `current`: what everything else refers to; changed in place.
    reloading(const environment& env, std::string config_path, config::settings& current, pipeline& all,
              retention_service& retention, supervision& told);

    void request();
    boost::asio::awaitable<reload_outcome> serve();  // request() and what became of it
    bool is_of(const std::string& config_path) const;
    void stop();

  private:
    struct waiter;
    boost::asio::awaitable<void> run();
    reload_outcome judge(const base::result<config::settings>& loaded);

    void apply();

    environment env_;
    std::string config_path_;
    config::settings& current_;
    pipeline& pipeline_;
    retention_service& retention_;
    supervision& supervision_;
    std::vector<std::shared_ptr<waiter>> waiting_;  // for the next round
    async::task_group tasks_;
    bool running_ = false;
    bool again_ = false;
    bool stopped_ = false;
};

// The configuration as `run` and a reload take it: the file, and what only this machine can judge. One fault a line.
base::result<config::settings> load_checked(const std::string& config_path, const config::load_options& how = {});

}  // namespace consent_sync::service
