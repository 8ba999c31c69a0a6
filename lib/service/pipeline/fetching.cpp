#include "service/pipeline/fetching.hpp"

namespace consent_sync::service {

void fetch(ledger::store& store, delivery::fetch_result& result) {
    using kind = delivery::fetch_request::kind;
    const delivery::fetch_request& r = result.request;
    ledger::change_table& changes = store.changes();
    result.found = {};
    switch (r.what) {
        case kind::opt_outs: result.found = changes.fetch_opt_outs(r.after, r.to, r.most); break;
        case kind::bulk: result.found = changes.fetch_bulk(r.after, r.to, r.most); break;
        case kind::released: result.found = changes.fetch_released(r.after, r.to, r.most); break;
        case kind::assertions: result.found.changes = changes.fetch(r.places); break;
        case kind::older: result.found.changes = store.older().find(r.places); break;
        case kind::deferred:
            result.found.changes = changes.fetch_deferred(r.hash, r.most);
            result.complete = !changes.any_deferred(r.hash);
            break;
    }
}

}  // namespace consent_sync::service
