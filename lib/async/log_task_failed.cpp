#include "async/log_task_failed.hpp"

#include <string>

#include "base/log.hpp"

namespace consent_sync::async {

void log_task_failed(std::string_view task, std::exception_ptr failure) {
    std::string what = "an exception of unknown kind";
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        what = e.what();
    } catch (...) {  // keeps its words
    }
    base::log_event(
        base::level::error, "task.failed",
        {{"task", task},
         {"words", what + ": a bug of consent-sync, or a machine out of memory. The other parts go on; restart "
                          "the service to start this one again, and report it with the log around it"}});
}

}  // namespace consent_sync::async
