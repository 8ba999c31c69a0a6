#include "dry_run.hpp"

#include <algorithm>
#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <iostream>

#include "intake/sources.hpp"
#include "observe/control_client.hpp"
#include "observe/snapshot_json.hpp"
#include "observe/status_text.hpp"
#include "service/pipeline/importing.hpp"

namespace consent_sync::daemon {
namespace {

constexpr auto dry_run_patience = std::chrono::seconds(5);
constexpr std::uint32_t lowest_limit = 100;  // requests in 10 s, of HubSpot's lowest tier

// Requests that it takes to find a bad row if HubSpot refuses its batch without naming it: halving down to the row, and
// the row alone twice.
unsigned refusal_requests(std::uint32_t batch) { return 2 * static_cast<unsigned>(std::bit_width(batch)) + 2; }

std::string hash_of(const std::string& path) {
    auto file = intake::open_for_reading(path);
    if (!file) return {};
    const auto hash = intake::hash_file(file->get());
    return hash ? *hash : std::string();
}

service::known_subscriptions read_subscriptions(const boost::json::object& told) {
    const boost::json::value* all = told.if_contains("subscriptions");
    if (!all || !all->is_array()) return nullptr;
    auto known = std::make_shared<std::vector<hubspot::subscription_definition>>();
    try {
        for (const boost::json::value& each : all->get_array())
            known->push_back({each.at("id").to_number<std::int64_t>(), std::string(each.at("name").as_string()),
                              each.at("active").as_bool()});
    } catch (const std::exception&) {  // another version's daemon
        return nullptr;
    }
    return known;
}

}  // namespace

void print_time(std::uint64_t changes, std::uint64_t ahead, const config::settings& settings,
                const running_daemon& running) {
    const std::optional<observe::limit_view>& learnt = running.limit;
    observe::limit_view limit{settings.limits.requests.value_or(lowest_limit), settings.limits.interval, 0, 0,
                              settings.batch.max_changes};
    if (learnt) limit = *learnt;
    const std::uint64_t requests = (changes + limit.batch - 1) / limit.batch;
    std::cout << "  requests: at least " << observe::format_count(requests)
              << ", if HubSpot refuses none of these rows; each one that it refuses takes up to "
              << refusal_requests(limit.batch) << " more\n";
    const double pace = limit.changes_per_second();
    if (pace <= 0) return;
    std::cout << "  time: at least " << observe::format_seconds(static_cast<double>(changes) / pace) << " at "
              << limit.requests - limit.others << " requests in " << limit.interval.count() / 1000.0 << " s ("
              << (learnt                     ? "the running daemon's limit"
                  : settings.limits.requests ? "limits.requests"
                                             : "HubSpot's lowest limit; the daemon learns its own")
              << ")";
    if (ahead > 0)
        std::cout << ", behind " << observe::format_count(ahead) << " changes that wait already ("
                  << observe::format_seconds(static_cast<double>(ahead) / pace) << "); opt-outs go ahead of them";
    std::cout << "\n";
}

void dry_run::add(const intake::row& row) {
    ++rows_;
    if (row.fault) return;
    const consent::change& c = row.change;
    const consent::key_hash hash = consent::hash_key(c);
    if (row.change_id != 0) returning_.push_back({c, consent::place(row.change_id)});
    key_rows& key = keys_[hash];
    const bool opposite = c.is_opt_out() ? others_of_.contains(hash) : opt_outs_.contains(hash);
    const bool told = opt_outs_.contains(hash) && others_of_.contains(hash);
    if (opposite && !told && contradictions_++ == 0) first_contradiction_ = row.number;
    if (!c.is_opt_out()) others_of_.insert(hash);
    if (c.is_opt_out()) {
        ++opt_outs_count_;
        if (++opt_outs_[hash] == 1) contradicted_ += key.others;
        superseded_ += std::exchange(key.since_opt_out, 0);
    } else {
        ++(c.state == consent::status_state::subscribed ? opt_ins_ : others_);
        ++key.others;
        contradicted_ += opt_outs_.contains(hash);
    }
    ++key.since_opt_out;
}

std::uint64_t dry_run::print(const config::settings& settings, const std::string& path, ledger::dry_run_reader* ledger,
                             const running_daemon& running) {
    using observe::format_count;
    ledger::dry_run_facts facts;
    if (ledger) {
        const auto since = std::chrono::system_clock::now() - settings.rules.duplicate_window;
        const auto asked = ledger->ask(hash_of(path), since, opt_outs_, others_of_, returning_);
        if (asked)
            facts = *asked;
        else
            std::cout << "  the ledger could not be asked: " << asked.error().message << "\n";
    }
    std::uint64_t overtaken = 0;
    for (const ledger::returning_row& row : returning_) {
        overtaken += row.newer;
        unknown_ += ledger && !row.issued;
    }
    if (facts.duplicate_of) {
        std::cout << "  the same content was dropped before, as file " << consent::format_file_id(*facts.duplicate_of)
                  << ": its " << format_count(opt_ins_ + others_)
                  << " other rows would be invalid (duplicate_file) until "
                  << "consent-sync release\n";
        opt_ins_ = others_ = superseded_ = contradictions_ = contradicted_ = 0;
    }
    const bool opt_out_stands = settings.rules.contradictions == config::contradiction_rule::opt_out;
    if (contradictions_ > 0) {
        std::cout << "  contradictions: " << format_count(contradictions_)
                  << (contradictions_ == 1 ? " person has" : " people have")
                  << " opposite statuses of one subscription in this file, first in row " << first_contradiction_
                  << "; "
                  << (opt_out_stands ? "the opt-outs would stand, and " + format_count(contradicted_) +
                                           " rows would be superseded (rules.contradictions)"
                                     : "what comes last would stand, as rules.contradictions says")
                  << "\n";
        // Of opt-outs alone the last one of a key is sent.
        std::uint64_t opt_outs_superseded = 0;
        for (const auto& [hash, rows] : opt_outs_) opt_outs_superseded += rows - 1;
        if (opt_out_stands) superseded_ = opt_outs_superseded + contradicted_;
    }
    const std::uint64_t all = opt_ins_ + others_ + opt_outs_count_;
    const std::uint64_t sent = all - std::min(all, superseded_ + overtaken + unknown_);
    if (facts.opt_ins_over_opt_outs > 0)
        std::cout << "  against other files: " << format_count(facts.opt_ins_over_opt_outs)
                  << (facts.opt_ins_over_opt_outs == 1 ? " person" : " people")
                  << " whom it opts in opted out last, as the ledger has it\n";
    std::cout << "  would be sent: " << format_count(sent) << " (opt-outs " << format_count(opt_outs_count_) << ")\n";
    if (superseded_ > 0)
        std::cout << "  would be superseded by an opt-out in the file: up to " << format_count(superseded_) << "\n";
    if (overtaken > 0)
        std::cout << "  would be superseded by newer changes in the ledger: " << format_count(overtaken) << "\n";
    if (unknown_ > 0)
        std::cout << "  invalid, unknown_change_id: " << format_count(unknown_)
                  << " (this ledger did not issue their change_id for these addresses)\n";
    if (facts.superseded_in_ledger > 0)
        std::cout << "  its opt-outs would supersede " << format_count(facts.superseded_in_ledger)
                  << " unsent changes of other files\n";
    const std::string held = service::why_held(settings.rules, opt_ins_, rows_);
    if (!held.empty())
        std::cout << "  would be held: " << held << ". Its opt-outs would go ahead, and "
                  << format_count(opt_ins_ + others_) << " rows wait for consent-sync release\n";
    print_time(sent, facts.waiting, settings, running);
    return sent;
}

std::uint64_t dry_run::contradicts(const dry_run& other) const {
    std::uint64_t count = 0;
    for (const auto& [hash, times] : opt_outs_)
        count += other.others_of_.contains(hash) && !other.opt_outs_.contains(hash);
    for (const consent::key_hash hash : others_of_)
        count += other.opt_outs_.contains(hash) && !other.others_of_.contains(hash);
    return count;
}

running_daemon ask_running(const config::settings& settings, const std::string& config_path) {
    running_daemon running;
    observe::control_request request;
    request.state_dir = settings.state_dir;
    const auto places = observe::control_socket_places(settings, config_path);
    const auto status = observe::ask_daemon(places, request, dry_run_patience);
    if (!status || !status->ok) return running;
    if (const auto s = observe::from_json(status->status)) running.limit = s->limit;
    if (!settings.rules.known_subscriptions) return running;
    request.command = observe::control_command::subscriptions;
    const auto told = observe::ask_daemon(places, request, dry_run_patience);
    if (told && told->ok) running.subscriptions = read_subscriptions(told->status);
    return running;
}

}  // namespace consent_sync::daemon
