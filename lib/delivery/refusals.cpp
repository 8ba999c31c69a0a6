#include "delivery/refusals.hpp"

#include <algorithm>

namespace consent_sync::delivery {

void refusals::root_refused(ledger::batch_id root, std::size_t size) {
    roots_.try_emplace(root, root_state{size, 0, {}, false});
}

void refusals::add(suspect&& s) {
    const ledger::batch_id root = s.of->root;
    const auto found = roots_.find(root);
    if (found != roots_.end()) {
        root_state& state = found->second;
        ++state.suspects;
        if (state.suspects == 1)
            state.category = s.words.category;
        else if (state.category != s.words.category)
            state.mixed = true;
    }
    suspects_.push_back(std::move(s));
    root_shrinks(root, 1);
}

void refusals::root_shrinks(ledger::batch_id root, std::size_t by) {
    const auto found = roots_.find(root);
    if (found == roots_.end()) return;
    found->second.left -= std::min(found->second.left, by);
    finish_if_empty(root);
}

void refusals::finish_if_empty(ledger::batch_id root) {
    const auto found = roots_.find(root);
    if (found->second.left > 0) return;
    if (found->second.suspects == 0) {  // its changes ended otherwise: it says nothing
        roots_.erase(found);
        return;
    }
    if (found->second.mixed || (refused_roots_ > 0 && category_ != found->second.category)) refused_roots_ = 0;
    category_ = found->second.category;
    if (!found->second.mixed) ++refused_roots_;
    roots_.erase(found);
}

bool refusals::everything_refused() const { return refused_roots_ >= refused_roots_max; }

bool refusals::any_named() const {
    return std::any_of(suspects_.begin(), suspects_.end(), [](const suspect& s) { return s.named; });
}

bool refusals::any_named_again() const {
    return std::any_of(suspects_.begin(), suspects_.end(),
                       [](const suspect& s) { return s.named && s.of->refused_alone > 1; });
}

std::vector<refusals::suspect> refusals::take_all() {
    roots_.clear();
    return std::exchange(suspects_, {});
}

void refusals::forget() {
    roots_.clear();
    refused_roots_ = 0;
    category_.clear();
}

void refusals::accuse(suspect&& accused, ledger::batch_id rest) { accused_.emplace_back(rest, std::move(accused)); }

std::optional<refusals::suspect> refusals::take_accused(ledger::batch_id rest) {
    const auto found =
        std::find_if(accused_.begin(), accused_.end(), [rest](const auto& a) { return a.first == rest; });
    if (found == accused_.end()) return std::nullopt;
    suspect taken = std::move(found->second);
    accused_.erase(found);
    return taken;
}

std::unique_ptr<batch> refusals::take(ledger::batch_id id) {
    const auto accused =
        std::find_if(accused_.begin(), accused_.end(), [id](const auto& a) { return a.second.of->id == id; });
    if (accused != accused_.end()) {
        std::unique_ptr<batch> taken = std::move(accused->second.of);
        accused_.erase(accused);
        return taken;
    }
    const auto found =
        std::find_if(suspects_.begin(), suspects_.end(), [id](const suspect& s) { return s.of->id == id; });
    if (found == suspects_.end()) return nullptr;
    std::unique_ptr<batch> taken = std::move(found->of);
    suspects_.erase(found);
    return taken;
}

}  // namespace consent_sync::delivery
