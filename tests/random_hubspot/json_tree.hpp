// JSON exactly as written: members in their order and with duplicates, numbers as digits.
//
// Boost.JSON's own values merge members of the same name and round numbers, so they lose what an answer really says.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::random_hubspot {

struct member;

struct node {
    enum class kind { null, boolean, number, text, array, object };

    kind what = kind::null;
    std::string text;             // of a text its characters, of a number its digits, of a boolean "true" or "false"
    std::vector<node> items;      // of an array
    std::vector<member> members;  // of an object

    static node of(std::string characters);
    static node of(const char* characters) { return of(std::string(characters)); }
    static node number(std::string digits);
    static node number(std::int64_t value) { return number(std::to_string(value)); }
    static node boolean(bool value);
    static node array(std::vector<node> items = {});
    static node object(std::vector<member> members = {});

    bool is(kind k) const { return what == k; }
    std::size_t count(std::string_view name) const;  // members of that name
    const node* find(std::string_view name) const;   // the first one
    node* find(std::string_view name);
    void add(std::string name, node value);
    void remove(std::string_view name);  // all of that name
};

struct member {
    std::string name;
    node value;
};

// Nothing: the text is not one JSON document (RFC 8259) in UTF-8 without a byte order mark.
std::optional<node> read_json(std::string_view text);

// How characters and spaces are written.
struct spelling {
    std::function<bool()> escapes;  // asked for each character that needs no escape: write it as \u00xx anyway?
    std::function<std::string_view()> space;  // asked wherever white space is allowed
};
std::string write_json(const node& value, const spelling& how = {});

bool has_duplicates(const node& value);  // whether any object has a duplicate member
std::size_t depth(const node& value);
// Every text in it, except names of members.
void for_each_text(const node& value, const std::function<void(const std::string&)>& use);

}  // namespace consent_sync::random_hubspot
