// One day's folder of reports: its append-only files, and a folder for each reported file, which appears only when it
// is complete. Blocking. Errors: those of base/file.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "consent/place.hpp"

namespace consent_sync::report {

class day_folder {
  public:
    // `root`: the folder reports/, which must be there. `day`: "2026-11-23". Nothing is touched yet.
    day_folder(std::string root, std::string day);

    bool exists() const;

    // Creates the folder and the file if they are missing, and syncs both. Returns the file's length.
    base::result<std::uint64_t> prepare(const std::string& file) const;

    // Truncates the file to `length` unless it is shorter. Returns its new length. not_found: the file is missing.
    base::result<std::uint64_t> cut(const std::string& file, std::uint64_t length) const;

    // Appends and syncs. Returns the new length.
    base::result<std::uint64_t> append(const std::string& file, std::string_view lines) const;

    // Creates an empty folder under a hidden name, which begins with '.'. Removes what a crash left under that name.
    base::result<std::string> make_hidden(consent::arrival_number arrival) const;
    // Renames the hidden folder to its name. Its content must be on disk, and the caller calls sync() afterwards.
    // Replaces a folder that an interrupted run left under that name.
    base::result<void> publish(consent::arrival_number arrival, const std::string& name) const;
    // Syncs everything below this day's folder.
    base::result<void> sync_content() const;
    // Syncs the names in the folder.
    base::result<void> sync() const;

    // Removes hidden folders, and those of files for which `unfinished` says so.
    base::result<void> remove_leftovers(const std::function<bool(consent::arrival_number)>& unfinished) const;

  private:
    std::string hidden_path(consent::arrival_number arrival) const;
    // Refuses links in place of reports/ or of the day's folder, so nothing is written or removed elsewhere.
    base::result<void> check() const;

    std::string root_;
    std::string path_;
};

}  // namespace consent_sync::report
