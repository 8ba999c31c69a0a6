// inbox → processing/: watches the inbox, gives what arrives its number, and brings it to where it is read.
//
// Home thread, except for the renames. A claim is on disk before its file is read. While the disk has trouble, the
// inbox is not touched.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "config/folders.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "intake/arrival/watch.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/arrived_together.hpp"
#include "service/pipeline/disk_trouble.hpp"
#include "service/pipeline/reading_service.hpp"

namespace consent_sync::service {

class claiming_service {
  public:
    claiming_service(const environment& env, const intake::work_folders& folders, disk_trouble& trouble,
                     reading_service& reading);

    void start();
    void configure();  // after a reload
    void stop();
    boost::asio::awaitable<bool> drain(base::steady_time deadline) { return tasks_.wait_empty(deadline); }
    // Waits until the inbox is watched for the first time.
    boost::asio::awaitable<void> wait_until_watching() { return watching_.wait(); }
    std::string claims_nothing_because() const;  // for the status; empty: files are claimed as they come

  private:
    struct claim_group;  // files on their way out of the inbox

    boost::asio::awaitable<void> watch_inbox();
    boost::asio::awaitable<bool> inbox_is_near();
    boost::asio::awaitable<void> refuse_arrived(const std::vector<intake::arrived_file>& arrived);
    boost::asio::awaitable<void> claim(std::vector<intake::arrived_file> arrived);
    boost::asio::awaitable<void> rename_claimed(std::shared_ptr<claim_group> all);

    environment env_;
    config::folders paths_;
    const intake::work_folders& folders_;
    disk_trouble& trouble_;
    reading_service& reading_;
    async::event watching_;
    intake::watch watch_;
    async::task_group tasks_;
    arrived_together together_;
    std::string far_because_;  // nothing can be moved out of the inbox; logged
    bool stopping_ = false;
};

}  // namespace consent_sync::service
