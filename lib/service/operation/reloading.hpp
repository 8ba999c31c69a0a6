// Reads the configuration again (SIGHUP, `consent-sync reload`) and applies what may change at run time. All of it is
// applied in one turn of the home thread, so nothing sees a part of it. A faulty file is refused as a whole, and the
// old configuration stays in effect.
//
// Home thread only; the file is read on a blocking thread. A request during a reload is served after it.
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
    // `current`: the settings that all other parts refer to. They are changed in place.
    reloading(const environment& env, std::string config_path, config::settings& current, pipeline& all,
              retention_service& retention, supervision& told);

    void request();
    boost::asio::awaitable<reload_outcome> serve();  // request(), and its outcome
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

// Loads the configuration for `run` and for a reload, and checks what only this machine can judge. Error: one fault per
// line.
base::result<config::settings> load_checked(const std::string& config_path, const config::load_options& how = {});

}  // namespace consent_sync::service
