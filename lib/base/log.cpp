#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include "base/clock.hpp"
#include "base/journal.hpp"
#include "base/redact.hpp"
#include "base/time_text.hpp"

namespace consent_sync::base {
namespace {

using sink_ptr = std::shared_ptr<spdlog::sinks::sink>;

std::atomic<log_format> chosen_format = log_format::text;
std::atomic<bool> to_journal = false;
std::atomic<level> least_level = level::info;

std::shared_ptr<spdlog::logger> make_logger(sink_ptr sink) {
    auto logger = std::make_shared<spdlog::logger>("consent-sync", std::move(sink));
    logger->set_pattern("%v");  // the line is complete; spdlog only writes and flushes it
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return logger;
}

// The destination of lines. The mutex protects the exchange by log_capture; sinks have their own mutex.
struct output {
    std::mutex mutex;
    std::shared_ptr<spdlog::logger> logger = make_logger(std::make_shared<spdlog::sinks::stdout_sink_mt>());

    std::shared_ptr<spdlog::logger> get() {
        const std::lock_guard lock(mutex);
        return logger;
    }
    std::shared_ptr<spdlog::logger> exchange(std::shared_ptr<spdlog::logger> next) {
        const std::lock_guard lock(mutex);
        return std::exchange(logger, std::move(next));
    }
};

// Never destroyed, because threads may still log while the process exits.
output& the_output() {
    static output* const one = new output;
    return *one;
}

std::string_view name(level at) {
    switch (at) {
        case level::debug: return "DEBUG";
        case level::info: return "INFO";
        case level::warn: return "WARN";
        case level::error: return "ERROR";
    }
    return "ERROR";
}

std::string text_value(const std::string& value) {
    std::string plain = redact(value, escape::controls);
    const bool quotes = plain.empty() || plain.find_first_of(" \"=\\") != std::string::npos;
    return quotes ? '"' + redact(value, escape::controls_and_quotes) + '"' : plain;
}

std::string text_body(std::string_view event, std::span<const log_field> fields) {
    std::string line = "event=" + text_value(std::string(event));
    for (const log_field& field : fields) {
        line += fmt::format(" {}=", field.name);
        if (const auto* text = std::get_if<std::string>(&field.value)) {
            line += text_value(*text);
        } else {
            std::visit([&line](const auto& v) { line += fmt::format("{}", v); }, field.value);
        }
    }
    return line;
}

std::string text_line(level at, const std::string& time, std::string_view event, std::span<const log_field> fields) {
    return fmt::format("{} {} {}", time, name(at), text_body(event, fields));
}

std::string json_text(std::string_view text) {
    return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

std::string json_value(const log_field& field) {
    if (const auto* text = std::get_if<std::string>(&field.value)) return json_text(redact(*text));
    if (const auto* number = std::get_if<double>(&field.value)) {
        return std::isfinite(*number) ? fmt::format("{}", *number) : "null";
    }
    if (const auto* flag = std::get_if<bool>(&field.value)) return *flag ? "true" : "false";
    return fmt::format("{}", std::get<std::int64_t>(field.value));
}

std::string json_line(level at, const std::string& time, std::string_view event, std::span<const log_field> fields) {
    std::string line =
        fmt::format(R"({{"time":"{}","level":"{}","event":{})", time, name(at), json_text(redact(event)));
    for (const log_field& field : fields) line += fmt::format(",{}:{}", json_text(field.name), json_value(field));
    return line + '}';
}

}  // namespace

void set_up_log(log_format format, level least) {
    chosen_format = format;
    to_journal = format == log_format::automatic && stdout_is_journal();
    least_level = least;
}

bool logs_to_journal() { return to_journal; }

bool log_enabled(level of) { return of >= least_level.load(std::memory_order_relaxed); }

namespace {

void write_event(level at, std::string_view event, std::span<const log_field> fields) {
    // If the journal does not accept the entry, the line goes to standard output, which is also the journal.
    if (to_journal && send_to_journal(journal_entry(at, event, fields, text_body(event, fields)))) return;
    const std::string time = format_time(system_clock().now().wall);
    const std::string line = chosen_format.load() == log_format::json ? json_line(at, time, event, fields)
                                                                      : text_line(at, time, event, fields);
    the_output().get()->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

// The limits of this process. Never destroyed, like the output.
struct limits_of_process {
    std::mutex mutex;
    log_limits limits;
};
limits_of_process& the_limits() {
    static limits_of_process* const one = new limits_of_process;
    return *one;
}

void reset_limits() {
    const std::lock_guard lock(the_limits().mutex);
    the_limits().limits = log_limits();
}

void write_left_out(const std::vector<log_limits::left_out>& all) {
    for (const log_limits::left_out& each : all) {
        const log_field fields[] = {
            {"of", each.event},
            {"count", each.lines},
            {"words", fmt::format("these lines were not written, because the event occurred more than {} times within "
                                  "a minute. The folders and the reports show what they were about",
                                  log_limits::lines_a_minute)}};
        write_event(each.highest, "log.left_out", fields);
    }
}

}  // namespace

void log_event(level at, std::string_view event, std::span<const log_field> fields) {
    if (!log_enabled(at)) return;
    if (log_limits::limits(at, event)) {
        tell_left_out(left_out::of_ended_minutes);  // before a new minute of this event begins
        const std::lock_guard lock(the_limits().mutex);
        if (!the_limits().limits.allows(at, event, system_clock().now().steady)) return;
    }
    write_event(at, event, fields);
}

void tell_left_out(left_out which) {
    std::vector<log_limits::left_out> all;
    {
        const std::lock_guard lock(the_limits().mutex);
        log_limits& limits = the_limits().limits;
        all = which == left_out::all ? limits.take_all() : limits.take_ended(system_clock().now().steady);
    }
    write_left_out(all);
}

namespace {

// Keeps the lines. The logger shares its ownership, so a thread that logs late can still use it.
class memory_sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    std::string text() {
        const std::lock_guard lock(mutex_);
        return text_;
    }

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        text_.append(message.payload.data(), message.payload.size());
        text_ += '\n';
    }
    void flush_() override {}

