// Folders that may not be links: what is read from them, written to them or removed in them must not be elsewhere.
#pragma once

#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::base {

// A descriptor of the folder at `path`, whose last part is not a link; the parts above may be. Error io: a link is
// there, and the message says so. It goes away when the folder is back.
result<unique_fd> open_real_folder(const std::string& path);

// The path of a name in an open folder, whatever has become of the folder's own path. Where /proc is missing, the one
// that `folder_path` gives.
std::string path_in(int folder, const std::string& folder_path, const std::string& name);
// What people are told of such a path: where the folder lies now.
std::string shown_path(const std::string& path);

}  // namespace consent_sync::base
