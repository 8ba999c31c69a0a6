// A new file that is written sequentially. Blocking.
#pragma once

#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::report {

inline constexpr mode_t report_file_mode = 0640;  // the service's user and group: reports hold addresses
inline constexpr mode_t report_folder_mode = 0750;

class output_file {
  public:
    // Errors: those of base/file.hpp; one of them if the file exists already.
    static base::result<output_file> create(const std::string& path);

    // Text to be written: append to it, and let flush_if_full() keep it short.
    std::string& text() { return text_; }
    base::result<void> flush_if_full();
    // Writes the rest and closes the file. The caller syncs it.
    base::result<void> close();

  private:
    output_file(std::string path, base::unique_fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::string path_;
    base::unique_fd fd_;
    std::string text_;
};

// Writes all of `bytes`. Error: as base::system_error.
base::result<void> write_all(int fd, std::string_view bytes, const std::string& path);

}  // namespace consent_sync::report
