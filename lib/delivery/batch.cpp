#include "delivery/batch.hpp"

#include <algorithm>

namespace consent_sync::delivery {

void items::add(consent::change&& c, consent::key_hash hash, bool answered_otherwise) {
    changes_.push_back(std::move(c));
    pasts_.push_back({hash, answered_otherwise});
}

void items::remove(std::size_t index) {
    changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(index));
    pasts_.erase(pasts_.begin() + static_cast<std::ptrdiff_t>(index));
}

items items::take(const std::vector<bool>& part) {
    items taken, left;
    for (std::size_t i = 0; i < size(); ++i)
        (part[i] ? taken : left).add(std::move(changes_[i]), pasts_[i].hash, pasts_[i].answered_otherwise);
    *this = std::move(left);
    return taken;
}

std::size_t items::opt_outs() const {
    return static_cast<std::size_t>(
        std::count_if(changes_.begin(), changes_.end(), [](const consent::change& c) { return c.is_opt_out(); }));
}

bool items::mixed() const {
    const std::size_t count = opt_outs();
    return count > 0 && count < size();
}

bool refusal::names(consent::place place) const { return std::find(named.begin(), named.end(), place) != named.end(); }

void refusal::accept(consent::place place) {
    for (refusal* r = this; r; r = r->of.get()) {
        ++r->accepted;
        r->unnamed_accepted += r->names(place) ? 0 : 1;
    }
}

void refusal::name(consent::place place) {
    for (refusal* r = this; r; r = r->of.get())
        if (!r->names(place)) r->named.push_back(place);
}

batch& batches::make() {
    auto b = std::make_unique<batch>();
    b->id = next_++;
    return *alive_.emplace(b->id, std::move(b)).first->second;
}

batch& batches::split(batch& b, const std::vector<bool>& part) {
    batch& other = make();
    const ledger::batch_id id = other.id;
    items taken = b.content.take(part);
    other = {id, std::move(taken), b.assertion, b.past, b.retry, b.last, 0, b.where};
    assertions_ += b.assertion ? 1 : 0;
    return other;
}

void batches::mark_assertion(batch& b) {
    b.assertion = true;
    ++assertions_;
}

void batches::end(batch& b) {
    assertions_ -= b.assertion ? 1 : 0;
    alive_.erase(b.id);
}

batch* batches::find(ledger::batch_id id) const {
    const auto found = alive_.find(id);
    return found == alive_.end() ? nullptr : found->second.get();
}

const consent::change* batches::find(ledger::batch_id id, consent::place place) const {
    const batch* b = find(id);
    if (!b) return nullptr;
    const auto& changes = b->content.changes();
    const auto found = std::find_if(changes.begin(), changes.end(), [place](const auto& c) { return c.id == place; });
    return found == changes.end() ? nullptr : &*found;
}

}  // namespace consent_sync::delivery
