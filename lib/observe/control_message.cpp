#include "observe/control_message.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/redact.hpp"

namespace consent_sync::observe {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8> command_names{"status",  "pause",  "resume",        "retry",
                                                        "release", "refuse", "subscriptions", "reload"};

base::error not_understood(const std::string& what) {
    return {base::errc::invalid_input,
            "the request is not understood: " + what + "; are the command and the daemon of the same version?"};
}

std::string text_of(const json::object& o, std::string_view member) {
    const json::value* v = o.if_contains(member);
    return v && v->is_string() ? std::string(v->as_string()) : std::string();
}

bool flag_of(const json::object& o, std::string_view member) {
    const json::value* v = o.if_contains(member);
    return v && v->is_bool() && v->as_bool();
}

bool is_member(const control_peer& who, unsigned group) {
    return std::find(who.groups.begin(), who.groups.end(), group) != who.groups.end();
}

}  // namespace

std::string_view name(control_command c) { return command_names[static_cast<std::size_t>(c)]; }

bool needs_file(control_command c) {
    return c == control_command::retry || c == control_command::release || c == control_command::refuse;
}

std::string format_request(const control_request& r) {
    json::object o{{"command", name(r.command)}};
    if (r.file != 0) o["file_id"] = r.file;
    if (!r.words.empty()) o["words"] = base::cut_private(r.words, control_words_max);
    if (!r.state_dir.empty()) o["state_dir"] = r.state_dir;
    if (!r.config.empty()) o["config"] = r.config;
    return json::serialize(o) + "\n";
}

base::result<control_request> parse_request(std::string_view line) {
    boost::system::error_code ec;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), ec);
    if (ec || !value.is_object()) return not_understood("it is not a JSON object");
    const json::object& o = value.get_object();
    control_request r;
    const std::string command = text_of(o, "command");
    const auto found = std::find(command_names.begin(), command_names.end(), command);
    if (found == command_names.end()) return not_understood("there is no such command");
    r.command = static_cast<control_command>(found - command_names.begin());
    if (const json::value* id = o.if_contains("file_id")) {
        boost::system::error_code wrong;
        r.file = id->to_number<consent::arrival_number>(wrong);
        if (wrong) return not_understood("file_id is not a FILE-ID");
    }
    if (needs_file(r.command) && r.file == 0) return not_understood(command + " needs a FILE-ID");
    r.words = std::string(base::cut_private(text_of(o, "words"), control_words_max));
    r.state_dir = text_of(o, "state_dir");
    r.config = text_of(o, "config");
    return r;
}

base::result<consent::arrival_number> parse_file_id(std::string_view text) {
    consent::arrival_number id = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (code != std::errc() || end != text.data() + text.size() || id == 0 || id >> 31 != 0)
        return base::error{base::errc::invalid_input,
                           "'" + std::string(text) +
                               "' is not a FILE-ID, which is the number that status, log and reports "
                               "give, like 00000042"};
    return id;
}

std::string format_reply(const control_reply& r) {
    json::object o{{"ok", r.ok}, {"words", r.words}};
    if (r.other_daemon) o["other_daemon"] = true;
    if (r.turned_away) o["turned_away"] = true;
    if (!r.status.empty()) o["status"] = r.status;
    return json::serialize(o) + "\n";
}

base::result<control_reply> parse_reply(std::string_view line) {
    boost::system::error_code ec;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), ec);
    if (ec || !value.is_object())
        return base::error{base::errc::invalid_input,
                           "the daemon's reply cannot be read: are the command and the daemon of the same version?"};
    const json::object& o = value.get_object();
    control_reply r;
    r.ok = flag_of(o, "ok");
    r.other_daemon = flag_of(o, "other_daemon");
    r.turned_away = flag_of(o, "turned_away");
    r.words = text_of(o, "words");
    if (const json::value* status = o.if_contains("status"); status && status->is_object())
        r.status = status->get_object();
    return r;
}

bool only_looks(control_command c) { return c == control_command::status || c == control_command::subscriptions; }

bool may_steer(const control_peer& who, const control_rights& rights) {
    return who.uid == 0 || who.uid == rights.service_uid || (rights.has_admin_gid && is_member(who, rights.admin_gid));
}

bool may_look(const control_peer& who, const control_rights& rights) {
    return may_steer(who, rights) || is_member(who, rights.service_gid);
}

}  // namespace consent_sync::observe
