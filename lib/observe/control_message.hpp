// Requests and replies of the control socket, each a JSON object on one line. Pure.
//
//   {"command":"release","file_id":42,"words":"…","state_dir":"/var/lib/consent-sync"}
//   {"ok":true,"words":"…"}      status: {"ok":true,"status":{…}}
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "consent/place.hpp"

namespace consent_sync::observe {

inline constexpr std::size_t control_request_max = 4 * 1024;       // bytes
inline constexpr std::size_t control_reply_max = 4 * 1024 * 1024;  // bytes
inline constexpr std::size_t control_words_max = 200;              // bytes

// subscriptions: those that HubSpot has, for a dry run; it has no command of its own.
enum class control_command { status, pause, resume, retry, release, refuse, subscriptions, reload };
std::string_view name(control_command c);
bool needs_file(control_command c);  // retry, release, refuse

struct control_request {
    control_command command = control_command::status;
    consent::arrival_number file = 0;
    std::string words;      // why, in the operator's words
    std::string state_dir;  // whose daemon is meant; empty: whoever listens
    std::string config;     // of reload, which may change state_dir: whose daemon is meant, by its configuration's path
};

std::string format_request(const control_request& r);  // with its line end
base::result<control_request> parse_request(std::string_view line);

// A FILE-ID as it is written: digits, leading zeros allowed.
base::result<consent::arrival_number> parse_file_id(std::string_view text);

struct control_reply {
    bool ok = false;
    bool other_daemon = false;  // it keeps another state_dir: ask elsewhere
    bool turned_away = false;   // too many connections are open: ask again
    std::string words;
    boost::json::object status;
};

std::string format_reply(const control_reply& r);
base::result<control_reply> parse_reply(std::string_view line);

// Who sent the request, according to the kernel.
struct control_peer {
    unsigned uid = 0;
    std::vector<unsigned> groups;
};
struct control_rights {
    unsigned service_uid = 0;
    unsigned service_gid = 0;  // its members may look
    bool has_admin_gid = false;
    unsigned admin_gid = 0;  // of consent-sync-admin: its members may steer
};
bool only_looks(control_command c);  // status, subscriptions
bool may_look(const control_peer& who, const control_rights& rights);
bool may_steer(const control_peer& who, const control_rights& rights);

}  // namespace consent_sync::observe
