// One day's folder of reports: its append-only files, and the folders of files, which appear whole or not at
// all. Blocking. Errors: those of base/file.hpp.
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

    // Makes the folder and in it an empty file, if they are missing, both on disk. Gives the file's length.
    base::result<std::uint64_t> prepare(const std::string& file) const;

    // Cuts the file to `length`; a shorter one is left. Gives its length then. not_found: there is no such
    // file.
    base::result<std::uint64_t> cut(const std::string& file, std::uint64_t length) const;

    // Appends and brings it to disk. Gives the length afterwards.
    base::result<std::uint64_t> append(const std::string& file, std::string_view lines) const;

    // A new, empty folder that nobody looks at: its name begins with '.'. What a crash left under it is
    // removed.
    base::result<std::string> make_hidden(consent::arrival_number arrival) const;
    // Gives it its name. The content must be on disk, and the caller calls sync() afterwards. Replaces a
    // folder that an interrupted run published under that name.
    base::result<void> publish(consent::arrival_number arrival, const std::string& name) const;
    // Everything that was written below this day's folder, to disk.
    base::result<void> sync_content() const;
    // The names in the folder, to disk.
    base::result<void> sync() const;

    // Removes hidden folders, and those of files for which `unfinished` says so.
    base::result<void> remove_leftovers(const std::function<bool(consent::arrival_number)>& unfinished) const;

  private:
    std::string hidden_path(consent::arrival_number arrival) const;
    // Neither reports/ nor the day's folder is a link: nothing is written or removed elsewhere.
    base::result<void> check() const;

    std::string root_;
    std::string path_;
};

}  // namespace consent_sync::report
