#define SD_JOURNAL_SUPPRESS_LOCATION
#include "base/journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cstdlib>

namespace consent_sync::base {
namespace {

int priority(level at) {
    switch (at) {
        case level::debug: return LOG_DEBUG;
        case level::info: return LOG_INFO;
        case level::warn: return LOG_WARNING;
        case level::error: return LOG_ERR;
    }
    return LOG_ERR;
}

std::string capitals(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool lower = c >= 'a' && c <= 'z';
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += lower ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_';
    }
    return out;
}

std::string plain_value(const log_field& field) {
    if (const auto* text = std::get_if<std::string>(&field.value)) return redact(*text);
    return std::visit([](const auto& v) { return fmt::format("{}", v); }, field.value);
}

}  // namespace

bool stdout_is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    if (stream == nullptr || ::fstat(STDOUT_FILENO, &status) != 0) return false;
    return stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

std::vector<std::string> journal_entry(level at, std::string_view event, std::span<const log_field> fields,
                                       std::string_view message) {
    std::vector<std::string> entry = {fmt::format("MESSAGE={}", message), fmt::format("PRIORITY={}", priority(at)),
                                      "SYSLOG_IDENTIFIER=consent-sync", fmt::format("EVENT={}", redact(event))};
    for (const log_field& field : fields)
        entry.push_back(fmt::format("{}={}", capitals(field.name), plain_value(field)));
    return entry;
}

bool send_to_journal(const std::vector<std::string>& entry) {
    std::vector<iovec> parts;
    parts.reserve(entry.size());
    for (const std::string& each : entry) parts.push_back({const_cast<char*>(each.data()), each.size()});
    return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

}  // namespace consent_sync::base
