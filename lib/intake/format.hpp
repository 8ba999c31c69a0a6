// The format of a dropped file: told by its name, confirmed by its first bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

enum class layout { csv, ndjson, json };

struct format {
    layout rows = layout::csv;
    bool gzip = false;
};

// By extension, in any case: .csv .ndjson .jsonl .json, and each with .gz. Error: unsupported, with what is
// allowed.
base::result<format> parse_format(std::string_view name);

// The part of a name that tells its format, lowered: ".csv", ".ndjson.gz". Empty: none that is known.
std::string known_extension(std::string_view name);

// Looks at the first bytes (through gzip) and moves the cursor behind a UTF-8 byte order mark.
// Error: invalid_input for what is not UTF-8 text, with its kind where it is known and the way out.
base::result<void> check_text(window& bytes);

}  // namespace consent_sync::intake
