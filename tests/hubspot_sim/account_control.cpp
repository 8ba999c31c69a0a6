// Queries and changes of the account for tests and the control endpoints.
#include "hubspot_sim/account.hpp"

namespace consent_sync::hubspot_sim {

void account::connection_opened() {
    const std::lock_guard lock(mutex_);
    ++oracle_.counters.connections_accepted;
    ++oracle_.counters.connections_open;
    changed_.notify_all();
}

void account::connection_closed() {
    const std::lock_guard lock(mutex_);
    --oracle_.counters.connections_open;
    changed_.notify_all();
}

bool account::take_handshake_stall() {
    const std::lock_guard lock(mutex_);
    if (handshake_stalls_ == 0) return false;
    --handshake_stalls_;
    return true;
}

void account::script(std::vector<fault> faults) {
    const std::lock_guard lock(mutex_);
    for (fault& f : faults) {
        if (f.repeat == 0) continue;
        if (f.kind == fault_kind::stall_handshake) {
            handshake_stalls_ += f.repeat;
        } else {
            script_.push_back(std::move(f));
        }
    }
}

void account::script_token(std::vector<fault> faults) {
    const std::lock_guard lock(mutex_);
    for (fault& f : faults) {
        if (f.repeat != 0) token_script_.push_back(std::move(f));
    }
}

void account::clear_script() {
    const std::lock_guard lock(mutex_);
    script_.clear();
    token_script_.clear();
    handshake_stalls_ = 0;
}

base::result<void> account::set(std::string_view name, std::string_view value) {
    const std::lock_guard lock(mutex_);
    base::result<void> done = set_option(options_, name, value, true);
    oracle_.set_level(options_.record);
    return done;
}

void account::change(const std::function<void(options&)>& how) {
    const std::lock_guard lock(mutex_);
    how(options_);
    oracle_.set_level(options_.record);
}

options account::settings() const {
    const std::lock_guard lock(mutex_);
    return options_;
}

counter_values account::counters_locked() const {
    counter_values now = oracle_.counters;
    for (const fault& f : script_) now.script_left += f.repeat;
    return now;
}

counter_values account::counters() const {
    const std::lock_guard lock(mutex_);
    return counters_locked();
}

void account::read(const std::function<void(const oracle&)>& reader) const {
    const std::lock_guard lock(mutex_);
    reader(oracle_);
}

bool account::wait_until(const std::function<bool(const counter_values&)>& reached, milliseconds limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return reached(counters_locked()); });
}

base::result<void> account::open_files(const std::string& oracle_file, const std::string& answers_file) {
    const std::lock_guard lock(mutex_);
    if (!answers_file.empty()) {
        answers_file_.open(answers_file, std::ios::app | std::ios::binary);
        if (!answers_file_) return base::error{base::errc::io, "cannot append to the file of answers " + answers_file};
    }
    return oracle_.open_file(oracle_file);
}

std::vector<answer_record> account::answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
}

}  // namespace consent_sync::hubspot_sim
