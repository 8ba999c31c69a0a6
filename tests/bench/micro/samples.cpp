#include "bench/micro/samples.hpp"

#include <algorithm>
#include <cstring>

#include "hubspot/encode.hpp"

namespace consent_sync::bench {
namespace {

constexpr const char* answer_item =
    R"({"subscriberIdString":"%","channel":"EMAIL","subscriptionId":#,"status":"$","source":"Public API","legalBasis":"CONSENT_WITH_NOTICE","legalBasisExplanation":"Signed up at the fair in hall 3","setStatusSuccessReason":"REQUESTED_CHANGE_OCCURRED","businessUnitId":0,"timestamp":"2026-01-02T03:04:05.678Z","subscriptionName":"Newsletter","wideStatusType":null})";

std::string subscriber(std::size_t i) { return "person" + std::to_string(i * 7919) + ".bench@example.com"; }
std::string subscription(std::size_t i) { return std::to_string(1000 + i % 3); }
const char* state(std::size_t i) { return i % 10 == 0 ? "UNSUBSCRIBED" : "SUBSCRIBED"; }

void replace(std::string& text, char mark, const std::string& by) { text.replace(text.find(mark), 1, by); }

}  // namespace

std::vector<consent::change> make_changes(std::size_t count, consent::arrival_number file) {
    std::vector<consent::change> changes(count);
    for (std::size_t i = 0; i < count; ++i) {
        consent::change& c = changes[i];
        c.id = consent::place(file, static_cast<std::uint32_t>(i + 1));
        c.subscriber = subscriber(i);
        c.subscription = static_cast<std::int64_t>(1000 + i % 3);
        c.state = i % 10 == 0 ? consent::status_state::unsubscribed : consent::status_state::subscribed;
        c.basis = consent::legal_basis::consent_with_notice;
        c.explanation = "Signed up at the fair in hall 3";
    }
    return changes;
}

std::string make_csv(std::size_t rows) {
    std::string text = "subscriberIdString,subscriptionId,statusState,legalBasis,legalBasisExplanation\n";
    for (std::size_t i = 0; i < rows; ++i)
        text += subscriber(i) + ',' + subscription(i) + ',' + state(i) +
                ",CONSENT_WITH_NOTICE,Signed up at the fair in hall 3\n";
    return text;
}

std::string make_ndjson(std::size_t rows) {
    std::string text;
    for (std::size_t i = 0; i < rows; ++i)
        text += R"({"subscriberIdString":")" + subscriber(i) + R"(","subscriptionId":)" + subscription(i) +
                R"(,"channel":"EMAIL","statusState":")" + state(i) +
                R"(","legalBasis":"CONSENT_WITH_NOTICE","legalBasisExplanation":"Signed up at the fair in hall 3"})"
                "\n";
    return text;
}

std::string make_answer(const std::vector<consent::change>& batch) {
    std::string text = R"({"status":"COMPLETE","results":[)";
    for (std::size_t i = batch.size(); i-- > 0;) {  // never in the order of the request
        std::string item = answer_item;
        replace(item, '%', std::string(batch[i].subscriber.view()));
        replace(item, '#', std::to_string(batch[i].subscription));
        replace(item, '$', batch[i].is_opt_out() ? "UNSUBSCRIBED" : "SUBSCRIBED");
        text += item + (i > 0 ? "," : "");
    }
    return text + R"(],"startedAt":"2026-01-02T03:04:05.678Z","completedAt":"2026-01-02T03:04:05.679Z"})";
}

base::result<std::size_t> text_source::read(std::span<char> into) {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
}

base::result<bool> text_source::seek(std::uint64_t offset) {
    at_ = static_cast<std::size_t>(std::min<std::uint64_t>(offset, text_.size()));
    return true;
}

}  // namespace consent_sync::bench