    std::string text_;
};

}  // namespace

struct log_capture::state {
    std::shared_ptr<memory_sink> sink = std::make_shared<memory_sink>();
    std::shared_ptr<spdlog::logger> before;
    log_format format_before = chosen_format;
    level least_before = least_level;
};

log_capture::log_capture() : state_(std::make_unique<state>()) {
    state_->before = the_output().exchange(make_logger(state_->sink));
    set_up_log(log_format::text, level::debug);
    reset_limits();
}

log_capture::~log_capture() {
    set_up_log(state_->format_before, state_->least_before);
    reset_limits();
    the_output().exchange(std::move(state_->before));
}

std::string log_capture::text() const { return state_->sink->text(); }

namespace {

struct limited_event {
    std::string_view event;
    level least;  // lines below this level record completed work, and are all written
};

// The events of which an unprivileged user can cause any number of lines.
constexpr std::array limited = {limited_event{"changes.unnamed", level::info},
                                limited_event{"control.full", level::info},
                                limited_event{"control.refused", level::info},
                                limited_event{"file.broke_off", level::info},
                                limited_event{"file.changed", level::info},
                                limited_event{"file.columns_ignored", level::info},
                                limited_event{"file.columns_suspicious", level::info},
                                limited_event{"file.contradictions", level::info},
                                limited_event{"file.done", level::warn},
                                limited_event{"file.duplicate", level::info},
                                limited_event{"file.grew", level::info},
                                limited_event{"file.held", level::info},
                                limited_event{"file.not_claimed", level::info},
                                limited_event{"file.not_continued", level::info},
                                limited_event{"file.not_moved", level::info},
                                limited_event{"file.noted", level::info},
                                limited_event{"file.refused", level::info},
                                limited_event{"file.rewritten", level::info},
                                limited_event{"inbox.left", level::info},
                                limited_event{"inbox.not_refused", level::info},
                                limited_event{"inbox.not_watched", level::info},
                                limited_event{"inbox.overflow", level::info},
                                limited_event{"inbox.refused", level::info},
                                limited_event{"subscriptions.doubted", level::info}};

const limited_event* find(level at, std::string_view event) {
    const auto* const found = std::find_if(limited.begin(), limited.end(),
                                           [event](const limited_event& each) { return each.event == event; });
    return found != limited.end() && at >= found->least ? found : nullptr;
}

constexpr auto minute = std::chrono::minutes(1);

}  // namespace

bool log_limits::limits(level at, std::string_view event) { return find(at, event) != nullptr; }

log_limits::log_limits() : counts_(limited.size()) {}

bool log_limits::allows(level at, std::string_view event, steady_time now) {
    const limited_event* const found = find(at, event);
    if (found == nullptr) return true;
    counted& c = counts_[static_cast<std::size_t>(found - limited.data())];
    if (c.written == 0 || now - c.minute >= minute) {
        c.minute = now;
        c.written = 0;
    }
    if (c.written < lines_a_minute) {
        ++c.written;
        return true;
    }
    ++c.left_out;
    c.highest = std::max(c.highest, at);
    return false;
}

template <class Is>
std::vector<log_limits::left_out> log_limits::take_where(const Is& is) {
    std::vector<left_out> taken;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        counted& c = counts_[i];
        if (c.left_out == 0 || !is(c)) continue;
        taken.push_back({limited[i].event, c.left_out, c.highest});
        c.left_out = 0;
        c.highest = level::debug;
    }
    return taken;
}

std::vector<log_limits::left_out> log_limits::take_ended(steady_time now) {
    return take_where([now](const counted& c) { return now - c.minute >= minute; });
}

std::vector<log_limits::left_out> log_limits::take_all() {
    return take_where([](const counted&) { return true; });
}

}  // namespace consent_sync::base
