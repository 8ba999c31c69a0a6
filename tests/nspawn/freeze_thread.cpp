// freeze_thread TID: stops one thread of another process, as if it hung, until this program exits.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    const pid_t thread = argc == 2 ? static_cast<pid_t>(std::atoi(argv[1])) : 0;
    if (thread <= 0 || ::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0 ||
        ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0 || ::waitpid(thread, nullptr, __WALL) != thread) {
        std::perror("freeze_thread");
        return 1;
    }
    std::puts("frozen");
    std::fflush(stdout);
    // The thread stays stopped until it is killed; its other reports are not answered.
    while (::waitpid(thread, nullptr, __WALL) == thread) {
    }
    return 0;
}
