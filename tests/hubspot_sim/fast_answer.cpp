#include "hubspot_sim/fast_answer.hpp"

#include <cstring>

namespace consent_sync::hubspot_sim {
namespace {

// The fields of one input as in the body, with quotes and escapes.
struct raw_input {
    std::string_view subscriber;
    std::string_view subscription = "0";
    std::string_view status = "null";
    std::string_view basis = "null";
    std::string_view explanation = "null";
};

// The space that one result needs in addition to its fields, with a margin.
constexpr std::size_t result_frame_bytes = 400;

// From an opening quote to the position after its closing quote; nullptr if there is none.
const char* string_end(const char* open, const char* end) {
    const char* at = open + 1;
    for (;;) {
        at = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
        if (!at) return nullptr;
        if (at[-1] != '\\') return at + 1;
        std::size_t backslashes = 1;
        while (at[-1 - static_cast<std::ptrdiff_t>(backslashes)] == '\\') ++backslashes;
        ++at;
        if (backslashes % 2 == 0) return at;
    }
}

void take_field(raw_input& in, std::string_view name, std::string_view value) {
    switch (name.size()) {  // the names all differ in length: one comparison is enough
        case 20:
            if (name == "\"subscriberIdString\"") in.subscriber = value;
            break;
        case 16:
            if (name == "\"subscriptionId\"") in.subscription = value;
            break;
        case 13:
            if (name == "\"statusState\"") in.status = value;
            break;
        case 12:
            if (name == "\"legalBasis\"") in.basis = value;
            break;
        case 23:
            if (name == "\"legalBasisExplanation\"") in.explanation = value;
            break;
        default: break;
    }
}

bool is_space_or_colon(char c) { return c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool ends_scalar(char c) { return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Reads one "name": value at `at`; returns where it ends, nullptr at the end of the body.
const char* read_field(const char* at, const char* end, raw_input& in) {
    const char* name_end = string_end(at, end);
    if (!name_end) return nullptr;
    const char* value = name_end;
    while (value < end && is_space_or_colon(*value)) ++value;
    if (value == end) return nullptr;
    const char* value_end = value;
    if (*value == '"') {
        value_end = string_end(value, end);
        if (!value_end) return nullptr;
    } else {
        while (value_end < end && !ends_scalar(*value_end)) ++value_end;
    }
    take_field(in, std::string_view(at, static_cast<std::size_t>(name_end - at)),
               std::string_view(value, static_cast<std::size_t>(value_end - value)));
    return value_end;
}

template <std::size_t Size>
char* put(char* to, const char (&literal)[Size]) {
    std::memcpy(to, literal, Size - 1);
    return to + Size - 1;
}
char* put(char* to, std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

char* put_result(char* to, const raw_input& in, std::string_view timestamp) {
    to = put(to, "{\"businessUnitId\":0,\"channel\":\"EMAIL\",\"subscriberIdString\":");
    to = put(to, in.subscriber);
    to = put(to, ",\"subscriptionId\":");
    to = put(to, in.subscription);
    to = put(to, ",\"subscriptionName\":\"Customer Service Communication\",\"status\":");
    to = put(to, in.status);
    to = put(to, ",\"source\":\"Public status API, App ID:5848098\",\"legalBasis\":");
    to = put(to, in.basis);
    to = put(to, ",\"legalBasisExplanation\":");
    to = put(to, in.explanation);
    to = put(to, ",\"setStatusSuccessReason\":\"REQUESTED_CHANGE_OCCURRED\",\"timestamp\":\"");
    to = put(to, timestamp);
    return put(to, "\"},");
}

// A place to write `bytes` to.
char* room_for(std::vector<char>& to, std::size_t at, std::size_t bytes) {
    if (to.size() < at + bytes) to.resize(2 * (at + bytes));
    return to.data() + at;
}

}  // namespace

std::size_t write_fast_answer(std::vector<char>& to, std::size_t at, std::string_view body,
                              std::string_view timestamp) {
    at = static_cast<std::size_t>(put(room_for(to, at, 64), "{\"status\":\"COMPLETE\",\"results\":[") - to.data());
    bool any = false;
    raw_input in;
    const char* const end = body.data() + body.size();
    const void* list = body.empty() ? nullptr : std::memchr(body.data(), '[', body.size());
    const char* from = list ? static_cast<const char*>(list) : end;
    while (from && from < end) {
        if (*from == '"') {
            from = read_field(from, end, in);
            continue;
        }
        if (*from++ != '}' || in.subscriber.empty()) continue;
        const std::size_t fields =
            in.subscriber.size() + in.subscription.size() + in.status.size() + in.basis.size() + in.explanation.size();
        char* const start = room_for(to, at, fields + timestamp.size() + result_frame_bytes);
        at += static_cast<std::size_t>(put_result(start, in, timestamp) - start);
        any = true;
        in = raw_input();
    }
    if (any) --at;  // the last comma
    char* const start = room_for(to, at, 2 * timestamp.size() + 64);
    char* tail = put(put(start, "],\"startedAt\":\""), timestamp);
    tail = put(put(put(tail, "\",\"completedAt\":\""), timestamp), "\"}");
    return at + static_cast<std::size_t>(tail - start);
}

}  // namespace consent_sync::hubspot_sim
