#include "ledger/newest_commit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/file.hpp"

namespace consent_sync::ledger {
namespace {

// For a disk on which no new file can be made. A few bytes of the same length are on disk as a whole or not at all.
bool overwrite(const std::string& path, const std::string& text) {
    const auto before = base::read_small_file(path, 64);
    if (!before || before->size() != text.size()) return false;
    const base::unique_fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    return file && ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
           ::fdatasync(file.get()) == 0;
}

constexpr off_t slot_bytes = 4'096;  // a write that is cut by a power cut does not reach into the other slot
constexpr std::string_view head = "commit ";

// "commit 0000000000000004711 5f3a09bc\n": the sum is of the bytes before it.
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

base::result<std::optional<std::int64_t>> read_generation(const std::string& state_dir) {
    const std::string path = base::join_path(state_dir, generation_file);
    const auto text = base::read_small_file(path, 64);
    if (!text && text.error().code == base::errc::not_found) return std::optional<std::int64_t>();
    if (!text) return text.error();
    std::int64_t generation = 0;
    const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), generation);
    if (code != std::errc() || generation < 0 || *end != '\n')
        return base::error{base::errc::invalid_input,
                           path + " does not hold a number: if the ledger beside it is the right one, remove the file"};
    return std::optional(generation);
}

base::result<void> write_generation(const std::string& state_dir, std::int64_t generation) {
    const std::string text = std::to_string(generation) + "\n";
    auto written = base::write_file_atomically(state_dir, generation_file, text, 0640);
    if (!written && written.error().code == base::errc::no_space &&
        overwrite(base::join_path(state_dir, generation_file), text))
        return {};
    return written;
}

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
