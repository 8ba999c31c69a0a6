#include "observe/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "delivery/pauses.hpp"

namespace consent_sync::observe {
namespace {

// All label values and help texts are literals, except the account, whose characters are checked.
class text {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        out_ += fmt::format("# HELP consent_sync_{0} {1}\n# TYPE consent_sync_{0} {2}\n", name, help, type);
    }
    template <class Number>
    void value(Number number, std::string_view labels = {}, std::string_view suffix = {}) {
        out_ += fmt::format("consent_sync_{}{}{} {}\n", name_, suffix, labels, number);
    }
    template <class Number>
    void gauge(std::string_view name, std::string_view help, Number number) {
        family(name, "gauge", help);
        value(number);
    }
    template <class Number>
    void gauge(std::string_view name, std::string_view help, const std::optional<Number>& number) {
        if (number) gauge(name, help, *number);
    }
    template <class Number>
    void counter(std::string_view name, std::string_view help, Number number) {
        family(name, "counter", help);
        value(number);
    }
    void distribution(std::string_view name, std::string_view help, const histogram& h) {
        family(name, "histogram", help);
        for (std::size_t i = 0; i < h.bounds().size(); ++i)
            value(h.below(i), fmt::format("{{le=\"{}\"}}", h.bounds()[i]), "_bucket");
        value(h.count(), "{le=\"+Inf\"}", "_bucket");
        value(h.sum(), {}, "_sum");
        value(h.count(), {}, "_count");
    }
    // Process metrics, under the names that all client libraries use.
    template <class Number>
    void process(std::string_view name, std::string_view type, std::string_view help, Number number) {
        out_ +=
            fmt::format("# HELP process_{0} {1}\n# TYPE process_{0} {2}\nprocess_{0} {3}\n", name, help, type, number);
    }
    std::string take() { return std::move(out_); }

  private:
    std::string out_;
    std::string name_;
};

double seconds(base::wall_time t) { return static_cast<double>(base::to_unix_ms(t)) / 1000.0; }

void changes_and_files(text& out, const snapshot& s, const counters& c) {
    out.family("changes_total", "counter", "Changes that got their verdict since the start.");
    for (int v = 1; v <= consent::verdict_count; ++v)
        out.value(c.verdicts()[static_cast<std::size_t>(v)],
                  fmt::format("{{verdict=\"{}\"}}", consent::name(static_cast<consent::verdict>(v))));
    out.gauge("changes_waiting", "Changes without a verdict, but for those of held files.", s.waiting);
    out.gauge("changes_held", "Changes without a verdict of held files.", s.held);
    out.gauge("oldest_unsent_opt_out_seconds", "Age of the oldest opt-out without a verdict; 0: there is none.",
              s.oldest_opt_out_seconds.value_or(0));
    out.gauge("last_confirmed_timestamp_seconds", "When HubSpot last confirmed a change; 0: not since the start.",
              seconds(c.last_confirmed()));
    out.gauge("late_write_keys", "Keys for which HubSpot may still apply an unanswered request.", s.late_write_keys);
    out.counter("verdicts_refused_total", "Second verdicts of a change, which the ledger did not take: a bug.",
                c.verdicts_refused());
    out.gauge("inbox_files", "Files that lie in the inbox.", s.inbox_files);
    out.gauge("files_open", "Files that were claimed and are not done.", s.open_files);
    out.gauge("files_held", "Files that wait for release or refuse.", s.held_files);
    out.family("files_total", "counter", "Files since the start, by what became of them.");
    out.value(c.files_read(), "{state=\"read\"}");
    out.value(c.files_done(), "{state=\"done\"}");
    out.value(c.files_refused(), "{state=\"refused\"}");
}

void requests_and_limits(text& out, const snapshot& s, const counters& c) {
    out.family("requests_total", "counter", "Requests that ended, by HTTP status; none: there was no answer.");
    for (const auto& [code, count] : c.requests())
        out.value(count, code == 0 ? "{code=\"none\"}" : fmt::format("{{code=\"{}\"}}", code));
    out.counter("assertion_requests_total", "Requests that sent newest changes again after unanswered ones.",
                c.assertions());
    out.distribution("request_duration_seconds", "From the first byte written to the end of the answer.", c.latency());
    out.distribution("batch_size_changes", "Changes that a request carried.", c.batch_size());
    out.gauge("requests_in_flight", "Requests under way.", s.in_flight);
    out.gauge("requests_in_flight_max", "Requests that may be under way at present.", s.window);
    if (s.limit) {
        out.gauge("rate_limit_requests", "Requests that HubSpot allows in an interval.", s.limit->requests);
        out.gauge("rate_limit_used_requests", "Of these, used in the current interval.", s.limit->used);
        out.gauge("rate_limit_others_requests", "Of these, left to other programs.", s.limit->others);
        out.gauge("rate_limit_interval_seconds", "The interval.",
                  static_cast<double>(s.limit->interval.count()) / 1000.0);
    }
    if (s.daily) {
        out.gauge("daily_limit_requests", "Requests of the account's day.", s.daily->limit);
        out.gauge("daily_remaining_requests", "Of these, left.", s.daily->remaining);
        out.gauge("daily_reserve_reached", "1: only opt-outs are sent until the day ends.",
                  s.daily->at_reserve ? 1 : 0);
    }
}

void pauses_and_disk(text& out, const snapshot& s, const counters& c) {
    out.family("paused", "gauge", "1: sending stops for this reason.");
    for (std::size_t i = 0; i < delivery::pause_reason_count; ++i) {
        const std::string_view reason = delivery::name(static_cast<delivery::pause_reason>(i));
        const bool holds =
            std::any_of(s.pauses.begin(), s.pauses.end(), [&](const auto& p) { return p.reason == reason; });
        out.value(holds ? 1 : 0, fmt::format("{{reason=\"{}\"}}", reason));
    }
    out.counter("pauses_total", "Pauses that began since the start.", c.pauses_begun());
    out.gauge("ledger_bytes", "Size of the ledger with its log.", s.ledger_bytes);
    out.gauge("ledger_disk_free_bytes", "Room on the ledger's disk.", s.disk_free_bytes);
}

void process(text& out, const snapshot& s) {
    if (s.started) out.process("start_time_seconds", "gauge", "When the daemon started.", seconds(*s.started));
    if (!s.process) return;
    out.process("cpu_seconds_total", "counter", "CPU time of the daemon, user and system.", s.process->cpu_seconds);
    out.process("resident_memory_bytes", "gauge", "Memory that the daemon has in use.", s.process->resident_bytes);
    out.process("open_fds", "gauge", "Open file descriptors.", s.process->open_fds);
    out.process("max_fds", "gauge", "File descriptors that may be open.", s.process->max_fds);
}

}  // namespace

std::string format_metrics(const snapshot& s, const counters& c) {
    text out;
    out.family("build_info", "gauge", "Always 1; version and account.");
    out.value(1, fmt::format("{{version=\"{}\",account=\"{}\"}}", s.version, s.account));
    changes_and_files(out, s, c);
    requests_and_limits(out, s, c);
    pauses_and_disk(out, s, c);
    process(out, s);
    return out.take();
}

}  // namespace consent_sync::observe
