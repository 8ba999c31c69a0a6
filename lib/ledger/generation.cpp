#include "ledger/generation.hpp"

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

base::result<void> write_generation(const std::string& state_dir, std::int64_t generation) {
    return base::write_file_atomically(state_dir, generation_file, std::to_string(generation) + "\n", 0640);
}

}  // namespace consent_sync::ledger
