#include "storage/synced_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

namespace consent_sync::storage {
namespace {

namespace fs = std::filesystem;

std::uint64_t inode_of(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

std::string parent(const std::string& path) { return fs::path(path).parent_path().string(); }

void copy(const std::string& from, const std::string& to) {
    std::error_code failed;
    fs::copy_file(from, to + ".new", fs::copy_options::overwrite_existing, failed);
    if (!failed) fs::rename(to + ".new", to, failed);
}

}  // namespace

synced_state::synced_state(std::string root, std::string kept) : root_(std::move(root)), kept_(std::move(kept)) {
    fs::create_directories(kept_);
    keep_names(root_);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
        if (entry.is_directory()) keep_names(entry.path());
        if (entry.is_regular_file()) keep_content(entry.path());
    }
}

std::string synced_state::of(const char* what, const std::string& path) const {
    return kept_ + "/" + what + std::to_string(inode_of(path));
}

void synced_state::keep_content(const std::string& path) { copy(path, of("CONTENT-", path)); }

void synced_state::keep_names(const std::string& folder) {
    const std::string names = of("NAMES-", folder);
    std::ofstream out(names + ".new");
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed))
        out << inode_of(entry.path()) << (entry.is_directory() ? " d " : " f ") << entry.path().filename().string()
            << '\n';
    out.close();
    fs::rename(names + ".new", names, failed);
}

void synced_state::created(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::error_code ignored;
    fs::remove(of("CONTENT-", path), ignored);
    std::ofstream(of("CREATED-", path)) << path;
}

// Open descriptors prevent the reuse of inode numbers during this run.
void synced_state::removing(const std::string& path) {
    const std::lock_guard lock(mutex_);
    [[maybe_unused]] const int kept_open = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

void synced_state::renamed(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    if (parent(from) != parent(to)) renames_.emplace_back(parent(from), parent(to));
}

void synced_state::synced(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!fs::is_directory(path)) return keep_content(path);
    std::set<std::string> folders{path};
    for (const auto& [a, b] : renames_)
        if (folders.contains(a) || folders.contains(b)) folders.insert({a, b});
    for (const std::string& folder : folders) keep_names(folder);
    std::erase_if(renames_, [&](const auto& r) { return folders.contains(r.first) && folders.contains(r.second); });
}

void synced_state::synced_all() {
    const std::lock_guard lock(mutex_);
    keep_names(root_);
    std::error_code failed;
    for (fs::recursive_directory_iterator at(root_, failed), end; !failed && at != end; at.increment(failed)) {
        if (at->is_directory()) keep_names(at->path());
        if (at->is_regular_file()) keep_content(at->path());
    }
    renames_.clear();
}

namespace {

class rebuilding {
  public:
    rebuilding(const std::string& root, std::string kept, std::uint64_t seed)
        : kept_(std::move(kept)), lucky_(seed != 0), random_(seed) {
        for (const auto& entry : fs::recursive_directory_iterator(root))
            if (entry.is_regular_file()) present_.emplace(inode_of(entry.path()), entry.path());
    }

    void folder(std::uint64_t inode, const std::string& to) {
        fs::create_directory(to);
        fs::permissions(to, fs::perms::owner_all);
        std::ifstream names(kept_ + "/NAMES-" + std::to_string(inode));
        std::string kind, name;
        std::uint64_t each = 0;
        while (names >> each >> kind && std::getline(names.ignore(1), name))
            kind == "d" ? folder(each, to + "/" + name) : file(each, to + "/" + name);
    }

  private:
    void file(std::uint64_t inode, const std::string& to) {
        const std::string content = kept_ + "/CONTENT-" + std::to_string(inode);
        const auto now = present_.find(inode);
        const bool lucky = lucky_ && random_() % 4 == 0;  // the kernel wrote it without a sync
        if (now != present_.end() && (lucky || (!fs::exists(content) && !is_created(inode))))
            copy(now->second, to);
        else if (fs::exists(content))
            copy(content, to);
        else
            std::ofstream(to).flush();
        ::chmod(to.c_str(), 0600);
    }
    bool is_created(std::uint64_t inode) const { return fs::exists(kept_ + "/CREATED-" + std::to_string(inode)); }

    std::string kept_;
    bool lucky_;
    std::mt19937_64 random_;
    std::map<std::uint64_t, std::string> present_;
};

}  // namespace

void cut_power(const std::string& root, const std::string& kept, std::uint64_t seed) {
    const std::string rebuilt = root + ".rebuilt";
    fs::remove_all(rebuilt);
    rebuilding(root, kept, seed).folder(inode_of(root), rebuilt);
    fs::remove_all(root);
    fs::rename(rebuilt, root);
    fs::remove_all(kept);
}

}  // namespace consent_sync::storage
