// Log entries with fields of their own, by the native protocol of systemd's journal (libsystemd).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"

namespace consent_sync::base {

// True: standard output is a stream to the journal (systemd says so in $JOURNAL_STREAM, and it is still that one).
bool stdout_is_journal();

// "NAME=value" for MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, EVENT and each field, its name in capitals. Texts pass
// redact(). `message`: the line for people, redacted already.
std::vector<std::string> journal_entry(level at, std::string_view event, std::span<const log_field> fields,
                                       std::string_view message);

// False: the journal did not take it.
bool send_to_journal(const std::vector<std::string>& entry);

}  // namespace consent_sync::base
