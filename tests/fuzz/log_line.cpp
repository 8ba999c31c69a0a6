#include <array>

#include "base/log.hpp"
#include "base/redact.hpp"
#include "base/utf8.hpp"
#include "fuzz/targets.hpp"

namespace consent_sync::fuzz {
namespace {

constexpr std::string_view secret = "hunter2-hunter2";
constexpr std::string_view name = "ann.secret";
constexpr std::string_view beginning = "ann.se";
constexpr std::string_view domain = "example.com";
constexpr std::array<std::string_view, 12> signs{"@",      "%40",    "%2540", "\\u0040", "\\x40", "&commat;",
                                                 "&#064;", "&#x40;", "(at)",  " [at] ",  "+AEA-", "\xef\xbc\xa0"};

}  // namespace

void fuzz_address_line(std::string_view input) {
    base::register_secret(secret);
    // The address and the secret, surrounded by any text.
    const std::size_t middle = input.size() / 2;
    std::string text(input.substr(0, middle));
    const std::size_t first = input.empty() ? 0 : static_cast<unsigned char>(input[0]);
    text.append(name).append(signs[first % signs.size()]).append(domain);
    text.append(" ").append(secret).append(input.substr(middle));
    const bool begins_alone = input.find(beginning) != std::string_view::npos;
    for (const std::size_t most : {middle, middle + 4, middle + 12, middle + 24}) {
        const std::string_view kept = base::cut_private(text, most);
        require(kept.size() <= most, "a cut is bounded");
        require(begins_alone || base::redact(kept).find(beginning) == std::string::npos,
                "no cut shows a part of an address");
    }
    for (const auto how : {base::escape::controls, base::escape::controls_and_quotes}) {
        const std::string line = base::redact(text, how);
        const bool alone = input.find(name) != std::string_view::npos;  // without a domain it is not an address
        require(alone || line.find(name) == std::string::npos, "no address stays");
        require(line.find(secret) == std::string::npos, "no secret stays");
        require(line.size() <= base::redacted_max + 3, "a line is bounded");
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t length = base::utf8_length(line, at);
            require(length > 0, "a line is UTF-8");
            require(static_cast<unsigned char>(line[at]) >= 0x20 && line[at] != '\x7f', "a line is one line");
            at += length;
        }
    }
}

}  // namespace consent_sync::fuzz
