// Bugs that are planted into a copy of the library to check that the simulation finds them; plant.cmake says where. The
// compiler's command line includes this file only in that copy.
#pragma once

namespace consent_sync {

enum class planted {
    none,
    key_released_too_early,
    retry_outside_limiter,
    trusts_http_200,
    overtakes_of_unsent_rows_only,
    late_writes_forgotten,
    opt_outs_of_a_piece_only,
    files_together_forgotten
};
extern planted planted_bug;

}  // namespace consent_sync
