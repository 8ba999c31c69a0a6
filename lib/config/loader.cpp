#include "config/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "base/redact.hpp"
#include "base/utf8.hpp"
#include "config/json_text.hpp"
#include "config/key.hpp"

namespace consent_sync::config {
namespace {

namespace json = boost::json;

constexpr std::size_t faults_shown = 50;

class tree_reader {
  public:
    tree_reader(settings& into, std::string folder) : into_(into), folder_(std::move(folder)) {}

    void read(const json::object& object, const std::string& prefix) {
        for (const auto& member : object)
            read_member(std::string(std::string_view(member.key())), member.value(), prefix);
    }
    void fault(const std::string& path, const std::string& what) { faults_.push_back(path + ": " + what); }
    std::vector<std::string> faults() && { return std::move(faults_); }

  private:
    void read_member(const std::string& name, const json::value& value, const std::string& prefix) {
        const std::string path = prefix + name;
        if (path == "$schema" && value.is_string()) return;  // for editors only
        // A name with a dot is not a path: "inbox.settle" as a name is an unknown key.
        const bool plain = name.find('.') == std::string::npos;
        const auto has_path = [&path](const auto& each) { return each.path == path; };
        if (const auto at = std::find_if(all_keys().begin(), all_keys().end(), has_path);
            plain && at != all_keys().end()) {
            if (const problem found = at->read(value, into_, folder_)) fault(path, *found);
            return;
        }
        const auto at = std::find_if(all_sections().begin(), all_sections().end(), has_path);
        if (!plain || at == all_sections().end()) return report_unknown(name, prefix);
        if (const auto* object = value.if_object()) {
            if (at->open) at->open(into_);
            read(*object, path + '.');
        } else if (value.is_null() && at->close) {
            at->close(into_);
        } else {
            fault(path, at->close ? "must be an object { … } or null" : "must be an object { … }");
        }
    }

    void report_unknown(const std::string& name, const std::string& prefix) {
        std::vector<std::string> words;
        const auto collect = [&](const std::string& path) {
            if (path.starts_with(prefix) && path.find('.', prefix.size()) == std::string::npos) {
                words.push_back(path.substr(prefix.size()));
            }
        };
        for (const key& each : all_keys()) collect(each.path);
        for (const section& each : all_sections()) collect(each.path);
        const std::string nearest = nearest_word(name, words);
        const std::string shown(base::cut_utf8(base::redact(name), 60));
        fault(prefix + shown, nearest.empty() ? fmt::format("unknown key; allowed here are {}", fmt::join(words, ", "))
                                              : fmt::format("unknown key; did you mean \"{}\"?", nearest));
    }

    settings& into_;
    std::string folder_;
    std::vector<std::string> faults_;
};

// Fills in what the file does not set: folders from state_dir, credentials from systemd.
void fill_gaps(settings& s, const std::string& credentials) {
    if (s.inbox.dir.empty()) s.inbox.dir = base::join_path(s.state_dir, "inbox");
    if (s.inbox.work_dir.empty()) s.inbox.work_dir = s.state_dir;
    if (credentials.empty()) return;
    const auto fill = [&](std::string& path, const char* name) {
        if (path.empty()) path = base::join_path(credentials, name);
    };
    if (s.hubspot.oauth) {
        fill(s.hubspot.oauth->client_secret_file, "hubspot-client-secret");
        fill(s.hubspot.oauth->refresh_token_file, "hubspot-refresh-token");
    } else {
        fill(s.hubspot.token_file, "hubspot-token");
    }
}

void check_credentials(const settings& s, tree_reader& reader) {
    static constexpr const char* no_systemd =
        "to use instead, because $CREDENTIALS_DIRECTORY is not set: the unit has no LoadCredential=, or a drop-in resets it "
        "(systemctl cat consent-sync shows the whole unit)";
    if (!s.hubspot.oauth) {
        if (!s.hubspot.token_file.empty()) return;
        return reader.fault("hubspot.token_file",
                            fmt::format("must name the file with HubSpot's access token, or hubspot.oauth must be set. "
                                        "There is no systemd credential \"hubspot-token\" {}",
                                        no_systemd));
    }
    if (s.hubspot.oauth->client_secret_file.empty()) {
        reader.fault(
            "hubspot.oauth.client_secret_file",
            fmt::format("must name a file. There is no systemd credential \"hubspot-client-secret\" {}", no_systemd));
    }
    if (s.hubspot.oauth->refresh_token_file.empty()) {
        reader.fault(
            "hubspot.oauth.refresh_token_file",
            fmt::format("must name a file. There is no systemd credential \"hubspot-refresh-token\" {}", no_systemd));
    }
}

// Rules for several keys together.
void check_together(const settings& s, tree_reader& reader) {
    if (s.hubspot.oauth && !s.hubspot.token_file.empty()) {
        reader.fault("hubspot", "must have either token_file or oauth, but has both");
    }
    if (s.hubspot.oauth && s.hubspot.oauth->client_id.empty()) {
        reader.fault("hubspot.oauth.client_id", "is required with oauth");
    }
    if (s.retry.max < s.retry.initial) reader.fault("retry.max", "must not be less than retry.initial");
    if (s.keep.ledger < s.rules.duplicate_window) {
        reader.fault("keep.ledger", "must not be less than rules.duplicate_window: duplicates are found in the ledger");
    }
}

base::error make_error(const std::string& file_name, const std::vector<std::string>& faults) {
    std::string message;
    for (std::size_t i = 0; i < std::min(faults.size(), faults_shown); ++i) {
        message += fmt::format("{}{}: {}", i == 0 ? "" : "\n", file_name, faults[i]);
    }
    if (faults.size() > faults_shown) {
        message += fmt::format("\n{}: and {} more errors", file_name, faults.size() - faults_shown);
    }
    return {base::errc::invalid_input, std::move(message)};
}

std::string credentials_folder(const load_options& options) {
    if (options.credentials_dir) return *options.credentials_dir;
    const char* const set = std::getenv("CREDENTIALS_DIRECTORY");
    return set == nullptr ? "" : set;
}

}  // namespace

base::result<settings> load_settings(const std::string& path, const load_options& options) {
    auto text = base::read_small_file(path, config_bytes_max);
    if (!text) {
        return base::error{text.error().code, fmt::format("the configuration: {}", text.error().message)};
    }
    return parse_settings(*text, path, options);
}

base::result<settings> parse_settings(std::string_view text, const std::string& file_name,
                                      const load_options& options) {
    const auto root = parse_json_text(text, file_name);
    if (!root) return root.error();
    settings s;
    tree_reader reader(s, std::filesystem::absolute(file_name).parent_path().string());
    if (const auto* object = root->if_object()) {
        reader.read(*object, "");
        check_together(s, reader);  // before the gaps are filled, because it compares what the file sets
        fill_gaps(s, credentials_folder(options));
        if (options.need_credentials) check_credentials(s, reader);
    } else {
        reader.fault("the whole file", "must be an object { … }");
    }
    const std::vector<std::string> faults = std::move(reader).faults();
    if (!faults.empty()) return make_error(file_name, faults);
    return s;
}

std::vector<std::string> known_keys() {
    std::vector<std::string> paths;
    for (const key& each : all_keys()) paths.push_back(each.path);
    return paths;
}

}  // namespace consent_sync::config
