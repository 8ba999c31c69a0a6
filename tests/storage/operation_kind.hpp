// "pwrite /ledger.db-wal", "rename /done/N-photo.csv": numbers do not make different kinds.
#pragma once

#include <string>
#include <string_view>

namespace consent_sync::storage {

inline std::string kind_of(std::string_view operation) {
    std::string kind;
    for (const char c : operation)
        if (c < '0' || c > '9')
            kind += c;
        else if (kind.empty() || kind.back() != 'N')
            kind += 'N';
    return kind;
}

}  // namespace consent_sync::storage
