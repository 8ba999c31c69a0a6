// Reads the configuration again (SIGHUP, `consent-sync reload`) and brings what may change at run time into effect, all
// of it in one turn of the home thread; so nothing ever sees half of it. A bad file is refused as a whole and the old
// configuration goes on.
//
// Home thread only; the file is read on a blocking thread. A request while one is being served is served afterwards.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "base/result.hpp"
#include "config/loader.hpp"
#include "config/settings.hpp"

namespace consent_sync::service {

struct reload_outcome {
    bool done = false;  // false: refused, nothing has changed
    std::string words = "the daemon stops";
};

class reloading {
  public:
    struct listener {
        std::function<void()> begun;
        std::function<void()> apply;  // `current` has its new values
        std::function<void()> ended;  // applied or refused
    };

    // `current`: what everything else refers to; changed in place.
    reloading(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking, std::string config_path,
              config::settings& current, listener l);

    void request();
    boost::asio::awaitable<reload_outcome> serve();  // request() and what became of it
    bool is_of(const std::string& config_path) const;
    void stop();

  private:
    struct waiter;
    boost::asio::awaitable<void> run();
    reload_outcome judge(const base::result<config::settings>& loaded);

    boost::asio::any_io_executor home_;
    boost::asio::thread_pool& blocking_;
    std::string config_path_;
    config::settings& current_;
    listener listener_;
    std::vector<std::shared_ptr<waiter>> waiting_;  // for the next round
    async::task_group tasks_;
    bool running_ = false;
    bool again_ = false;
    bool stopped_ = false;
};

// The configuration as `run` and a reload take it: the file, and what only this machine can judge. One fault a line.
base::result<config::settings> load_checked(const std::string& config_path, const config::load_options& how = {});

}  // namespace consent_sync::service
