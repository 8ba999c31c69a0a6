// What must not be forgotten over a restart beside changes and attempts: keys that HubSpot may still write late,
// pauses with an end, and single values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ledger/database.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// All members throw database_error and run inside store::transact().
class duty_table {
  public:
    explicit duty_table(database& db);

    void put(const late_write& duty);
    void remove(consent::key_hash hash, consent::place change);
    std::vector<late_write> late_writes();
    std::vector<late_write> late_writes_of(consent::key_hash hash);

    void put(const stored_pause& pause);
    void remove_pause(const std::string& reason);
    std::vector<stored_pause> pauses();

    // Single numbers: "low_water", "reported_end", "start_count", …
    void put_meta(const std::string& name, std::int64_t value);
    std::int64_t meta(const std::string& name, std::int64_t otherwise);
    void put_meta_text(const std::string& name, const std::string& value);
    std::string meta_text(const std::string& name);
    std::vector<std::pair<std::string, std::int64_t>> all_meta();

  private:
    statement put_late_, remove_late_, late_, late_of_, put_pause_, remove_pause_, pauses_, put_meta_, meta_, all_meta_;
};

}  // namespace consent_sync::ledger
