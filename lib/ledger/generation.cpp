#include "ledger/generation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "base/file.hpp"

namespace consent_sync::ledger {

base::result<std::optional<std::int64_t>> read_generation(const std::string& state_dir) {
    const std::string path = base::join_path(state_dir, generation_file);
    const auto text = base::read_small_file(path, 64);
    if (!text && text.error().code == base::errc::not_found) return std::optional<std::int64_t>();
    if (!text) return text.error();
    std::int64_t generation = 0;
    const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), generation);
    if (code != std::errc() || generation < 0 || *end != '\n')
        return base::error{base::errc::invalid_input,
                           path + " holds no number: if the ledger beside it is the right one, remove the file"};
    return std::optional(generation);
}

namespace {

// Where no other file can be made. A few bytes of one length are on disk as a whole or not at all.
bool overwrite(const std::string& path, const std::string& text) {
    const auto before = base::read_small_file(path, 64);
    if (!before || before->size() != text.size()) return false;
    const base::unique_fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    return file && ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
           ::fdatasync(file.get()) == 0;
}

}  // namespace

base::result<void> write_generation(const std::string& state_dir, std::int64_t generation) {
    const std::string text = std::to_string(generation) + "\n";
    auto written = base::write_file_atomically(state_dir, generation_file, text, 0640);
    if (!written && written.error().code == base::errc::no_space &&
        overwrite(base::join_path(state_dir, generation_file), text))
        return {};
    return written;
}

}  // namespace consent_sync::ledger
