#include "ledger/newest_commit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace consent_sync::ledger {
namespace {

constexpr off_t slot_bytes = 4'096;  // a write that is cut by a power cut does not reach into the other slot
constexpr std::string_view head = "commit ";

// "commit 0000000000000004711 5f3a09bc\n": the sum is that of all before it.
std::string format_slot(std::int64_t number) {
    std::string text = fmt::format("{}{:019} ", head, number);
    const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
    return text + fmt::format("{:08x}\n", sum);
}

std::optional<std::int64_t> parse_slot(std::string_view text) {
    if (!text.starts_with(head)) return std::nullopt;
    std::int64_t number = 0;
    const char* const begin = text.data() + head.size();
    const auto [end, code] = std::from_chars(begin, text.data() + text.size(), number);
    if (code != std::errc() || number < 0 || text != format_slot(number)) return std::nullopt;
    return number;
}

}  // namespace

base::result<newest_commit> newest_commit::open(const std::string& state_dir) {
    const std::string path = base::join_path(state_dir, newest_commit_file);
    newest_commit record(path);
    if (const auto made = record.open_file(); !made) {
        if (made.error().code != base::errc::no_space) return made.error();
        return record;
    }
    if (const auto read = record.read(); !read) return read.error();
    return record;
}

base::result<void> newest_commit::open_file() {
    file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file_) return base::system_error("open", path_, errno);
    return {};
}

base::result<void> newest_commit::read() {
    bool any_bytes = false;
    for (int slot = 0; slot < 2; ++slot) {
        std::array<char, 64> bytes{};
        const std::size_t size = format_slot(0).size();
        const ssize_t got = ::pread(file_.get(), bytes.data(), size, slot * slot_bytes);
        if (got < 0) return base::system_error("read", path_, errno);
        const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
        any_bytes = any_bytes || text.find_first_not_of('\0') != std::string_view::npos;
        const auto number = parse_slot(text);
        if (!number || (found_ && *found_ > *number)) continue;
        found_ = number;
        slot_ = 1 - slot;
    }
    damaged_ = any_bytes && !found_;
    return {};
}

base::result<void> newest_commit::write(std::int64_t number) {
    if (!file_)
        if (const auto made = open_file(); !made) return made;
    const std::string text = format_slot(number);
    const ssize_t written = ::pwrite(file_.get(), text.data(), text.size(), slot_ * slot_bytes);
    if (written != static_cast<ssize_t>(text.size()))
        return base::system_error("write", path_, written < 0 ? errno : ENOSPC);
    synced_ = false;
    return {};
}

base::result<void> newest_commit::sync() {
    if (synced_) return {};
    if (::fdatasync(file_.get()) != 0) return base::system_error("sync", path_, errno);
    synced_ = true;
    slot_ = 1 - slot_;
    return {};
}

}  // namespace consent_sync::ledger
