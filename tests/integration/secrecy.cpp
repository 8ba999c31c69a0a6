#include "integration/secrecy.hpp"

#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t local_part_least = 4;

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '+'; }

std::string lowered(std::string_view text) {
    std::string low(text);
    std::transform(low.begin(), low.end(), low.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return low;
}

bool is_telling(std::string_view local_part) {
    const bool digit =
        std::any_of(local_part.begin(), local_part.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    const bool letter =
        std::any_of(local_part.begin(), local_part.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    return local_part.size() >= local_part_least && digit && letter;
}

// Without the last characters, which depend on the following bytes.
std::string base64(std::string_view text) {
    std::string coded((text.size() + 2) / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()), reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
    coded.resize(text.size() / 3 * 4);
    return coded;
}

}  // namespace

void secrecy::add_secret(std::string_view secret) {
    secrets_.emplace_back(secret);
    secrets_.push_back(base64(secret));
}

void secrecy::add_addresses_of(std::string_view file) {
    for (std::size_t at = file.find('@'); at != std::string_view::npos; at = file.find('@', at + 1)) {
        std::size_t begin = at;
        while (begin > 0 && in_word(file[begin - 1])) --begin;
        const std::string_view local_part = file.substr(begin, at - begin);
        if (is_telling(local_part)) local_parts_.insert(lowered(local_part));
    }
}

std::string secrecy::leak_in(std::string_view line) const {
    for (const std::string& secret : secrets_)
        if (line.find(secret) != std::string_view::npos) return "a secret";
    const std::string low = lowered(line);
    for (const std::string_view sign :
         {"@", "%40", "\\u0040", "\\x40", "&#64;", "&#064;", "&#x40;", "&commat;", "(at)", "[at]"})
        for (std::size_t at = low.find(sign); at != std::string::npos; at = low.find(sign, at + 1)) {
            const std::size_t behind = at + sign.size();
            if (at > 0 && in_word(low[at - 1]) && behind < low.size() && in_word(low[behind])) return "an address";
        }
    for (std::size_t at = 0; at < low.size();) {
        std::size_t end = at;
        while (end < low.size() && in_word(low[end])) ++end;
        if (local_parts_.count(low.substr(at, end - at)) > 0) return "the local part of an address";
        at = end + 1;
    }
    return {};
}

std::vector<std::string> secrecy::leaks(std::string_view text) const {
    std::vector<std::string> found;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        if (const std::string what = leak_in(line); !what.empty()) found.push_back(what + " in: " + std::string(line));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return found;
}

std::vector<std::string> open_to_others(const std::string& state) {
    std::vector<std::string> found;
    const auto look = [&](const fs::path& path, mode_t forbidden) {
        struct stat s {};
        // A socket: the daemon asks the kernel for the user of each connection.
        if (::lstat(path.c_str(), &s) == 0 && !S_ISLNK(s.st_mode) && !S_ISSOCK(s.st_mode) &&
            (s.st_mode & forbidden) != 0)
            found.push_back(path.string());
    };
    if (!fs::exists(state)) return found;
    look(state, S_IRWXO);
    for (auto entry = fs::recursive_directory_iterator(state); entry != fs::end(entry); ++entry) {
        const std::string below = fs::relative(entry->path(), state);
        if (below == "inbox") {
            entry.disable_recursion_pending();
            continue;
        }
        const std::string top = below.substr(0, below.find('/'));
        const bool dropped = entry->is_regular_file() && (top == "processing" || top == "done" || top == "refused");
        if (top.starts_with("ledger.db"))
            look(entry->path(), S_IRWXG | S_IRWXO);
        else if (!dropped)
            look(entry->path(), S_IRWXO);
    }
    return found;
}

}  // namespace consent_sync::integration
