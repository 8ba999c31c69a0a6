// Preloaded. Shuffles directory listings, differently for each seed, so that code that needs an order has to sort.
//
//   LD_PRELOAD=…/libshuffled_folders.so SHUFFLED_FOLDERS=SEED
#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace {

template <class F>
F next(const char* name) {
    return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

std::uint64_t seed() {
    static const char* const words = std::getenv("SHUFFLED_FOLDERS");
    return words ? std::strtoull(words, nullptr, 10) : 1;
}

std::uint64_t rank(std::string_view name) {  // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325 ^ (seed() * 0x9e3779b97f4a7c15);
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash ^ (hash >> 29);
}

struct listing {
    std::vector<dirent> entries;
    std::size_t given = 0;
};

std::mutex guard;

std::map<DIR*, listing>& listings() {
    static auto* const all = new std::map<DIR*, listing>;  // never destroyed: threads may still run at the end
    return *all;
}

void forget(DIR* folder) {
    const std::lock_guard lock(guard);
    listings().erase(folder);
}

}  // namespace

// NOLINTBEGIN: the names are the C library's
extern "C" {

dirent* readdir(DIR* folder) {
    static const auto real = next<dirent* (*)(DIR*)>("readdir");
    const std::lock_guard lock(guard);
    const auto [at, fresh] = listings().try_emplace(folder);
    listing& list = at->second;
    if (fresh) {
        const int before = std::exchange(errno, 0);
        while (const dirent* const entry = real(folder)) {
            list.entries.emplace_back();
            std::memcpy(&list.entries.back(), entry, std::min<std::size_t>(entry->d_reclen, sizeof(dirent)));
        }
        if (errno != 0) {
            listings().erase(at);
            return nullptr;
        }
        errno = before;
        std::sort(list.entries.begin(), list.entries.end(),
                  [](const dirent& a, const dirent& b) { return rank(a.d_name) < rank(b.d_name); });
    }
    return list.given < list.entries.size() ? &list.entries[list.given++] : nullptr;
}
// struct dirent and struct dirent64 are the same on 64-bit machines.
dirent64* readdir64(DIR* folder) { return reinterpret_cast<dirent64*>(readdir(folder)); }

void rewinddir(DIR* folder) noexcept {
    static const auto real = next<void (*)(DIR*)>("rewinddir");
    forget(folder);
    real(folder);
}
int closedir(DIR* folder) {
    static const auto real = next<int (*)(DIR*)>("closedir");
    forget(folder);
    return real(folder);
}

}  // extern "C"
// NOLINTEND
