// Log entries with fields, in the native protocol of systemd's journal (libsystemd).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"

namespace consent_sync::base {

// Whether standard output is still the stream to the journal that systemd names in $JOURNAL_STREAM.
bool stdout_is_journal();

// "NAME=value" for MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, EVENT and each field, with names in capitals. Texts are
// redacted. `message` is the line for people, which must be redacted already.
std::vector<std::string> journal_entry(level at, std::string_view event, std::span<const log_field> fields,
                                       std::string_view message);

// False: the journal did not accept the entry.
bool send_to_journal(const std::vector<std::string>& entry);

}  // namespace consent_sync::base
