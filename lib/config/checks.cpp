#include "config/checks.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/url.hpp"

namespace consent_sync::config {
namespace {

using std::string_view;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_visible_ascii(char c) { return c > ' ' && c < '\x7f'; }

bool is_account(string_view text) {
    const bool allowed =
        std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
    return allowed && !text.empty() && text.size() <= 64 && text.find_first_not_of('.') != string_view::npos;
}

bool is_path(string_view text) {
    return !text.empty() && text.size() < 4'096 &&
           std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

bool is_secret_path(string_view text) { return is_path(text) && !text.starts_with("pat-"); }

bool is_base_url(string_view text) { return parse_endpoint(text).has_value(); }

bool is_proxy(string_view text) {
    if (text == "none") return true;
    return text.starts_with("http://") && std::all_of(text.begin(), text.end(), is_visible_ascii) &&
           parse_proxy(text).has_value();
}

bool is_time_zone(string_view text) {
    try {
        return date::locate_zone(std::string(text)) != nullptr;
    } catch (const std::runtime_error&) {  // the library has no such zone
        return false;
    }
}

// Names that Debian's tzdata replaced by the names beside them; the package tzdata-legacy still has the old ones.
constexpr std::array<std::pair<string_view, string_view>, 44> renamed_zones{
    {{"US/Alaska", "America/Anchorage"},
     {"US/Aleutian", "America/Adak"},
     {"US/Arizona", "America/Phoenix"},
     {"US/Central", "America/Chicago"},
     {"US/East-Indiana", "America/Indiana/Indianapolis"},
     {"US/Eastern", "America/New_York"},
     {"US/Hawaii", "Pacific/Honolulu"},
     {"US/Indiana-Starke", "America/Indiana/Knox"},
     {"US/Michigan", "America/Detroit"},
     {"US/Mountain", "America/Denver"},
     {"US/Pacific", "America/Los_Angeles"},
     {"US/Samoa", "Pacific/Pago_Pago"},
     {"Canada/Atlantic", "America/Halifax"},
     {"Canada/Central", "America/Winnipeg"},
     {"Canada/Eastern", "America/Toronto"},
     {"Canada/Mountain", "America/Edmonton"},
     {"Canada/Newfoundland", "America/St_Johns"},
     {"Canada/Pacific", "America/Vancouver"},
     {"Canada/Saskatchewan", "America/Regina"},
     {"Canada/Yukon", "America/Whitehorse"},
     {"Mexico/General", "America/Mexico_City"},
     {"Mexico/BajaNorte", "America/Tijuana"},
     {"Mexico/BajaSur", "America/Mazatlan"},
     {"Brazil/East", "America/Sao_Paulo"},
     {"Brazil/West", "America/Manaus"},
     {"Chile/Continental", "America/Santiago"},
     {"Australia/ACT", "Australia/Sydney"},
     {"Australia/NSW", "Australia/Sydney"},
     {"Australia/North", "Australia/Darwin"},
     {"Australia/Queensland", "Australia/Brisbane"},
     {"Australia/South", "Australia/Adelaide"},
     {"Australia/Victoria", "Australia/Melbourne"},
     {"Australia/West", "Australia/Perth"},
     {"Asia/Calcutta", "Asia/Kolkata"},
     {"Asia/Saigon", "Asia/Ho_Chi_Minh"},
     {"GB", "Europe/London"},
     {"Eire", "Europe/Dublin"},
     {"Portugal", "Europe/Lisbon"},
     {"Poland", "Europe/Warsaw"},
     {"Turkey", "Europe/Istanbul"},
     {"Japan", "Asia/Tokyo"},
     {"Singapore", "Asia/Singapore"},
     {"NZ", "Pacific/Auckland"},
     {"PRC", "Asia/Shanghai"}}};

std::string name_renamed_zone(string_view text) {
    for (const auto& [old, name] : renamed_zones)
        if (old == text)
            return "write \"" + std::string(name) + "\", its current name, or install the package tzdata-legacy";
    return {};
}

bool is_listen_address(string_view text) { return parse_listen_address(text).has_value(); }

bool is_client_id(string_view text) {
    return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), is_visible_ascii);
}

bool is_explanation(string_view text) {
    return text.find_first_not_of(" \t\r\n") != string_view::npos && text.size() <= 4'096;
}

}  // namespace

const text_rule account_name{"a name of 1 to 64 letters, digits, '.', '_' or '-'", is_account};
const text_rule folder_path{"the path of a folder", is_path, true};
const text_rule file_path{"the path of a file", is_path, true};
const text_rule secret_file_path{"the path of the file with the secret, not the secret itself", is_secret_path, true,
                                 true};
const text_rule http_path{"a path of visible ASCII characters that begins with '/' and has no query", is_http_path};
const text_rule base_url{
    "https://HOST[:PORT][/PATH]; http:// is allowed only to localhost, 127.0.0.0/8 or [::1], because it does "
    "not encrypt the token",
    is_base_url, false, true};
const text_rule proxy_url{
    "http://[USER:PASSWORD@]HOST[:PORT] with a literal % written as %25, or \"none\" for no proxy, even if the environment names one",
    is_proxy, false, true};
const text_rule time_zone{"\"auto\" or the IANA name of a time zone that this machine knows, like \"Europe/Berlin\"",
                          is_time_zone,
                          false,
                          false,
                          "auto",
                          false,
                          name_renamed_zone};
const text_rule listen_address{"IP:PORT, like \"127.0.0.1:9464\" or \"[::1]:9464\"; port 0 lets the kernel choose",
                               is_listen_address};
const text_rule client_id{"the app's client id, 1 to 256 visible ASCII characters", is_client_id};
const text_rule explanation{"a text of 1 to 4096 bytes that is not blank", is_explanation};

}  // namespace consent_sync::config
