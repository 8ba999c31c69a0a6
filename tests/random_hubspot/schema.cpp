#include "random_hubspot/schema.hpp"

namespace consent_sync::random_hubspot {

const schema_object& error_detail() {
    static const schema_object s{"ErrorDetail",
                                 {{"message", type::text, true},
                                  {"code", type::text, false},
                                  {"subCategory", type::text, false},
                                  {"in", type::text, false},
                                  {"context", type::text_lists_by_name, false}}};
    return s;
}

const schema_object& standard_error() {
    static const schema_object s{"StandardError",
                                 {{"status", type::text, true},
                                  {"category", type::text, true},
                                  {"message", type::text, true},
                                  {"context", type::text_lists_by_name, true},
                                  {"errors", type::objects, true, {}, &error_detail()},
                                  {"links", type::texts_by_name, true},
                                  {"id", type::text, false},
                                  {"subCategory", type::empty_object, false}}};
    return s;
}

const schema_object& public_status() {
    static const schema_object s{
        "PublicStatus",
        {{"channel", type::word, true, {"EMAIL"}},
         {"subscriberIdString", type::text, true},
         {"subscriptionId", type::integer, true},
         {"status", type::word, true, {"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"}},
         {"source", type::text, true},
         {"timestamp", type::time, true},
         {"businessUnitId", type::integer, false},
         {"subscriptionName", type::text, false},
         {"legalBasis",
          type::word,
          false,
          {"LEGITIMATE_INTEREST_PQL", "LEGITIMATE_INTEREST_CLIENT", "LEGITIMATE_INTEREST_OTHER",
           "PERFORMANCE_OF_CONTRACT", "CONSENT_WITH_NOTICE", "NON_GDPR", "PROCESS_AND_STORE"}},
         {"legalBasisExplanation", type::text, false},
         {"setStatusSuccessReason",
          type::word,
          false,
          {"NO_STATUS_CHANGE", "REQUESTED_CHANGE_OCCURRED", "RESUBSCRIBE_OCCURRED", "UNSUBSCRIBE_FROM_ALL_OCCURRED"}}}};
    return s;
}

const schema_object& batch_response() {
    static const schema_object s{"BatchResponsePublicStatus",
                                 {{"status", type::word, true, {"PENDING", "PROCESSING", "CANCELED", "COMPLETE"}},
                                  {"results", type::objects, true, {}, &public_status()},
                                  {"startedAt", type::time, true},
                                  {"completedAt", type::time, true},
                                  {"numErrors", type::integer, false},
                                  {"errors", type::objects, false, {}, &standard_error()},
                                  {"links", type::texts_by_name, false},
                                  {"requestedAt", type::time, false}}};
    return s;
}

const schema_object& error() {
    static const schema_object s{"Error",
                                 {{"category", type::text, true},
                                  {"correlationId", type::text, true},
                                  {"message", type::text, true},
                                  {"subCategory", type::text, false},
                                  {"context", type::text_lists_by_name, false},
                                  {"links", type::texts_by_name, false},
                                  {"errors", type::objects, false, {}, &error_detail()}}};
    return s;
}

}  // namespace consent_sync::random_hubspot
