#include "integration/failing_disk.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <new>
#include <stdexcept>

#include "built_paths.hpp"
#include "storage/synced_state.hpp"

namespace consent_sync::integration {

failing_disk::failing_disk(daemon_under_test& d) : daemon_(d) {
    const std::string path = d.folder() + "/disk-control";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ::ftruncate(fd, sizeof(storage::disk_control)) != 0) throw std::runtime_error("no control file");
    void* const mapped = ::mmap(nullptr, sizeof(storage::disk_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped == MAP_FAILED) throw std::runtime_error("mmap failed");
    control_ = new (mapped) storage::disk_control;
    environment_ = preload({DISK_FAULTS_LIBRARY});
    environment_.insert(environment_.end(), {"DISK_FAULTS_CONTROL=" + path, "DISK_FAULTS_ROOT=" + d.state()});
    d.set_environment(environment_);
}

failing_disk::~failing_disk() { ::munmap(control_, sizeof(storage::disk_control)); }

void failing_disk::fail(storage::disk_fault fault, std::uint64_t first, std::uint64_t count, const std::string& only) {
    control_->count = 0;
    std::snprintf(control_->only, sizeof control_->only, "%s", only.c_str());
    for (auto& each : control_->kinds) each = {};
    control_->kind_count = 0;
    control_->fault = static_cast<std::uint32_t>(fault);
    control_->calls = 0;
    control_->failed = 0;
    control_->operation[0] = '\0';
    control_->first = first;
    control_->count = count;
}

std::map<std::string, std::uint64_t> failing_disk::kinds() const {
    std::map<std::string, std::uint64_t> all;
    for (std::uint32_t i = 0; i < control_->kind_count; ++i) all[control_->kinds[i].kind] = control_->kinds[i].calls;
    return all;
}

void failing_disk::remember_synced() {
    std::vector<std::string> more = environment_;
    more.push_back("DISK_FAULTS_SYNCED=" + daemon_.folder() + "/synced");
    daemon_.set_environment(std::move(more));
}

void failing_disk::cut_power(std::uint64_t seed) {
    storage::cut_power(daemon_.state(), daemon_.folder() + "/synced", seed);
}

}  // namespace consent_sync::integration
