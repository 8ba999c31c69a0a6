// Worlds from seeds: every parameter is drawn. Most worlds are calm; in some everything goes wrong at once.
#include "base/time_zone.hpp"
#include "simulation/world.hpp"

namespace consent_sync::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t planned_requests_most = 500;  // of a world without trouble
constexpr double bad_rows_most = 50;                // of a world, approximately; each costs up to eight requests

void draw_settings(dice& luck, world_profile& p) {
    p.settings = plain_settings();
    p.settings.batch.max_changes = luck.pick<std::uint32_t>({1, 4, 20, 100, 100, 100});
    p.settings.batch.max_wait = milliseconds(luck.pick<int>({100, 1'000}));
    p.settings.retry.late_write_window = minutes(luck.pick<int>({2, 10}));
    p.settings.retry.max_attempts = luck.pick<std::uint32_t>({2, 8});
    p.settings.limits.max_connections = luck.pick<std::uint32_t>({1, 8, 192});
    if (luck.chance(0.5)) {  // tight, so that all bounds are reached
        p.bounds.fetch_most = static_cast<std::size_t>(luck.between(3, 60));
        p.bounds.ready_low = static_cast<std::size_t>(luck.between(1, 60));
        p.bounds.waiting_max = static_cast<std::size_t>(luck.between(0, 20));
        p.bounds.retrying_max = static_cast<std::size_t>(luck.between(1, 40));
        p.bounds.duties_max = static_cast<std::size_t>(luck.between(20, 400));
        p.bounds.deferred_fetch_most = static_cast<std::size_t>(luck.between(1, 10));
    }
}

void draw_hubspot(dice& luck, world_profile& p) {
    hubspot_profile& h = p.hubspot;
    h.limit = luck.pick<std::uint32_t>({100, 110, 190, 250});
    if (luck.chance(0.2)) p.settings.limits.requests = h.limit = luck.pick<std::uint32_t>({3, 10, 40});
    h.headers = luck.chance(0.9);
    h.latency_least = milliseconds(luck.between(1, 150));
    h.latency_most = h.latency_least + milliseconds(luck.chance(0.8) ? luck.between(0, 150) : luck.between(0, 5'000));
    if (luck.chance(0.2)) h.latency_grows = 0.2;
    if (luck.chance(0.1)) h.refuses_above = static_cast<std::uint32_t>(luck.between(1, 10));
    if (luck.chance(0.2)) h.batch_most = static_cast<std::size_t>(luck.between(1, 60));
    if (luck.chance(0.1) && h.limit >= 40) h.others_per_second = static_cast<double>(h.limit) / 10 * 0.5;
    if (h.limit < 40) p.patience = hours(24);
    // The daemon knows the account's midnight, or it does not.
    const std::string zone = luck.pick<const char*>({"UTC", "Europe/Berlin", "America/New_York"});
    p.settings.limits.time_zone = luck.chance(0.8) ? zone : "";
    h.next_midnight = [zone](base::wall_time t) { return base::next_midnight(zone, t); };
    h.late_window = p.settings.retry.late_write_window;
    h.late_share = luck.pick<double>({0, 0.3, 1});
    if (luck.chance(0.1) && p.settings.batch.max_changes >= 20) {
        h.daily = luck.between(200, 600);
        p.patience = hours(24 * 8);
    }
}

void draw_faults(dice& luck, world_profile& p) {
    const auto span = minutes(luck.pick<int>({1, 5, 30, 180}));
    p.faults_end = span;
    if (luck.chance(0.15)) return;
    if (luck.chance(0.2)) {  // a moment in which HubSpot refuses everything, and outages
        fault moment;
        moment.kind = luck.pick<trouble>({trouble::refuses_all, trouble::refuses_all, trouble::errors_for_all});
        moment.from = milliseconds(luck.skewed(0, milliseconds(span).count()));
        moment.to = moment.from + milliseconds(luck.skewed(50, 9'000));
        p.hubspot.faults.push_back(moment);
        for (std::int64_t i = luck.between(0, 2); i > 0; --i) {
            fault f;
            f.kind = luck.pick<trouble>({trouble::unavailable, trouble::reset, trouble::silence, trouble::idle_dies});
            f.from = milliseconds(luck.between(0, milliseconds(span).count()));
            f.to = f.from + milliseconds(luck.skewed(100, milliseconds(span).count()));
            f.share = luck.pick<double>({0.05, 0.3, 1});
            p.hubspot.faults.push_back(f);
        }
        return;
    }
    const std::int64_t count = luck.skewed(1, 8);
    for (std::int64_t i = 0; i < count; ++i) {
        fault f;
        f.kind = luck.pick<trouble>(
            {trouble::unavailable, trouble::silence,        trouble::reset,         trouble::unreachable,
             trouble::unclear,     trouble::omits_some,     trouble::says_other,    trouble::locked,
             trouble::moving,      trouble::scope,          trouble::misconfigured, trouble::limits,
             trouble::unavailable, trouble::silence,        trouble::reset,         trouble::refuses_all,
             trouble::empties_all, trouble::errors_for_all, trouble::idle_dies,     trouble::says_anything});
        f.from = milliseconds(luck.between(0, milliseconds(span).count()));
        f.to = f.from + milliseconds(luck.skewed(100, milliseconds(span).count()));
        f.share = luck.pick<double>({0.05, 0.3, 0.7, 1});
        p.hubspot.faults.push_back(f);
    }
    if (luck.chance(0.3)) p.hubspot.moving_for = seconds(luck.between(1, 3'000));
    if (luck.chance(0.1))
        p.token_changes.push_back({milliseconds(luck.between(0, milliseconds(span).count())),
                                   milliseconds(luck.skewed(0, milliseconds(span).count()))});
    if (luck.chance(0.5)) {
        const std::int64_t crashes = luck.skewed(1, 8);
        for (std::int64_t i = 0; i < crashes; ++i)
            p.crashes.push_back(
                {milliseconds(luck.skewed(0, milliseconds(span).count())), milliseconds(luck.skewed(1, 20 * 60'000)),
                 luck.chance(0.3) ? std::optional(milliseconds(luck.skewed(0, 20'000))) : std::nullopt});
    }
    if (luck.chance(0.2)) {
        for (std::int64_t i = luck.between(1, 4); i > 0; --i)
            p.wall_jumps.push_back({milliseconds(luck.between(0, milliseconds(span).count())),
                                    milliseconds(luck.between(-3'600'000, 3'600'000))});
    }
}

void draw_operator(dice& luck, world_profile& p) {
    if (!luck.chance(0.1)) return;
    const std::int64_t span = std::chrono::duration_cast<milliseconds>(p.faults_end).count();
    for (std::int64_t i = luck.between(1, 3); i > 0; --i)
        p.operator_pauses.push_back({milliseconds(luck.between(0, span)), milliseconds(luck.skewed(1, span))});
}

planned_row draw_row(dice& luck, std::int64_t keys, double bad, bool outs_only_known) {
    planned_row r;
    // One draw per statement: the order in which arguments are evaluated depends on the compiler, and a seed must
    // always give the same world.
    const std::int64_t who = luck.skewed(1, keys);
    const bool otherwise = luck.chance(0.1);
    std::string name = "p" + std::to_string(who);
    if (who % 5 == 0)
        name += "@" + std::string(domain_spellings[otherwise ? 1 : static_cast<std::size_t>(who) % 4]);
    else
        name += otherwise ? "@Example.org" : "@example.org";
    const bool out = outs_only_known || luck.chance(0.3);
    const std::int64_t subscription = luck.between(7, 8);
    r.change =
        make_change(name, out ? consent::status_state::unsubscribed : consent::status_state::subscribed, subscription);
    if (luck.chance(0.02)) r.invalid = true;
    if (!r.invalid && luck.chance(bad))
        r.what = luck.pick<nature>({nature::error_in_answer, nature::refuses_batch, nature::refuses_named,
                                    nature::refuses_each, nature::not_found, nature::edge_forbids, nature::other_status,
                                    nature::silent});
    // An edge that forbids a row in every batch looks like a missing scope: each one costs a pause.
    if (bad > 0.01 && r.what == nature::edge_forbids) r.what = nature::refuses_batch;
    return r;
}

void draw_files(dice& luck, world_profile& p, std::size_t changes_most) {
    const std::int64_t keys = luck.pick<std::int64_t>({1, 5, 40, 400, 4'000});
    // If a request can carry only few changes, a larger world shows nothing new and takes long.
    const std::size_t batch_most = std::min({std::size_t{p.settings.batch.max_changes}, p.hubspot.batch_most,
                                             p.bounds.fetch_most, static_cast<std::size_t>(keys)});
    const std::size_t most = std::min(changes_most, planned_requests_most * batch_most);
    const auto changes = luck.skewed(1, static_cast<std::int64_t>(most));
    const double bad = std::min(luck.pick<double>({0, 0, 0.005, 0.05}), bad_rows_most / static_cast<double>(changes));
    const auto span = std::chrono::duration_cast<milliseconds>(p.faults_end).count();
    std::int64_t left = changes;
    while (left > 0) {
        planned_file file;
        file.arrives = milliseconds(luck.skewed(0, span));
        const std::int64_t size = std::min(left, luck.chance(0.5) ? luck.skewed(0, 5) : luck.skewed(1, changes));
        for (std::int64_t i = 0; i < size; ++i) file.rows.push_back(draw_row(luck, keys, bad, false));
        left -= std::max<std::int64_t>(size, 1);
        if (luck.chance(0.05)) {
            file.held = true;
            file.released_after = milliseconds(luck.skewed(0, span));
        } else if (luck.chance(0.1)) {
            file.redrop = true;
        }
        if (!p.files.empty() && luck.chance(0.2)) {
            file.with_previous = true;
            file.arrives = p.files.back().arrives;
        }
        p.files.push_back(std::move(file));
    }
    p.intake.chunk_most = luck.pick<std::int64_t>({1, 10, 200});
    if (p.intake.chunk_most == 1 && changes > 500) p.intake.chunk_most = 10;
    p.intake.chunk_gap_most = milliseconds(luck.pick<int>({0, 50, 2'000}));
}

}  // namespace

world_profile random_profile(std::uint64_t seed, std::size_t changes_most) {
    dice luck(seed ^ 0x5eed);
    world_profile p;
    draw_settings(luck, p);
    draw_hubspot(luck, p);
    draw_faults(luck, p);
    if (luck.chance(0.2)) p.settings.rules.contradictions = config::contradiction_rule::last;
    draw_operator(luck, p);
    draw_files(luck, p, changes_most);
    p.disk.delay_most = milliseconds(luck.pick<int>({1, 10, 10, 1'000}));
    p.disk.group_most = luck.pick<std::size_t>({1, 4, 64});
    p.disk.fails = luck.pick<double>({0, 0, 0.1});
    const bool calm = p.disk.delay_most < milliseconds(50) && p.hubspot.latency_most <= milliseconds(300);
    p.own_429_is_a_fault = calm && p.hubspot.others_per_second == 0 && p.hubspot.headers;
    return p;
}

// A HubSpot without trouble, files with many bad rows (scattered or adjacent), and opt-outs in other files.
world_profile many_bad_rows_profile(std::uint64_t seed) {
    dice luck(seed ^ 0xbad);
    world_profile p;
    p.settings = plain_settings();
    p.settings.batch.max_changes = luck.pick<std::uint32_t>({4, 20, 100, 100});
    p.hubspot.limit = 190;
    p.hubspot.latency_least = milliseconds(luck.between(20, 100));
    p.hubspot.latency_most = p.hubspot.latency_least + milliseconds(luck.between(0, 150));
    p.hubspot.next_midnight = [](base::wall_time t) { return base::next_midnight("UTC", t); };
    p.disk.delay_most = milliseconds(luck.pick<int>({1, 10}));
    p.intake.chunk_least = p.intake.chunk_most = 2'000;
    p.intake.chunk_gap_most = milliseconds(0);
    p.expects_end = false;
    p.faults_end = seconds(0);
    p.patience = minutes(20);
    const auto rows = luck.between(4 * std::int64_t{p.settings.batch.max_changes}, 1'500);
    const double bad = luck.pick<double>({0.03, 0.1, 0.3});
    const std::int64_t side_by_side = luck.pick<std::int64_t>({1, 1, 3, 20});
    const nature what = luck.pick<nature>({nature::refuses_batch, nature::refuses_batch, nature::refuses_named,
                                           nature::refuses_each, nature::not_found, nature::error_in_answer});
    const double opt_outs = luck.pick<double>({0, 0, 0.2, 1});
    planned_file file;
    std::int64_t in_a_row = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
        planned_row row;
        const std::string name = "p" + std::to_string(i) + "@example.org";
        row.change = luck.chance(opt_outs) ? opt_out(name) : opt_in(name);
        if (in_a_row == 0 && luck.chance(bad / static_cast<double>(side_by_side))) in_a_row = side_by_side;
        if (in_a_row > 0) {
            --in_a_row;
            row.what = what;
        }
        file.rows.push_back(std::move(row));
    }
    p.files.push_back(std::move(file));
    for (std::int64_t i = luck.between(0, 5); i > 0; --i) {
        planned_file others;
        others.arrives = milliseconds(luck.skewed(0, 20'000));
        for (std::int64_t j = luck.skewed(1, 5); j > 0; --j) {
            planned_row row;
            row.change = opt_out("o" + std::to_string(i) + "." + std::to_string(j) + "@example.org");
            others.rows.push_back(std::move(row));
        }
        p.files.push_back(std::move(others));
    }
    // If the last rows are bad, only a later good row can show it.
    planned_file late;
    late.arrives = minutes(12);
    late.rows.emplace_back();
    late.rows.back().change = opt_in("late@example.org");
    p.files.push_back(std::move(late));
    if (luck.chance(0.25)) {  // in the middle, a moment in which HubSpot refuses everything
        fault moment;
        moment.kind = trouble::refuses_all;
        moment.from = milliseconds(luck.skewed(1, 30'000));
        moment.to = moment.from + milliseconds(luck.skewed(50, 120'000));
        p.faults_end = moment.to;
        p.hubspot.faults.push_back(moment);
    }
    return p;
}

// All kinds of trouble at once, all the time, so that the state after one answer meets every other answer.
world_profile all_at_once_profile(std::uint64_t seed) {
    dice luck(seed ^ 0xa11);
    world_profile p;
    draw_settings(luck, p);
    draw_hubspot(luck, p);
    p.hubspot.daily.reset();
    p.faults_end = seconds(luck.pick<int>({20, 60, 300}));
    const double share = luck.pick<double>({0.05, 0.1, 0.2});
    for (const trouble kind :
         {trouble::omits_some, trouble::says_other, trouble::errors_for_all, trouble::says_anything,
          trouble::refuses_all, trouble::empties_all, trouble::unavailable, trouble::unclear, trouble::reset,
          trouble::silence, trouble::unreachable, trouble::locked, trouble::limits}) {
        const bool in_answers = kind == trouble::omits_some || kind == trouble::says_other ||
                                kind == trouble::errors_for_all || kind == trouble::says_anything ||
                                kind == trouble::refuses_all;
        p.hubspot.faults.push_back({seconds(0), p.faults_end, kind, in_answers ? 2 * share : share / 4});
    }
    draw_files(luck, p, 1'000);
    p.disk.delay_most = milliseconds(luck.pick<int>({1, 10, 1'000}));
    p.disk.group_most = luck.pick<std::size_t>({1, 4, 64});
    return p;
}

world_profile week_profile(std::uint64_t seed, std::size_t changes) {
    dice luck(seed ^ 0x3eec);
    world_profile p;
    p.settings = plain_settings();
    draw_hubspot(luck, p);
    p.settings.limits.requests.reset();
    p.hubspot.limit = 190;
    p.hubspot.daily.reset();
    p.hubspot.refuses_above.reset();
    p.hubspot.batch_most = 1'000;
    p.hubspot.late_share = 0.5;
    p.faults_end = hours(24 * 7);
    p.patience = hours(24);
    for (int i = 0; i < 60; ++i) {
        fault f;
        f.kind = luck.pick<trouble>({trouble::unavailable, trouble::silence, trouble::reset, trouble::unreachable,
                                     trouble::unclear, trouble::omits_some, trouble::moving, trouble::limits,
                                     trouble::idle_dies});
        f.from = seconds(luck.between(0, 7 * 86'400));
        f.to = f.from + seconds(luck.skewed(10, 4 * 3'600));
        f.share = luck.pick<double>({0.01, 0.1, 1});
        p.hubspot.faults.push_back(f);
    }
    for (int i = 0; i < 10; ++i)
        p.crashes.push_back(
            {seconds(luck.between(0, 7 * 86'400)), milliseconds(luck.skewed(100, 1'800'000)), std::nullopt});
    const std::size_t files = 200;
    for (std::size_t i = 0; i < files; ++i) {
        planned_file file;
        file.arrives = seconds(luck.between(0, 7 * 86'400));
        for (std::size_t row = 0; row < changes / files; ++row)
            file.rows.push_back(draw_row(luck, static_cast<std::int64_t>(changes / 4), 0.001, false));
        p.files.push_back(std::move(file));
    }
    p.intake.chunk_least = p.intake.chunk_most = 2'000;
    return p;
}

}  // namespace consent_sync::simulation
