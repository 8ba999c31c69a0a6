// HubSpot's OpenAPI schema of what the batch write answers, as a table: BatchResponsePublicStatus, PublicStatus,
// StandardError, ErrorDetail, Error.
#pragma once

#include <string_view>
#include <vector>

namespace consent_sync::random_hubspot {

enum class type {
    text,
    word,  // one of a few
    time,
    integer,
    texts_by_name,       // {"name": "text"}
    text_lists_by_name,  // {"name": ["text", …]}
    empty_object,
    object,   // of `of`
    objects,  // an array of `of`
};

struct schema_member;
struct schema_object {
    std::string_view name;
    std::vector<schema_member> members;
};
struct schema_member {
    std::string_view name;
    random_hubspot::type type;
    bool required;
    std::vector<std::string_view> words = {};
    const schema_object* of = nullptr;
};

const schema_object& error_detail();
const schema_object& standard_error();
const schema_object& public_status();
const schema_object& batch_response();
const schema_object& error();

}  // namespace consent_sync::random_hubspot
