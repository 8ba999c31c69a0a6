#include "intake/arrival/claim_refuse.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "base/file.hpp"
#include "base/utf8.hpp"
#include "base/time_text.hpp"
#include "intake/arrival/claim.hpp"
#include "intake/arrival/watch_folder.hpp"

namespace consent_sync::intake {
namespace {

constexpr std::string_view reason_ending = ".reason.json";
constexpr std::size_t name_max = 255 - reason_ending.size();
constexpr int same_name_max = 100'000;  // files of one name in refused/
constexpr mode_t reason_mode = 0640;

// A name that cannot be looked at counts as taken.
bool exists(int folder, const std::string& name) {
    const auto found = find_in(folder, name, look::at_status);
    return !found || found->has_value();
}

std::string reason_name(const std::string& name) { return name + std::string(reason_ending); }

// JSON is UTF-8, a name may be any bytes: those that are none become U+FFFD.
std::string to_utf8(std::string_view text) {
    std::string valid;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = base::utf8_length(text, at);
        valid += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(at, length);
        at += length == 0 ? 1 : length;
    }
    return valid;
}

// A name is free if neither it nor its reason belongs to another refused file. A reason without its file is
// the first half of a refusal that was cut, unless it is itself a refused file: then it has a reason of its
// own.
bool is_free(int folder, const std::string& name) {
    if (exists(folder, name)) return false;
    const std::string reason = reason_name(name);
    return !exists(folder, reason) || reason.size() > name_max || !exists(folder, reason_name(reason));
}

std::string wanted_name(const refusal& refused) {
    if (refused.file) return refused_name(*refused.file, refused.name);
    return std::string(base::cut_utf8(refused.name, name_max));
}

base::result<std::string> choose_name(int folder, const std::string& wanted) {
    if (is_free(folder, wanted)) return wanted;
    for (int i = 2; i <= same_name_max; ++i) {
        const std::string numbered = fmt::format("{}-{}", i, wanted);
        std::string name(base::cut_utf8(numbered, name_max));
        if (is_free(folder, name)) return name;
    }
    return base::error{base::errc::io,
                       fmt::format("refused/ holds {} files named {}: clear it", same_name_max, wanted)};
}

}  // namespace

std::string refused_name(consent::arrival_number arrival, const std::string& original) {
    return finished_name(arrival, original, name_max);
}

std::string format_refusal(const refusal& refused) {
    boost::json::object json;
    json["name"] = to_utf8(refused.name);
    if (refused.file) json["file_id"] = consent::format_file_id(*refused.file);
    json["reason"] = to_utf8(refused.reason);
    json["how_to_fix"] = to_utf8(refused.how_to_fix);
    json["refused_at"] = base::format_time(refused.refused_at);
    return boost::json::serialize(json) + '\n';
}

base::result<std::string> refuse_file(int from, const refusal& refused, int refused_folder) {
    const std::string source = refused.file ? processing_name(*refused.file, refused.name) : refused.name;
    const std::string wanted = wanted_name(refused);
    const auto here = find_in(from, source, look::at_status);
    if (!here) return here.error();
    if (!*here) {
        // The rename is the last step, so a file that is there has its reason.
        const auto there = find_in(refused_folder, wanted, look::at_status);
        if (!there) return there.error();
        if (*there) return wanted;
        return base::error{base::errc::not_found,
                           fmt::format("{} is gone, and refused/{} is not there either", source, wanted)};
    }
    auto name = choose_name(refused_folder, wanted);
    if (!name) return name.error();
    const auto written = base::write_file_atomically(refused_folder, "refused", reason_name(*name),
                                                     format_refusal(refused), reason_mode, base::folder_sync::later);
    if (!written) return written.error();
    if (const auto moved = move_file(from, source, refused_folder, *name); !moved) return moved.error();
    return name;
}

}  // namespace consent_sync::intake
