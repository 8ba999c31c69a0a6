// failed.csv or failed.ndjson: the rows of a file that did not get through, ready to be mended and dropped again.
//
// Every row that is neither confirmed nor superseded (nor malformed): the input's own columns as they were, then
// change_id, verdict, category, message, correlation_id. Where the input cannot be read again (it changed or is gone),
// the rows come from the ledger, with the API's columns. Memory does not grow with the number of rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "intake/raw_row_reader.hpp"
#include "ledger/report_queries.hpp"

namespace consent_sync::report {

class failed_file {
  public:
    // Begins `folder`/failed.csv or failed.ndjson under a temporary name. `input`: the claimed file.
    static base::result<failed_file> begin(const std::string& folder, const std::string& input,
                                           const std::string& input_name, std::uint64_t bytes_max);
    failed_file(failed_file&&) noexcept;
    failed_file& operator=(failed_file&&) noexcept;
    ~failed_file();

    base::result<void> add(const std::vector<ledger::failed_row>& rows);  // ascending
    base::result<void> finish();                                          // on disk, under its name
    bool input_changed() const;                                           // some rows came from the ledger

  private:
    struct implementation;
    explicit failed_file(std::unique_ptr<implementation> impl);
    std::unique_ptr<implementation> impl_;
};

}  // namespace consent_sync::report
