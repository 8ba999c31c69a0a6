// Watches files that were read, because a program may still have them open. What it adds is read as a file of its own
// (grown_files.hpp). Home thread, except for the comparison.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "async/task_group.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/disk_trouble.hpp"
#include "service/pipeline/grown_files.hpp"
#include "service/pipeline/reading_service.hpp"

namespace consent_sync::service {

class growth_service {
  public:
    growth_service(const environment& env, const intake::work_folders& folders, const disk_trouble& trouble,
                   reading_service& reading);

    void start();
    void stop();
    boost::asio::awaitable<bool> drain(base::steady_time deadline) { return tasks_.wait_empty(deadline); }

  private:
    boost::asio::awaitable<void> watch();
    boost::asio::awaitable<void> look();
    boost::asio::awaitable<void> look_into(changed_file changed);
    boost::asio::awaitable<consent::arrival_number> continue_file(changed_file changed, std::uint64_t from);

    environment env_;
    const intake::work_folders& folders_;
    const disk_trouble& trouble_;
    reading_service& reading_;
    grown_files grown_;
    async::task_group tasks_;
    bool stopping_ = false;
    std::atomic<bool> stop_comparing_ = false;  // for the thread that compares
};

}  // namespace consent_sync::service
