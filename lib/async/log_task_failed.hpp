// What a task_group does with an exception that left a task: a bug, or an exhausted machine. Says which, and goes on.
#pragma once

#include <exception>
#include <string_view>

namespace consent_sync::async {

void log_task_failed(std::string_view task, std::exception_ptr failure);

}  // namespace consent_sync::async
