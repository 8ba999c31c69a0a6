#include "dry_run.hpp"

#include <chrono>
#include <iostream>

#include "intake/content_hash.hpp"
#include "intake/open_for_reading.hpp"
#include "observe/control_client.hpp"
#include "observe/snapshot_json.hpp"
#include "observe/status_text.hpp"
#include "service/importing.hpp"

namespace consent_sync::daemon {
namespace {

constexpr auto patience = std::chrono::seconds(5);
constexpr std::uint32_t lowest_limit = 100;  // requests in 10 s, of HubSpot's lowest tier

std::string hash_of(const std::string& path) {
    auto file = intake::open_for_reading(path);
    if (!file) return {};
    const auto hash = intake::hash_file(file->get());
    return hash ? *hash : std::string();
}

void print_time(std::uint64_t changes, std::uint64_t ahead, const config::settings& settings,
                const std::optional<observe::limit_view>& learnt) {
    observe::limit_view limit{settings.limits.requests.value_or(lowest_limit), settings.limits.interval, 0, 0,
                              settings.batch.max_changes};
    if (learnt) limit = *learnt;
    const std::uint64_t requests = (changes + limit.batch - 1) / limit.batch;
    std::cout << "  requests: about " << observe::format_count(requests) << "\n";
    const double pace = limit.changes_per_second();
    if (pace <= 0) return;
    std::cout << "  time: about " << observe::format_seconds(static_cast<double>(changes) / pace) << " at "
              << limit.requests - limit.others << " requests in " << limit.interval.count() / 1000.0 << " s ("
              << (learnt ? "the running daemon's limit" : settings.limits.requests ? "limits.requests" : "HubSpot's lowest limit; the daemon learns its own")
              << ")";
    if (ahead > 0)
        std::cout << ", behind " << observe::format_count(ahead) << " changes that wait already ("
                  << observe::format_seconds(static_cast<double>(ahead) / pace) << "); opt-outs go ahead of them";
    std::cout << "\n";
}

}  // namespace

void dry_run::add(const intake::row& row) {
    ++rows_;
    if (row.fault) return;
    const consent::change& c = row.change;
    const consent::key_hash hash = consent::hash_key(c);
    if (row.change_id != 0) returning_.push_back({c, consent::place(row.change_id)});
    if (c.is_opt_out()) {
        ++opt_outs_count_;
        ++opt_outs_[hash];
        if (const auto before = waiting_.find(hash); before != waiting_.end()) superseded_ += std::exchange(before->second, 0);
    } else {
        ++(c.state == consent::status_state::subscribed ? opt_ins_ : others_);
    }
    ++waiting_[hash];
}

void dry_run::print(const config::settings& settings, const std::string& path, ledger::dry_run_reader* ledger,
                    const std::optional<observe::limit_view>& limit) {
    ledger::dry_run_facts facts;
    if (ledger) {
        const auto since = std::chrono::system_clock::now() - settings.rules.duplicate_window;
        const auto asked = ledger->ask(hash_of(path), since, opt_outs_, returning_);
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
    std::uint64_t sent = opt_ins_ + others_ + opt_outs_count_ - superseded_ - overtaken - unknown_;
    if (facts.duplicate_of) {
        std::cout << "  the same content was dropped before, as file " << consent::format_file_id(*facts.duplicate_of) << ": its "
                  << observe::format_count(opt_ins_ + others_) << " other rows would be invalid (duplicate_file) until "
                  << "consent-sync release\n";
        sent = opt_outs_count_;
    }
    std::cout << "  would be sent: " << observe::format_count(sent) << " (opt-outs " << observe::format_count(opt_outs_count_)
              << ")\n";
    if (superseded_ > 0)
        std::cout << "  would be superseded by an opt-out further down in the file: up to "
                  << observe::format_count(superseded_) << "\n";
    if (overtaken > 0)
        std::cout << "  would be superseded by newer changes in the ledger: " << observe::format_count(overtaken) << "\n";
    if (unknown_ > 0)
        std::cout << "  invalid, unknown_change_id: " << observe::format_count(unknown_)
                  << " (this ledger did not issue their change_id for these addresses)\n";
    if (facts.superseded_in_ledger > 0)
        std::cout << "  its opt-outs would supersede " << observe::format_count(facts.superseded_in_ledger)
                  << " unsent changes of other files\n";
    const bool held = !facts.duplicate_of && service::is_to_be_held(settings.rules, opt_ins_, rows_);
    if (held)
        std::cout << "  would be held (rules.hold_above): " << observe::format_count(opt_ins_ + others_)
                  << " rows wait for consent-sync release; its opt-outs go ahead\n";
    print_time(sent, facts.waiting, settings, limit);
}

std::optional<observe::limit_view> ask_limit(const config::settings& settings, const std::string& config_path) {
    observe::control_request request;
    request.state_dir = settings.state_dir;
    const auto reply = observe::ask_daemon(observe::control_socket_places(settings, config_path), request, patience);
    if (!reply || !reply->ok) return std::nullopt;
    const auto s = observe::from_json(reply->status);
    return s ? s->limit : std::nullopt;
}

}  // namespace consent_sync::daemon
