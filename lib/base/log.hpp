// Logs: each line has one stable event name and key=value fields, as text or JSON, written by spdlog; or it is a
// journal entry with native fields.
//
//   log_event(level::info, "file.claimed", {{"file", file_id}, {"bytes", size}});
//   → 2026-11-23T09:00:00.123Z INFO event=file.claimed file=00000042 bytes=1234
//
// Every string is redacted before it is written, so no address and no token can reach a log line, whatever HubSpot
// echoes and whatever the name of a file is. Thread-safe. lib/base/README.md lists all events.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"

namespace consent_sync::base {

enum class level { debug, info, warn, error };
// automatic: native fields if standard output is systemd's journal (base/journal.hpp), otherwise text.
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

// Logs go to standard output, each line flushed, or to the journal. May be called again (reload). Until the first call:
// text, info.
void set_up_log(log_format format, level least);
bool log_enabled(level of);
bool logs_to_journal();  // whether the present set-up writes native fields
void log_event(level at, std::string_view event, std::span<const log_field> fields);
inline void log_event(level at, std::string_view event, std::initializer_list<log_field> fields = {}) {
    log_event(at, event, std::span<const log_field>(fields.begin(), fields.size()));
}

// The text with every address (also encoded), every registered secret and everything that looks like a bearer or
// HubSpot token (pat-…) replaced by "***", and with control characters escaped. A text of more than 512 bytes is cut
// and ends with "…". The rules are in base/redact.hpp.
std::string redact(std::string_view text);

// Registers a secret that must never be written. The newest 256 are kept; strings of less than 8 bytes are ignored.
void register_secret(std::string_view secret);

// For tests: until the object is destroyed, it receives the lines instead of standard output. It starts with text and
// debug, which set_up_log() may change; the destructor restores the previous set-up.
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

// Limits the lines per minute that unprivileged users can cause, by event: people who drop files or use the control
// socket. Counts omitted lines, and reports the count. Pure and not thread-safe; log_event() uses the object of the
// process in base/log.cpp.
class log_limits {
  public:
    static constexpr std::uint64_t lines_a_minute = 20;  // of one event

    struct left_out {
        std::string_view event;  // as in the table
        std::uint64_t lines;
        level highest;
    };

    // Whether an event has a limit at this level.
    static bool limits(level at, std::string_view event);

    log_limits();
    // False: this line is omitted and counted.
    bool allows(level at, std::string_view event, steady_time now);
    // The lines omitted in minutes that have ended, or until now. Each omitted line is reported once.
    std::vector<left_out> take_ended(steady_time now);
    std::vector<left_out> take_all();

  private:
    struct counted {
        steady_time minute{};
        std::uint64_t written = 0, left_out = 0;
        level highest = level::debug;
    };
    template <class Is>
    std::vector<left_out> take_where(const Is& is);

    std::vector<counted> counts_;  // in the order of the table
};

// Logs for each event how many lines were omitted since the last call (log.left_out). Call it at least once a minute,
// and at the end.
enum class left_out { of_ended_minutes, all };
void tell_left_out(left_out which);

}  // namespace consent_sync::base
