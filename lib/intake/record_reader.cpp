#include "intake/record_reader.hpp"

#include "intake/csv_reader.hpp"
#include "intake/json_reader.hpp"
#include "intake/ndjson_reader.hpp"

namespace consent_sync::intake {

const std::string& record_reader::opt_out_beside() const {
    static const std::string none;
    return none;
}

std::unique_ptr<record_reader> make_record_reader(layout rows, window& bytes, const column_rules& rules,
                                                  bool default_opt_in) {
    switch (rows) {
        case layout::csv: return std::make_unique<csv_reader>(bytes, rules, default_opt_in);
        case layout::ndjson: return std::make_unique<ndjson_reader>(bytes, rules);
        case layout::json: return std::make_unique<json_reader>(bytes, rules);
    }
    return nullptr;
}

}  // namespace consent_sync::intake
