#include "config/checks.hpp"

#include <arpa/inet.h>
#include <date/tz.h>

#include <algorithm>
#include <utility>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

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

bool is_http_path(string_view text) {
    return text.starts_with('/') && text.size() <= 1'024 &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_visible_ascii(c) && c != '?' && c != '#'; });
}

std::optional<std::uint16_t> parse_port(string_view text) {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

struct host_port {
    string_view host;  // without brackets
    bool bracketed = false;
    std::optional<string_view> port;
};

std::optional<host_port> split_authority(string_view text) {
    host_port parts;
    std::size_t end = 0;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == string_view::npos) return std::nullopt;
        parts.host = text.substr(1, close - 1);
        parts.bracketed = true;
        end = close + 1;
    } else {
        end = std::min(text.find(':'), text.size());
        parts.host = text.substr(0, end);
    }
    if (end < text.size()) {
        if (text[end] != ':') return std::nullopt;
        parts.port = text.substr(end + 1);
    }
    return parts;
}

bool is_address(int family, string_view text) {
    in6_addr parsed{};  // large enough for either family
    return ::inet_pton(family, std::string(text).c_str(), &parsed) == 1;
}

bool is_host(const host_port& parts) {
    if (parts.bracketed) return is_address(AF_INET6, parts.host);
    return !parts.host.empty() && parts.host.size() <= 253 && parts.host.front() != '.' && parts.host.back() != '.' &&
           std::all_of(parts.host.begin(), parts.host.end(),
                       [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

bool is_authority(const host_port& parts) {
    if (!is_host(parts)) return false;
    return !parts.port || parse_port(*parts.port).value_or(0) != 0;
}

bool is_this_machine(const host_port& parts) {
    if (parts.bracketed) return parts.host == "::1";
    return parts.host == "localhost" || (parts.host.starts_with("127.") && is_address(AF_INET, parts.host));
}

bool is_base_url(string_view text) {
    const bool plain = text.starts_with("http://");
    if (!plain && !text.starts_with("https://")) return false;
    const string_view rest = text.substr(plain ? 7 : 8);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const auto parts = split_authority(rest.substr(0, slash));
    if (!parts || !is_authority(*parts)) return false;
    if (slash < rest.size() && !is_http_path(rest.substr(slash))) return false;
    return !plain || is_this_machine(*parts);
}

// Each '%' begins the code of a character.
bool is_percent_encoded(string_view text) {
    const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    for (std::size_t at = text.find('%'); at != string_view::npos; at = text.find('%', at + 1))
        if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
    return true;
}

bool is_proxy(string_view text) {
    if (text == "none") return true;
    if (!text.starts_with("http://")) return false;
    text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
    if (!std::all_of(text.begin(), text.end(), is_visible_ascii)) return false;
    const std::size_t host = text.rfind('@') + 1;  // npos + 1 is 0
    const auto parts = split_authority(text.substr(host));
    return parts && is_authority(*parts) && (host == 0 || is_percent_encoded(text.substr(0, host - 1)));
}

bool is_time_zone(string_view text) {
    try {
        return date::locate_zone(std::string(text)) != nullptr;
    } catch (const std::runtime_error&) {  // How the library says that it has no such zone.
        return false;
    }
}

// Names that Debian's tzdata gave up for those beside them; the package tzdata-legacy still has them.
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
            return "write \"" + std::string(name) + "\", its name today, or install the package tzdata-legacy";
    return {};
}

bool is_listen_address(string_view text) {
    const auto parts = split_authority(text);
    if (!parts || !parts->port || !parse_port(*parts->port)) return false;
    return parts->bracketed ? is_address(AF_INET6, parts->host) : is_address(AF_INET, parts->host);
}

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
const text_rule secret_file_path{"the path of the file that holds the secret, not the secret itself", is_secret_path,
                                 true, true};
const text_rule http_path{"a path that begins with '/', without query, of visible ASCII characters", is_http_path};
const text_rule base_url{
    "https://HOST[:PORT][/PATH]; http:// only to localhost, 127.0.0.0/8 or [::1], since it shows the token "
    "to all others",
    is_base_url, false, true};
const text_rule proxy_url{
    "http://[USER:PASSWORD@]HOST[:PORT] with a literal % written as %25, or \"none\" for no proxy whatever the environment says",
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
