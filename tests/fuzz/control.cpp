// Fuzz targets for what any local user may send to the control socket and the monitor, and what a daemon of another
// version may reply.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "fuzz/targets.hpp"
#include "observe/control_message.hpp"
#include "observe/monitor_answer.hpp"
#include "observe/snapshot_json.hpp"
#include "observe/status_text.hpp"

namespace consent_sync::fuzz {
namespace {

void check_request(std::string_view line) {
    const auto request = observe::parse_request(line);
    if (!request) return;
    require(request->words.size() <= observe::control_words_max, "an operator's words are bounded");
    require(!observe::needs_file(request->command) || request->file != 0, "a file is named where one is needed");
    const std::string text = observe::format_request(*request);
    require(text.find('\n') == text.size() - 1, "a request is one line");
    const auto again = observe::parse_request(std::string_view(text).substr(0, text.size() - 1));
    require(again && observe::format_request(*again) == text, "a request that was read is written the same");
}

void check_reply(std::string_view line) {
    const auto reply = observe::parse_reply(line);
    if (!reply) return;
    const auto snapshot = observe::from_json(reply->status);
    if (!snapshot) return;
    const auto once = observe::to_json(*snapshot, observe::file_names::shown);
    const auto again = observe::from_json(once);
    require(again && observe::to_json(*again, observe::file_names::shown) == once,
            "a status that was read is written the same");
    for (const char c : observe::format_status(*snapshot, {}))
        require(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'), "a terminal gets text only");
}

// Method, target and Host, one per line.
void check_route(std::string_view input) {
    const std::size_t first = std::min(input.find('\n'), input.size());
    const std::size_t second = std::min(input.find('\n', std::min(first + 1, input.size())), input.size());
    const auto part = [&](std::size_t from, std::size_t to) {
        return from < to ? input.substr(from, to - from) : std::string_view();
    };
    const observe::monitor_request r{part(0, first), part(first + 1, second), part(second + 1, input.size())};
    const auto routed = observe::route(r, {"relay"});
    if (routed.page) {
        require(r.method == "GET" || r.method == "HEAD", "other methods get nothing");
    } else {
        require(routed.refusal.status >= 400 && routed.refusal.status < 500, "a refusal says so");
    }
    constexpr std::string_view mark = "hunter2-hunter2";  // does not occur elsewhere
    const std::string target = std::string(r.target).append(mark);
    const auto marked = observe::route({r.method, target, r.host, r.hosts}, {"relay"});
    require(marked.refusal.body.find(mark) == std::string::npos, "a refusal repeats nothing");
}

}  // namespace

void fuzz_control(std::string_view input) {
    check_request(input);
    check_reply(input);
    check_route(input);
}

}  // namespace consent_sync::fuzz
