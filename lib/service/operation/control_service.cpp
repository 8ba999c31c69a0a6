#include "service/operation/control_service.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "observe/snapshot_json.hpp"

namespace consent_sync::service {
namespace {

using observe::control_command;
using observe::control_reply;

control_reply done(std::string words) {
    control_reply r;
    r.ok = true;
    r.words = std::move(words);
    return r;
}

control_reply refused(std::string words) {
    control_reply r;
    r.words = std::move(words);
    return r;
}

std::string refusal_words(const observe::control_request& request, unsigned uid) {
    std::string words = "sent back by an operator (uid " + std::to_string(uid) + "), never sent to HubSpot";
    if (!request.words.empty()) words += ": " + request.words;
    return words;
}

std::string outcome_words(control_command command, consent::arrival_number file, const ledger::steering_result& r) {
    const std::string id = consent::format_file_id(file);
    if (command == control_command::refuse)
        return "file " + id + ": " + std::to_string(r.rows) +
               " rows are sent back: they are invalid "
               "(refused_by_operator), and are in its failed file; its opt-outs are sent";
    std::string words = "file " + id + ": " + std::to_string(r.rows - r.superseded) + " rows are sent" +
                        (command == control_command::retry ? " again" : "");
    if (r.superseded > 0)
        words += ", " + std::to_string(r.superseded) + " are superseded by newer changes of the same person";
    return words;
}

}  // namespace

control_service::control_service(const environment& env, pipeline& all, snapshot_service& snapshots, reloading& reload)
    : env_(env), pipeline_(all), snapshots_(snapshots), reloading_(reload) {}

boost::asio::awaitable<control_reply> control_service::perform(observe::control_request request, unsigned uid) {
    switch (request.command) {
        case control_command::status: co_return co_await status();
        case control_command::subscriptions: co_return subscriptions();
        case control_command::pause: co_return co_await pause(std::move(request), uid);
        case control_command::resume: co_return co_await resume(uid);
        case control_command::reload: co_return co_await reload(std::move(request), uid);
        case control_command::retry:
        case control_command::release:
        case control_command::refuse: break;
    }
    co_return co_await steer(std::move(request), uid);
}

boost::asio::awaitable<control_reply> control_service::status() {
    const observe::snapshot s = co_await snapshots_.take(base::milliseconds(0));
    control_reply r;
    r.ok = true;
    r.status = observe::to_json(s, observe::file_names::shown);
    co_return r;
}

control_reply control_service::subscriptions() const {
    boost::json::value all = nullptr;  // not asked for, or HubSpot did not say
    if (const known_subscriptions known = pipeline_.subscriptions.known()) {
        all = boost::json::array();
        for (const auto& each : *known)
            all.get_array().push_back(
                boost::json::object{{"id", each.id}, {"name", each.name}, {"active", each.active}});
    }
    control_reply r;
    r.ok = true;
    r.status["subscriptions"] = std::move(all);
    return r;
}

// Waits until everything that the engine submitted is on disk.
boost::asio::awaitable<void> control_service::on_disk() {
    pipeline_.delivery.pump();
    auto nothing = [](ledger::store&) {};
    co_await env_.ledger.run(std::move(nothing));
}

boost::asio::awaitable<control_reply> control_service::pause(observe::control_request request, unsigned uid) {
    const auto reason = delivery::pause_reason::operator_;
    if (const auto* held = pipeline_.engine.held().find(reason))
        co_return done("paused already, since " + base::format_time(held->since.wall));
    std::string words = "uid " + std::to_string(uid) + " asked for it";
    if (!request.words.empty()) words += ": " + request.words;
    pipeline_.engine.pause(reason, words, env_.clock.now());
    base::log_event(base::level::info, "control.done", {{"command", "pause"}, {"uid", uid}});
    co_await on_disk();
    co_return done(
        "paused: nothing is sent, files are still taken and read. It outlasts restarts; `consent-sync resume` "
        "ends it");
}

boost::asio::awaitable<control_reply> control_service::resume(unsigned uid) {
    delivery::engine& engine = pipeline_.engine;
    const bool held = engine.held().find(delivery::pause_reason::operator_) != nullptr;
    engine.resume(delivery::pause_reason::operator_, env_.clock.now());
    engine.look_again(env_.clock.now());
    base::log_event(base::level::info, "control.done", {{"command", "resume"}, {"uid", uid}});
    co_await on_disk();
    std::string causes;
    for (std::size_t i = 0; i < delivery::pause_reason_count; ++i) {
        const auto reason = static_cast<delivery::pause_reason>(i);
        if (engine.held().find(reason)) causes += (causes.empty() ? "" : ", ") + std::string(delivery::name(reason));
    }
    if (!causes.empty())
        co_return done(std::string(held ? "the operator's pause has ended" : "no operator's pause was set") +
                       "; sending still waits for: " + causes +
                       ". The daemon checks again now, and continues when the cause is gone");
    co_return done(held ? "sending continues" : "nothing was paused");
}

boost::asio::awaitable<control_reply> control_service::reload(observe::control_request request, unsigned uid) {
    if (!request.config.empty() && !reloading_.is_of(request.config)) {
        control_reply other = refused("this daemon has another configuration than " + request.config);
        other.other_daemon = true;
        co_return other;
    }
    base::log_event(base::level::info, "control.done", {{"command", "reload"}, {"uid", uid}});
    const reload_outcome outcome = co_await reloading_.serve();
    if (outcome.done) co_return done(outcome.words);
    co_return refused(outcome.words);
}

boost::asio::awaitable<control_reply> control_service::steer(observe::control_request request, unsigned uid) {
    const control_command command = request.command;
    const consent::arrival_number file = request.file;
    const bool opt_out_stands = env_.settings.rules.contradictions == config::contradiction_rule::opt_out;
    auto steer_file = [command, file, opt_out_stands, words = refusal_words(request, uid)](ledger::store& s) {
        ledger::steering_result result;
        if (command == control_command::retry) result = s.steering().retry(file);
        if (command == control_command::release) result = s.steering().release(file);
        if (command == control_command::refuse) result = s.steering().refuse(file, words);
        const auto record = result.refusal.empty() ? s.files().find(file) : std::nullopt;
        if (record && opt_out_stands && command != control_command::refuse)
            result.superseded += s.standing().supersede(*record);
        return result;
    };
    // The engine must be told before any later commit: rows that come back are older than what that may bring.
    auto result = std::make_shared<ledger::steering_result>();
    auto tell_engine = [result, command, file, &engine = pipeline_.engine](ledger::steering_result steered) {
        *result = std::move(steered);
        if (!result->refusal.empty()) return;
        const consent::place first(file, 1);
        const consent::place last(file, result->file_rows);
        if (command == control_command::retry) engine.on_rows(first, last, true);  // opt-outs go again too
        if (command == control_command::refuse)
            engine.on_bulk_open();
        else
            engine.on_released(first, last);
    };
    env_.ledger.submit(std::move(steer_file), std::move(tell_engine));
    co_await on_disk();
    if (!result->refusal.empty()) co_return refused(result->refusal);
    base::log_event(base::level::info, "control.done",
                    {{"command", observe::name(command)},
                     {"uid", uid},
                     {"file", consent::format_file_id(file)},
                     {"rows", result->rows},
                     {"superseded", result->superseded}});
    pipeline_.delivery.pump();
    pipeline_.reports.files_settled();  // every row may have been superseded
    co_return done(outcome_words(command, file, *result));
}

}  // namespace consent_sync::service
