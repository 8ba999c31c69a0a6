// Writes files into the inbox like different programs: the same rows, in any format and with any sequence of system
// calls.
#pragma once

#include <string>
#include <vector>

#include "random_hubspot/chance.hpp"
#include "random_hubspot/proof.hpp"

namespace consent_sync::integration {

struct marked_row {
    random_hubspot::asked change;
    std::string mark;  // unique; its legalBasisExplanation
};

struct written_file {
    std::string name;
    std::string content;
};
// CSV with any separator and line ends, NDJSON, JSON; packed or not.
written_file write_rows(std::size_t number, const std::vector<marked_row>& rows, random_hubspot::chance& luck);

enum class way_of_writing {
    renamed,     // written under a hidden name, then renamed
    other_name,  // the same with a name that ends in .part
    linked,      // written under another name, linked, the first name removed: sftp
    at_once,     // under its name, by one write
    in_pieces,   // under its name, by many writes
};
inline constexpr int ways_of_writing = 5;
void write_into(const std::string& inbox, const written_file& file, way_of_writing how, random_hubspot::chance& luck);

}  // namespace consent_sync::integration
