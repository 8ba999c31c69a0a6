// Logs: one stable event name a line with key=value fields, as text or as JSON lines, by spdlog; or native fields of
// the journal.
//
//   log_event(level::info, "file.claimed", {{"file", file_id}, {"bytes", size}});
//   → 2026-11-23T09:00:00.123Z INFO event=file.claimed file=00000042 bytes=1234
//
// Every string passes redact() before it is written, so no address and no token can reach a log line,
// whatever HubSpot echoes or a file is called. Thread-safe. All events are listed in lib/base/README.md.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace consent_sync::base {

enum class level { debug, info, warn, error };
// automatic: native fields when standard output is systemd's journal (base/journal.hpp), text elsewhere.
enum class log_format { automatic, text, json };

class log_field {
  public:
    log_field(std::string_view key, std::string_view text) : name(key), value(std::string(text)) {}
    log_field(std::string_view key, const char* text) : name(key), value(std::string(text)) {}
    log_field(std::string_view key, const std::string& text) : name(key), value(text) {}
    log_field(std::string_view key, bool flag) : name(key), value(flag) {}
    log_field(std::string_view key, double number) : name(key), value(number) {}
    template <std::integral Integer>
    log_field(std::string_view key, Integer number) : name(key), value(static_cast<std::int64_t>(number)) {}

    std::string_view name;  // a literal
    std::variant<std::string, std::int64_t, double, bool> value;
};

// To standard output, each line flushed, or to the journal. May be called again (reload). Before the first call:
// text, info.
void set_up_log(log_format format, level least);
bool log_enabled(level of);
bool logs_to_journal();  // what was set up last writes native fields
void log_event(level at, std::string_view event, std::span<const log_field> fields);
inline void log_event(level at, std::string_view event, std::initializer_list<log_field> fields = {}) {
    log_event(at, event, std::span<const log_field>(fields.begin(), fields.size()));
}

// Text with every address ("a@b.c", also percent-encoded) and every registered secret replaced by "***",
// and with control characters escaped. What looks like a bearer or HubSpot token (pat-…) is masked as well.
// At most 512 bytes; what is longer ends with "…". The rules are in base/redact.hpp.
std::string redact(std::string_view text);

// A secret that must never be written. The newest 256 are known; short strings (< 8 bytes) are ignored.
void register_secret(std::string_view secret);

// For tests: lines go here instead of to standard output until the object is destroyed. It begins with text and
// debug; set_up_log changes that, and what was set before comes back at the end.
class log_capture {
  public:
    log_capture();
    ~log_capture();
    log_capture(const log_capture&) = delete;
    log_capture& operator=(const log_capture&) = delete;
    std::string text() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace consent_sync::base
