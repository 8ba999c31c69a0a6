#include "simulation/adversary_world.hpp"

#include <algorithm>

#include "random_hubspot/addresses.hpp"
#include "service/account/to_answer.hpp"
#include "simulation/bodies.hpp"
#include "unit/http/read_text.hpp"

namespace consent_sync::simulation {
namespace {

using random_hubspot::asked;
using random_hubspot::drawn;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t steps_most = 3'000'000;
constexpr std::int64_t wait_most_ms = 65'000;  // a minute, and the time until the request is sent
constexpr milliseconds client_timeout{105'000};

asked asked_of(const consent::change& c) {
    return {std::string(c.subscriber.view()), c.subscription, std::string(consent::name(c.state))};
}

std::unique_ptr<ledger::store> open_store() {
    auto opened = ledger::store::open(":memory:");
    if (opened.has_error()) throw broken_promise("ledger: " + opened.error().message);
    return std::move(*opened);
}

// Like https_transport with data from a socket.
http::exchange read_bytes(std::string_view bytes) {
    http::exchange result;
    result.written = true;
    auto outcome = http::test::text_reader().gets(bytes).ends().read();
    if (outcome->lost && outcome->received == 0) {
        result.failure = http::failure_step::connection_lost;
        result.detail = "closed by the server";
    } else if (outcome->lost || !outcome->refused.empty()) {
        result.failure = http::failure_step::bad_response;
        result.detail = outcome->refused;
    } else {
        result.response = std::move(outcome->response);
    }
    return result;
}

}  // namespace

adversary_profile draw_adversary(std::uint64_t seed, const adversary_kinds& kinds, bool one_good_a_second) {
    random_hubspot::chance luck(seed ^ 0xad5e);
    adversary_profile p;
    p.settings = config::settings{};
    p.settings.limits.time_zone = "UTC";
    p.settings.batch.max_changes = luck.pick<std::uint32_t>({1, 3, 4, 20, 100, 100});
    p.settings.batch.max_wait = milliseconds(luck.pick<int>({100, 1'000}));
    p.settings.retry.late_write_window = minutes(luck.pick<int>({2, 10}));
    p.settings.retry.max_attempts = luck.pick<std::uint32_t>({2, 8});
    p.settings.limits.max_connections = luck.pick<std::uint32_t>({1, 8, 192});
    p.lasts = one_good_a_second ? seconds(luck.between(90, 240)) : seconds(luck.pick<int>({5, 60, 600, 7'200}));
    p.one_good_a_second = one_good_a_second;
    p.habits = random_hubspot::draw_habits(kinds.faults, luck);
    p.habits.late_most = p.settings.retry.late_write_window - seconds(1);
    if (kinds.odd_headers) p.habits.odd_headers = luck.pick({0.0, 0.02, 0.5});
    if (!kinds.retry_after) p.habits.retry_after = 0;
    if (kinds.respells) p.habits.respells = luck.pick({0.0, 0.1, 1.0});
    if (p.habits.weight(random_hubspot::fault::unreachable) > 0) {
        p.habits.weight(random_hubspot::fault::unreachable) = 0;
        p.unreachable = luck.pick({0.0, 0.05, 0.5});
    }
    p.disk.delay_most = milliseconds(luck.pick<int>({1, 10, 10, 500}));
    p.disk.group_most = luck.pick<std::size_t>({1, 4, 64});
    p.intake.chunk_most = luck.pick<std::int64_t>({10, 200});
    const std::int64_t people = luck.pick<std::int64_t>({2, 10, 100, 1'000});
    const double bad = kinds.bad_rows ? luck.pick({0.0, 0.03, 0.1}) : 0;
    const double foreign = kinds.spellings || kinds.respells ? luck.pick({0.0, 0.2}) : 0;
    const std::int64_t span = std::chrono::duration_cast<milliseconds>(p.lasts).count();
    for (std::int64_t left = luck.skewed(1, std::min<std::int64_t>(600, 100 * p.settings.batch.max_changes));
         left > 0;) {
        planned_file file;
        file.arrives = milliseconds(luck.skewed(0, span));
        const std::int64_t size = std::min(left, luck.of(0.5) ? luck.between(1, 5) : luck.between(1, 300));
        for (std::int64_t i = 0; i < size; ++i) {
            const std::int64_t n = luck.skewed(1, people);
            std::string address =
                luck.of(foreign) ? random_hubspot::foreign_address(n) : random_hubspot::plain_address(n);
            if (luck.of(bad)) address = luck.pick<std::string>({"named-", "unnamed-", "error-"}) + address;
            if (kinds.spellings && luck.of(0.3))
                address = std::string(consent::trim(random_hubspot::respell(address, luck)));
            planned_row row;
            const bool out = luck.of(0.4);
            row.change =
                make_change(address, out ? consent::status_state::unsubscribed : consent::status_state::subscribed,
                            luck.between(7, 8));
            file.rows.push_back(std::move(row));
        }
        left -= size;
        p.files.push_back(std::move(file));
    }
    if (kinds.crashes && luck.of(0.3))
        for (std::int64_t i = luck.between(1, 4); i > 0; --i) {
            const auto at = milliseconds(luck.between(0, span));
            p.crashes.push_back({at, milliseconds(luck.skewed(1, 600'000))});
        }
    return p;
}

adversary_server::adversary_server(agenda& time, random_hubspot::trial& record, const adversary_profile& profile,
                                   std::uint64_t seed)
    : time_(time), record_(record), profile_(profile), luck_(seed ^ 0x5e7) {}

std::int64_t adversary_server::second() const {
    return std::chrono::duration_cast<seconds>(time_.now().steady.time_since_epoch()).count();
}

std::optional<hubspot::no_answer> adversary_server::unreachable_now() {
    if (honest_ || (profile_.one_good_a_second && good_second_ != second())) return std::nullopt;
    if (!luck_.of(profile_.unreachable)) return std::nullopt;
    using enum hubspot::no_answer;
    return luck_.pick({name_lookup_failed, connect_failed, connect_timeout, tls_failed, tls_timeout, proxy_refused});
}

reply adversary_server::receive(const request& r) {
    std::vector<asked> changes;
    for (const consent::change& c : r.changes) changes.push_back(asked_of(c));
    const std::int64_t clock = std::chrono::duration_cast<seconds>(time_.true_wall().time_since_epoch()).count();
    const bool in_turn = profile_.one_good_a_second && good_second_ != second();
    good_second_ = second();
    random_hubspot::habits habits = profile_.habits;
    if (honest_) habits.respells = habits.odd_headers = 0;
    const drawn d = honest_ || in_turn ? random_hubspot::good_answer(changes, habits, clock, luck_)
                                       : random_hubspot::draw_answer(changes, habits, clock, luck_);
    ++counts[d.of ? std::string(random_hubspot::name(*d.of)) : "good"];
    for (std::size_t i = 0; i < changes.size(); ++i)
        if (d.applied[i]) apply_after(r.changes[i], *d.applied[i]);
    reply out;
    out.after = d.delay;
    http::exchange e;
    e.written = true;
    switch (d.how) {
        case drawn::way::answered: e = read_bytes(d.bytes()); break;
        case drawn::way::cut: e = read_bytes(std::string_view(d.bytes()).substr(0, d.cut_at)); break;
        case drawn::way::silent:
            e.failure = http::failure_step::request_timeout;
            out.after = client_timeout;
            break;
        default: e.failure = http::failure_step::connection_lost; break;
    }
    out.answer = service::to_answer(std::move(e));
    if (!out.answer.failure) record_.answer(r.attempt, out.answer.status, out.answer.body);
    time_.after(out.after, [this, attempt = r.attempt, whole = !out.answer.failure, epoch = epoch_] {
        if (whole && epoch == epoch_) record_.delivered(attempt);
    });
    return out;
}

void adversary_server::apply_after(const consent::change& c, milliseconds delay) {
    touched.insert(c.id.id());
    const asked a = asked_of(c);
    if (delay.count() == 0) {
        states[random_hubspot::trial::key_of(a)] = a.state;
        return;
    }
    late_.push_back({time_.now().steady + delay, random_hubspot::trial::key_of(a), a.state, false});
    schedule(late_.size() - 1);
}

void adversary_server::schedule(std::size_t late) {
    time_.at(late_[late].at, [this, late] {
        if (std::exchange(late_[late].done, true)) return;
        states[late_[late].key] = late_[late].state;
    });
}

void adversary_server::client_restarted(milliseconds within) {
    const base::steady_time now = time_.now().steady;
    for (std::size_t i = 0; i < late_.size(); ++i) {
        if (late_[i].done || late_[i].at <= now + within) continue;
        late_[i].at = now + within;
        schedule(i);
    }
}

void adversary_witness::appended(consent::place place, const planned_row& row, consent::place) {
    row_state state;
    state.row = row;
    state.row.change.id = place;
    record_.add(place.id(), asked_of(row.change), now());
    rows_.emplace(place.id(), std::move(state));
}

void adversary_witness::step_committed(const ledger::ledger_change& step) {
    for (const auto& begin : step.begins) assertions_[begin.id] = begin.assertion;
    for (const auto& end : step.settled) {
        const consent::place by = end.reason ? end.reason->superseded_by : consent::place();
        record_.settle(end.id.id(), std::string(consent::name(end.verdict)), by.id(), now());
    }
    for (const auto& end : step.ends) record_.end(end.id, now());
}

void adversary_witness::begins(ledger::attempt_id attempt, std::span<const consent::change> changes) {
    const auto known = assertions_.find(attempt);
    if (known == assertions_.end())
        return record_.note("promise 2: attempt " + std::to_string(attempt) + " leaves before it is on disk");
    std::vector<random_hubspot::place> places;
    for (const consent::change& c : changes) places.push_back(c.id.id());
    record_.begin(attempt, std::move(places), known->second, now());
}

adversary_world::adversary_world(std::uint64_t seed, adversary_profile p)
    : time(base::wall_time(hours(24 * 365 * 56))),
      luck(seed),
      store(open_store()),
      profile(std::move(p)),
      hubspot(time, record, profile, seed),
      watch(time, record),
      daemon(time, luck, hubspot, watch, *store, profile.settings, {}, profile.disk, profile.wire),
      intake(time, luck, daemon, watch, profile.files, profile.intake, false),
      start_(time.now().steady),
      quiet_since_(watch.now()) {
    for (const auto& c : profile.crashes) time.after(c.at, [this, down = c.down] { crash(down); });
    time.after(profile.lasts, [this] { hubspot.stop(); });
    intake.daemon_starts(*store);
    daemon.start();
    intake.begin();
    heartbeat();
}

// HubSpot refuses only bad rows, or everything. Only a good row can tell, if nothing else is left to send.
void adversary_world::heartbeat() {
    const bool often = profile.one_good_a_second && !hubspot.stopped();
    if (hubspot.stopped() && finished()) return;
    if (!down_ && (often || heartbeats_ > 0)) {
        planned_file file;
        planned_row row;
        row.change = opt_in("heartbeat" + std::to_string(heartbeats_) + "@example.org");
        file.rows.push_back(row);
        intake.drop(std::move(file));
    }
    ++heartbeats_;
    time.after(often ? hours(0) + seconds(1) : minutes(10), [this] { heartbeat(); });
}

void adversary_world::crash(milliseconds down) {
    if (down_) return;
    down_ = true;
    daemon.crash();
    hubspot.crashed();
    intake.crash();
    stopped_.push_back({watch.now(), watch.now() + down.count()});
    time.after(down, [this] {
        down_ = false;
        intake.daemon_starts(*store);
        daemon.start();
    });
}

// A change that HubSpot accepted once and then refuses for ever keeps its duty for ever.
bool adversary_world::finished() {
    const bool patient = passed() < profile.lasts + hours(3);
    return !down_ && hubspot.stopped() && record.all_settled() && intake.all_done() && daemon.ledger_thread().idle() &&
           daemon.engine().idle() && (daemon.engine().status(time.now()).late_write_duties == 0 || !patient);
}

void adversary_world::note_span(std::vector<random_hubspot::span>& spans, bool& inside, bool now_inside,
                                std::int64_t now) {
    if (now_inside && !inside) spans.push_back({now, INT64_MAX});
    if (!now_inside && inside) spans.back().to = now;
    inside = now_inside;
}

// For a wait of more than a minute there must be a pause.
void adversary_world::observe() {
    const std::int64_t now = watch.now();
    bool pause = false, busy = false, full = false, reserve = false;
    if (!down_) {
        const auto status = daemon.engine().status(time.now());
        // A change that was refused alone waits until another one is accepted; `refusals.undecided` reports it.
        pause = daemon.engine().held().any() || status.suspected > 0;
        busy = status.in_flight > 0;
        // Opt-ins wait for the next day, which the pause `daily reserve` reports; opt-outs continue.
        reserve = status.bulk_at_reserve && record.open_opt_outs() == 0;
        full = status.in_flight >= status.window;
    }
    note_span(paused_, in_pause_, pause, now);
    note_span(full_, in_full_, full, now);
    // A change with a newer one is settled without a request.
    const bool settled = record.settled() != settled_;
    settled_ = record.settled();
    if (excused_ || settled) quiet_since_ = now;  // up to this event
    if (now - quiet_since_ > wait_most_ms && !told_of_silence_) {
        told_of_silence_ = true;
        record.note("promise 12: nothing was sent from " + std::to_string(quiet_since_) + " to " + std::to_string(now) +
                    ", and no pause said why: " + where());
    }
    excused_ = down_ || pause || busy || reserve || record.all_settled();
    if (excused_) told_of_silence_ = false;
}

std::string adversary_world::where() {
    if (!daemon.running()) return "down";
    const auto s = daemon.engine().status(time.now());
    std::string words = std::to_string(record.open()) + " rows open, duties " + std::to_string(s.late_write_duties) +
                        ", in flight " + std::to_string(s.in_flight) + ", ready " + std::to_string(s.ready_opt_outs) +
                        "+" + std::to_string(s.ready_bulk) + ", waiting " + std::to_string(s.waiting) + ", retrying " +
                        std::to_string(s.retrying) + ", suspected " + std::to_string(s.suspected) +
                        (s.bulk_at_reserve ? ", bulk waits at the day's reserve" : "");
    for (int r = 0; r < static_cast<int>(delivery::pause_reason_count); ++r)
        if (const auto* p = daemon.engine().held().find(static_cast<delivery::pause_reason>(r)))
            words += ", pause " + std::string(delivery::name(static_cast<delivery::pause_reason>(r))) + " (" +
                     p->words + ")";
    return words;
}

void adversary_world::check_files(ledger::store& s) {
    std::map<consent::arrival_number, std::map<std::string, std::uint64_t>> counts;
    for (const auto& [p, row] : record.rows()) ++counts[consent::place(p).arrival()][row.verdict];
    for (const auto& [arrival, by_verdict] : counts) {
        const auto file = s.files().find(arrival);
        if (!file) {
            record.note("promise 1: file " + std::to_string(arrival) + " is gone");
            continue;
        }
        for (int v = 1; v <= consent::verdict_count; ++v) {
            const std::string word(consent::name(static_cast<consent::verdict>(v)));
            const auto seen = by_verdict.find(word);
            const std::uint64_t wanted = seen == by_verdict.end() ? 0 : seen->second;
            if (file->counts[static_cast<std::size_t>(v)] != wanted)
                record.note("promise 8: file " + std::to_string(arrival) + " counts " +
                            std::to_string(file->counts[static_cast<std::size_t>(v)]) + " " + word + ", not " +
                            std::to_string(wanted));
        }
    }
}

std::vector<std::string> adversary_world::run() {
    bool in_time = true;
    while (!(hubspot.stopped() && finished())) {
        in_time = passed() <= profile.lasts + profile.patience && time.steps() <= steps_most && time.step();
        if (!in_time) break;
        observe();
    }
    if (!in_time) record.note("progress: not done in time: " + where());
    const auto checked = store->transact([this](ledger::store& s) { check_files(s); });
    if (checked.has_error()) record.note("ledger: " + checked.error().message);
    std::vector<std::string> wrong = record.judge();
    const auto add = [&wrong](std::vector<std::string> more) {
        wrong.insert(wrong.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    if (in_time)
        add(record.judge_states(
            hubspot.states, [this](auto p) { return hubspot.touched.contains(p); },
            [](const asked& a) { return random_hubspot::nature_of(a.address) == random_hubspot::nature::good; }));
    std::vector<random_hubspot::span> excused = stopped_;
    excused.insert(excused.end(), full_.begin(), full_.end());
    if (!profile.one_good_a_second) excused.insert(excused.end(), paused_.begin(), paused_.end());
    const auto end = profile.one_good_a_second ? start_ + profile.lasts : time.now().steady;
    add(record.late_opt_outs(wait_most_ms, std::chrono::duration_cast<milliseconds>(end.time_since_epoch()).count(),
                             excused));
    return wrong;
}

}  // namespace consent_sync::simulation
